/* Buying and selling. */
#ifndef SHOP_H
#define SHOP_H
#include "state.h"

enum { SHOP_MAX = 14 };

void shop(void) __banked; /* what wCurMartItems lists, ended by 255 */

#endif

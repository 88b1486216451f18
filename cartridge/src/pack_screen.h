/* The bag as a screen: left and right change the pocket, up and down the item. */
#ifndef PACK_SCREEN_H
#define PACK_SCREEN_H
#include "bag.h"

enum { NO_ITEM = 0 };

u8 pack_screen(void) __banked; /* the item picked, NO_ITEM when left */

#endif

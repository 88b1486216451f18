/* What items do to pals, in a battle and outside of it. */
#ifndef ITEM_USE_H
#define ITEM_USE_H
#include "item.h"

u8 item_is_medicine(const item_t *item) __banked;
u8 item_treat(u8 index, const item_t *item) __banked; /* 0: that pal has no use for it */

#endif

/* The bag: items and balls as (item, quantity) pairs, key items as a list, each ended by 255;
   machines as counts, one byte for each. */
#ifndef BAG_H
#define BAG_H
#include "item.h"

enum { STACK_MAX = 99, TM_COUNT = 50, HM_COUNT = 7 };

u8 bag_count(u8 item) __banked;
u8 bag_add(u8 item, u8 quantity) __banked;  /* 0: no room */
u8 bag_take(u8 item, u8 quantity) __banked; /* 0: too few */

#endif

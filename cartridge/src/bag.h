/* The bag: items and balls as (item, quantity) pairs, key items as a list, each ended by 255. */
#ifndef BAG_H
#define BAG_H
#include "state.h"

enum { POCKET_ITEMS, POCKET_BALLS, POCKET_KEY_ITEMS, STACK_MAX = 99 };

/* 20 bytes, packed by cartridge/tools/game_data.py. */
typedef struct {
    u8 name[13];
    u8 pocket;
    u16 price;
    u8 effect, amount;
    u8 unused[2];
} item_t;

void item_read(u8 item, item_t *data);
void item_name(u8 item, u8 *name);
u8 bag_count(u8 item) __banked;
u8 bag_add(u8 item, u8 quantity) __banked;  /* 0: no room */
u8 bag_take(u8 item, u8 quantity) __banked; /* 0: too few */

#endif

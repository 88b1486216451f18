/* What an item is: its record in ROM. */
#ifndef ITEM_H
#define ITEM_H
#include "state.h"

enum { POCKET_ITEMS, POCKET_BALLS, POCKET_KEY_ITEMS, POCKET_MACHINES };

/* 20 bytes, packed by cartridge/tools/game_data.py. */
typedef struct {
    u8 name[13];
    u8 pocket;
    u16 price;
    u8 effect, amount;
    u8 badge; /* of a machine: the bit of wJohtoBadges that allows its move on the way */
    u8 unused;
} item_t;

void item_read(u8 item, item_t *data);
void item_name(u8 item, u8 *name);

#endif

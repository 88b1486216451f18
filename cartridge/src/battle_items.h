/* Items in a battle. */
#ifndef BATTLE_ITEMS_H
#define BATTLE_ITEMS_H
#include "battle_side.h"

enum { ITEM_NOT_USED, ITEM_USED, ITEM_CAUGHT };

u8 battle_pack(void) __banked;

#endif

/* Using a move: whether it hits, what it takes, what else it does. */
#ifndef MOVES_H
#define MOVES_H
#include "battle_side.h"

void move_use(u8 side, u8 move) __banked;
u8 move_may_act(u8 side) __banked; /* 0: asleep or paralysed this turn */
void turn_end(u8 side) __banked;   /* poison and burn */
u8 move_priority(u8 move) __banked;
u8 type_effect(u8 type, const u8 *mon); /* tenths: 0, 5, 10, 20, 40; for code of bank 2 */

#endif

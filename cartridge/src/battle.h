/* Turn-based battles. */
#ifndef BATTLE_H
#define BATTLE_H
#include "state.h"

enum { BATTLE_WON, BATTLE_LOST, BATTLE_FLED }; /* the low nibble of wBattleResult */

u8 battle_wild(u8 species, u8 level) __banked;
u8 battle_trainer(u8 class, u8 number) __banked;

#endif

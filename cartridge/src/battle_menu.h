/* The questions a battle asks: what to do, which move, which pal. At Crystal's cells. */
#ifndef BATTLE_MENU_H
#define BATTLE_MENU_H
#include "battle_side.h"

enum { CHOICE_FIGHT = 1, CHOICE_PALS, CHOICE_PACK, CHOICE_RUN }; /* wBattleMenuCursorPosition */
enum { NO_MOVE = 255 };

u8 battle_menu(void) __banked;
u8 battle_move_menu(void) __banked;          /* slot, NO_MOVE when cancelled */
u8 move_list_menu(const u8 *moves) __banked; /* the same list, for forgetting a move */

#endif

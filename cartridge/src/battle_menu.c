#pragma bank 4
#include "battle_menu.h"
#include "data.h"
#include "menu.h"

static u8 label[NAME_LONG];

/* Cursor at (9,14) FIGHT, (15,14) PALS, (9,16) PACK, (15,16) RUN. */
u8 battle_menu(void) __banked {
    static const menu_t menu = {9, 14, 2, 2, 2, 6, 0};
    screen_box(0, 12, SCREEN_COLUMNS, 6);
    screen_box(8, 12, 12, 6);
    text_label(10, 14, TEXT_FIGHT);
    text_label(16, 14, TEXT_PALS);
    text_label(10, 16, TEXT_PACK);
    text_label(16, 16, TEXT_RUN);
    wBattleMenuCursorPosition = menu_run(&menu, wBattleMenuCursorPosition ? wBattleMenuCursorPosition - 1 : 0, BUTTON_A) + 1;
    return wBattleMenuCursorPosition;
}

static u8 move_count(const u8 *moves) {
    u8 count = 0;
    while (count < MOVE_SLOTS && moves[count]) count++;
    return count;
}

/* The list has its corner at (4,12) and its cursor in column 5, rows 13-16. */
u8 move_list_menu(const u8 *moves, u8 first) __banked {
    menu_t menu = {5, 13, 0, 1, 1, 0, 1};
    u8 i;
    menu.rows = move_count(moves);
    wNumMoves = menu.rows - 1;
    wMoveSelectionMenuType = 0;
    screen_box(4, 12, 16, 6);
    for (i = 0; i < menu.rows; i++) {
        rom_copy(MOVES_BANK, label, MOVES + (u16)(moves[i] - 1) * sizeof(move_t), NAME_LONG);
        screen_text(6, 13 + i, label);
    }
    i = menu_run(&menu, first < menu.rows ? first : 0, BUTTON_A | BUTTON_B);
    return wMenuJoypad & BUTTON_B ? NO_MOVE : i;
}

u8 battle_move_menu(void) __banked {
    u8 slot = wCurMoveNum;
    for (;;) {
        slot = move_list_menu(wBattleMon + BATTLE_MOVES, slot);
        if (slot == NO_MOVE) return NO_MOVE;
        wCurMoveNum = slot;
        if (wBattleMon[BATTLE_PP + slot]) return slot;
        say_passing(TEXT_NO_PP);
    }
}

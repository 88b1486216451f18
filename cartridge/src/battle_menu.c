#pragma bank 4
#include "battle_menu.h"
#include "data.h"
#include "menu.h"

enum { MOVES_X = 5, MOVES_Y = 13, MARK_X = 18 };

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
    wBattleMenuCursorPosition =
        menu_run(&menu, wBattleMenuCursorPosition ? wBattleMenuCursorPosition - 1 : 0, BUTTON_A) + 1;
    return wBattleMenuCursorPosition;
}

static u8 move_count(const u8 *moves) {
    u8 count = 0;
    while (count < MOVE_SLOTS && moves[count]) count++;
    return count;
}

/* The list has its corner at (4,12) and its cursor in column 5, rows 13-16. */
static u8 moves_ask(const u8 *moves, u8 first, u8 marked, u8 buttons) {
    menu_t menu = {MOVES_X, MOVES_Y, 0, 1, 1, 0, 1};
    u8 i;
    menu.rows = move_count(moves);
    wNumMoves = menu.rows - 1;
    wMoveSelectionMenuType = 0;
    screen_box(4, 12, 16, 6);
    for (i = 0; i < menu.rows; i++) {
        rom_copy(MOVES_BANK, label, MOVES + (u16)(moves[i] - 1) * sizeof(move_t), NAME_LONG);
        screen_text(MOVES_X + 1, MOVES_Y + i, label);
    }
    if (marked != NO_MOVE) screen_put(MARK_X, MOVES_Y + marked, TILE_CURSOR_HOLLOW);
    return menu_run(&menu, first < menu.rows ? first : 0, buttons);
}

u8 move_list_menu(const u8 *moves) __banked {
    u8 slot = moves_ask(moves, 0, NO_MOVE, BUTTON_A | BUTTON_B);
    return wMenuJoypad & BUTTON_B ? NO_MOVE : slot;
}

static void bytes_swap(u8 *bytes, u8 one, u8 other) {
    u8 byte = bytes[one];
    bytes[one] = bytes[other];
    bytes[other] = byte;
}

/* Two moves change places, in the fight and for good. */
static void moves_swap(u8 one, u8 other) {
    u8 *record = side_record(OWN);
    bytes_swap(wBattleMon + BATTLE_MOVES, one, other);
    bytes_swap(wBattleMon + BATTLE_PP, one, other);
    bytes_swap(record + PARTY_MOVES, one, other);
    bytes_swap(record + PARTY_PP, one, other);
}

/* What is left of each move's power, left of the list. */
static void powers_show(void) {
    u8 slot;
    screen_box(0, MOVES_Y - 1, 5, 6);
    for (slot = 0; slot < move_count(wBattleMon + BATTLE_MOVES); slot++)
        screen_number(1, MOVES_Y + slot, wBattleMon[BATTLE_PP + slot], 2);
}

/* SELECT marks a move, and again on another one lets the two change places. */
u8 battle_move_menu(void) __banked {
    u8 slot = wCurMoveNum, marked = NO_MOVE;
    for (;;) {
        powers_show();
        slot = moves_ask(wBattleMon + BATTLE_MOVES, slot, marked, BUTTON_A | BUTTON_B | BUTTON_SELECT);
        if (wMenuJoypad & BUTTON_B) return NO_MOVE;
        if (wMenuJoypad & BUTTON_SELECT) {
            if (marked != NO_MOVE) {
                moves_swap(marked, slot);
                marked = NO_MOVE;
            } else marked = slot;
            continue;
        }
        marked = NO_MOVE;
        wCurMoveNum = slot;
        if (wBattleMon[BATTLE_PP + slot]) return slot;
        say_passing(TEXT_NO_PP);
    }
}

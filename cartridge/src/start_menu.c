#pragma bank 1
#include "start_menu.h"
#include "data.h"
#include "field_menu.h"
#include "gear.h"
#include "field_moves.h"
#include "menu.h"
#include "player_card.h"
#include "player_event.h"
#include "save.h"
#include "view.h"

/* Crystal's numbers, in wMenuItemsList behind the count. */
enum { ITEM_PALS = 1, ITEM_PACK, ITEM_CARD, ITEM_SAVE, ITEM_EXIT = 6, ITEM_GEAR };
enum { BOX_X = 10, CURSOR_X = 11, FIRST_ROW = 2, STATE_TEXT = 0x40 };

static void items_publish(void) {
    u8 *end = wMenuItemsList + 1;
    if (wPartyCount) *end++ = ITEM_PALS;
    *end++ = ITEM_PACK;
    if (wPokegearFlags & GEAR_OWNED) *end++ = ITEM_GEAR;
    *end++ = ITEM_CARD;
    *end++ = ITEM_SAVE;
    *end++ = ITEM_EXIT;
    *end = 255;
    wMenuItemsList[0] = end - wMenuItemsList - 1;
}

static void item_put(u8 item, u8 y) {
    switch (item) {
    case ITEM_PALS: text_label(CURSOR_X + 1, y, TEXT_PALS); break;
    case ITEM_PACK: text_label(CURSOR_X + 1, y, TEXT_PACK); break;
    case ITEM_GEAR: text_label(CURSOR_X + 1, y, TEXT_GEAR); break;
    case ITEM_CARD: screen_text(CURSOR_X + 1, y, wPlayerName); break;
    case ITEM_SAVE: text_label(CURSOR_X + 1, y, TEXT_SAVE); break;
    default: text_label(CURSOR_X + 1, y, TEXT_EXIT);
    }
}

static u8 ask(void) {
    menu_t menu = {CURSOR_X, FIRST_ROW, 0, 1, 2, 0, 1};
    u8 i, first = wBattleMenuCursorPosition;
    menu.rows = wMenuItemsList[0];
    view_capture();
    view_covered = 1;
    wStateFlags |= STATE_TEXT;
    screen_box(BOX_X, 0, SCREEN_COLUMNS - BOX_X, menu.rows * 2 + 2);
    sprites_hide_under(BOX_X, 0, SCREEN_COLUMNS - BOX_X, menu.rows * 2 + 2);
    for (i = 0; i < menu.rows; i++) item_put(wMenuItemsList[i + 1], FIRST_ROW + i * 2);
    window_show();
    i = menu_run(&menu, first && first <= menu.rows ? first - 1 : 0, BUTTON_A | BUTTON_B | BUTTON_START);
    wBattleMenuCursorPosition = i + 1;
    return wMenuJoypad & BUTTON_A ? wMenuItemsList[i + 1] : ITEM_EXIT;
}

void start_menu(void) __banked {
    u8 item, machine;
    wScriptRunning = SCRIPT_TALK;
    items_publish();
    while ((item = ask()) != ITEM_EXIT) {
        if (item == ITEM_PALS) {
            machine = field_party();
            if (!machine) continue;
            wStateFlags &= ~STATE_TEXT;
            field_move_chosen(machine - 1, wCurPartyMon);
            return;
        }
        if (item == ITEM_PACK) field_pack();
        else if (item == ITEM_GEAR) gear_screen();
        else if (item == ITEM_CARD) player_card();
        else if (save_ask()) break;
    }
    text_close();
    wScriptRunning = SCRIPT_NONE;
}

#pragma bank 4
#include "pack_screen.h"
#include "bag.h"
#include "data.h"
#include "list.h"
#include "species.h"

enum { POCKETS = 4 };

static u8 *pocket_count(u8 pocket) {
    return pocket == POCKET_ITEMS ? &wNumItems : pocket == POCKET_BALLS ? &wNumBalls : &wNumKeyItems;
}

static u8 entry_size(u8 pocket) { return pocket == POCKET_KEY_ITEMS ? 1 : 2; }

/* The index-th machine in the bag, as an item. */
static u8 machine_at(u8 index) {
    u8 number;
    for (number = 0; number < HM_COUNT; number++)
        if (wTMsHMs[TM_COUNT + number] && !index--) return ITEM_HM_CUT + number;
    return NO_ITEM;
}

static u8 machine_count(void) {
    u8 count = 0;
    while (count < HM_COUNT && machine_at(count) != NO_ITEM) count++;
    return count;
}

/* A machine goes by its move; its own name stands below. */
static void machine_row(u8 index, u8 y) {
    u8 item = machine_at(index), name[NAME_LONG];
    move_name(MOVE_CUT + item - ITEM_HM_CUT, name);
    screen_text(LIST_X + 1, y, name);
    item_name(item, name);
    screen_text(LIST_X + 10, y + 1, name);
}

static void item_row(u8 index, u8 y) {
    const u8 *entry = pocket_count(wCurPocket) + 1 + index * entry_size(wCurPocket);
    u8 name[NAME_LONG];
    item_name(*entry, name);
    screen_text(LIST_X + 1, y, name);
    if (wCurPocket == POCKET_KEY_ITEMS) return;
    screen_put(LIST_X + 11, y + 1, TILE_TIMES);
    screen_number(LIST_X + 12, y + 1, entry[1], 2);
}

static void frame_put(void) {
    screen_fill(0, 0, SCREEN_COLUMNS, SCREEN_ROWS, TILE_SPACE);
    screen_box(LIST_X - 1, LIST_Y - 1, LIST_WIDTH + 2, LIST_ROWS * 2 + 2);
    text_label(2, 0, TEXT_POCKET_ITEMS + wCurPocket);
}

static u8 browse(void) {
    list_t list;
    u8 pressed;
    u8 is_machines;
    const u8 *count;
    for (;;) {
        is_machines = wCurPocket == POCKET_MACHINES;
        count = pocket_count(wCurPocket);
        list.count = is_machines ? machine_count() : *count;
        list.row = is_machines ? machine_row : item_row;
        frame_put();
        pressed = list_run(&list, 0, BUTTON_A | BUTTON_B | BUTTON_LEFT | BUTTON_RIGHT);
        if (pressed & BUTTON_RIGHT) wCurPocket = wCurPocket == POCKETS - 1 ? 0 : wCurPocket + 1;
        else if (pressed & BUTTON_LEFT) wCurPocket = wCurPocket ? wCurPocket - 1 : POCKETS - 1;
        else break;
    }
    if (!(pressed & BUTTON_A) || wScrollingMenuCursorPosition == list.count) return NO_ITEM;
    if (is_machines) return machine_at(wScrollingMenuCursorPosition);
    return count[1 + wScrollingMenuCursorPosition * entry_size(wCurPocket)];
}

u8 pack_screen(void) __banked {
    u8 updates, item;
    palettes_battle();
    updates = wSpriteUpdatesEnabled; /* 0 already in a battle */
    wSpriteUpdatesEnabled = 0;
    sprites_hide();
    if (wCurPocket >= POCKETS) wCurPocket = 0;
    item = browse();
    wSpriteUpdatesEnabled = updates;
    wMenuSelection = item ? item : 255;
    wCurItem = item;
    return item;
}

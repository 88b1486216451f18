#pragma bank 4
#include "pack_screen.h"
#include "buttons.h"
#include "data.h"
#include "menu.h"

enum { POCKETS = 3, LINES = 5, LIST_X = 4, LIST_Y = 3 };

static u8 *pocket_count(u8 pocket) { return pocket == POCKET_ITEMS ? &wNumItems : pocket == POCKET_BALLS ? &wNumBalls : &wNumKeyItems; }

/* The list ends with CANCEL, one row behind the last item. */
static void list_put(u8 pocket, u8 scroll) {
    const u8 *count = pocket_count(pocket);
    u8 size = pocket == POCKET_KEY_ITEMS ? 1 : 2, row, index, name[NAME_LONG];
    screen_fill(LIST_X, LIST_Y, 15, LINES * 2, TILE_SPACE);
    for (row = 0; row < LINES; row++) {
        index = scroll + row;
        if (index > *count) break;
        if (index == *count) {
            text_label(LIST_X + 1, LIST_Y + row * 2, TEXT_CANCEL);
            break;
        }
        item_name(count[1 + index * size], name);
        screen_text(LIST_X + 1, LIST_Y + row * 2, name);
        if (size == 1) continue;
        screen_put(LIST_X + 11, LIST_Y + 1 + row * 2, TILE_TIMES);
        screen_number(LIST_X + 12, LIST_Y + 1 + row * 2, count[2 + index * size], 2);
    }
}

static void frame_put(u8 pocket) {
    screen_fill(0, 0, SCREEN_COLUMNS, SCREEN_ROWS, TILE_SPACE);
    screen_box(0, 0, SCREEN_COLUMNS, 3);
    screen_box(3, 2, 17, 12);
    text_label(2, 1, TEXT_POCKET_ITEMS + pocket);
}

/* Moves the cursor over rows and, at the ends of the window, scrolls. */
static void cursor_move(u8 *position, u8 *scroll, u8 last, u8 pressed) {
    if (pressed & BUTTON_DOWN && *position < last) ++*position;
    if (pressed & BUTTON_UP && *position) --*position;
    if (*position < *scroll) *scroll = *position;
    if (*position >= *scroll + LINES) *scroll = *position - LINES + 1;
}

static u8 pocket_browse(u8 pocket, u8 *item) {
    menu_t menu = {LIST_X, LIST_Y, 0, 1, 2, 0, 0};
    u8 position = 0, scroll = 0, pressed;
    const u8 *count = pocket_count(pocket);
    menu.rows = *count + 1 < LINES ? *count + 1 : LINES;
    for (;;) {
        list_put(pocket, scroll);
        wScrollingMenuCursorPosition = position;
        wMenuScrollPosition[0] = scroll;
        menu_show(&menu, position - scroll);
        pressed = buttons_wait(BUTTON_A | BUTTON_B | BUTTON_UP | BUTTON_DOWN | BUTTON_LEFT | BUTTON_RIGHT);
        wMenuJoypad = pressed;
        if (pressed & (BUTTON_UP | BUTTON_DOWN)) {
            cursor_move(&position, &scroll, *count, pressed);
            continue;
        }
        if (pressed & BUTTON_A && position < *count) *item = count[1 + position * (pocket == POCKET_KEY_ITEMS ? 1 : 2)];
        return pressed;
    }
}

u8 pack_screen(void) __banked {
    u8 pressed, updates, item = NO_ITEM;
    palettes_battle();
    updates = wSpriteUpdatesEnabled; /* 0 already in a battle */
    wSpriteUpdatesEnabled = 0;
    sprites_hide();
    if (wCurPocket >= POCKETS) wCurPocket = 0;
    for (;;) {
        frame_put(wCurPocket);
        window_show();
        pressed = pocket_browse(wCurPocket, &item);
        if (pressed & BUTTON_RIGHT) wCurPocket = wCurPocket == POCKETS - 1 ? 0 : wCurPocket + 1;
        else if (pressed & BUTTON_LEFT) wCurPocket = wCurPocket ? wCurPocket - 1 : POCKETS - 1;
        else break;
    }
    wSpriteUpdatesEnabled = updates;
    wMenuSelection = item ? item : 255;
    wCurItem = item;
    return item;
}

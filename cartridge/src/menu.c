#include "menu.h"
#include "buttons.h"
#include "data.h"
#include "view.h"

static void cursor_put(const menu_t *menu, u8 tile) {
    u8 x = menu->x + (wMenuCursorX - 1) * menu->column_step, y = menu->y + (wMenuCursorY - 1) * menu->row_step;
    u16 address = (u16)(wTilemap + CELL(x, y));
    screen_put(x, y, tile);
    wCursorCurrentTile[0] = (u8)address;
    wCursorCurrentTile[1] = address >> 8;
}

/* One step of a cursor coordinate, 1..count. */
static u8 moved(u8 position, u8 count, u8 forward, u8 wraps) {
    if (forward) return position < count ? position + 1 : wraps ? 1 : position;
    return position > 1 ? position - 1 : wraps ? count : position;
}

/* Publishes the menu and puts the cursor on an item. */
void menu_show(const menu_t *menu, u8 item) {
    w2DMenuCursorInitY = menu->y;
    w2DMenuCursorInitX = menu->x;
    w2DMenuNumRows = menu->rows;
    w2DMenuNumCols = menu->columns;
    w2DMenuCursorOffsets = menu->row_step << 4 | menu->column_step;
    w2DMenuFlags1 = menu->wraps << 5;
    wMenuCursorY = item / menu->columns + 1;
    wMenuCursorX = item % menu->columns + 1;
    wCursorOffCharacter = TILE_SPACE;
    cursor_put(menu, TILE_CURSOR);
}

u8 menu_run(const menu_t *menu, u8 first, u8 buttons) {
    u8 pressed;
    wMenuJoypadFilter = buttons;
    menu_show(menu, first);
    for (;;) {
        cursor_put(menu, TILE_CURSOR);
        pressed = buttons_wait(buttons | BUTTON_UP | BUTTON_DOWN | BUTTON_LEFT | BUTTON_RIGHT);
        cursor_put(menu, TILE_SPACE);
        if (pressed & buttons) break;
        if (pressed & (BUTTON_UP | BUTTON_DOWN))
            wMenuCursorY = moved(wMenuCursorY, menu->rows, pressed & BUTTON_DOWN, menu->wraps);
        if (pressed & (BUTTON_LEFT | BUTTON_RIGHT))
            wMenuCursorX = moved(wMenuCursorX, menu->columns, pressed & BUTTON_RIGHT, menu->wraps);
    }
    wMenuJoypad = pressed & buttons;
    first = (wMenuCursorY - 1) * menu->columns + wMenuCursorX - 1;
    if (wMenuJoypad & ~BUTTON_B) cursor_put(menu, TILE_CURSOR_HOLLOW);
    return first;
}

/* A framed column of texts with consecutive numbers. */
u8 menu_list(u8 x, u8 y, u8 width, u8 count, u16 first_text, u8 can_cancel) {
    menu_t menu;
    u8 i, choice, label[NAME_LONG];
    view_covered = 1;
    screen_box(x, y, width, count * 2 + 1);
    sprites_hide_under(x, y, width, count * 2 + 1);
    for (i = 0; i < count; i++) {
        text_copy(first_text + i, label, NAME_LONG);
        screen_text(x + 2, y + 1 + i * 2, label);
    }
    window_show();
    menu.x = x + 1;
    menu.y = y + 1;
    menu.rows = count;
    menu.columns = 1;
    menu.row_step = 2;
    menu.column_step = 0;
    menu.wraps = 0;
    choice = menu_run(&menu, 0, can_cancel ? BUTTON_A | BUTTON_B : BUTTON_A);
    return wMenuJoypad & BUTTON_B ? MENU_CANCELLED : choice;
}

/* Columns 14-19, rows 7-11, the cursor starts on YES and B means NO. */
u8 yes_no(void) { return menu_list(14, 7, 6, 2, TEXT_YES, 1) == 0; }

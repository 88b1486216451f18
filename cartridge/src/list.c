#pragma bank 4
#include "list.h"
#include "buttons.h"
#include "data.h"

static void rows_put(const list_t *list, u8 scroll) {
    u8 row, index = scroll;
    screen_fill(LIST_X, LIST_Y, LIST_WIDTH, LIST_ROWS * 2, TILE_SPACE);
    for (row = 0; row < LIST_ROWS; row++, index++) {
        if (index > list->count) break;
        if (index == list->count) text_label(LIST_X + 1, LIST_Y + row * 2, TEXT_CANCEL);
        else list->row(index, LIST_Y + row * 2);
    }
}

u8 list_run(const list_t *list, u8 first, u8 buttons) {
    menu_t menu = {LIST_X, LIST_Y, 0, 1, 2, 0, 0};
    u8 position = first <= list->count ? first : list->count;
    u8 scroll = position >= LIST_ROWS ? position - LIST_ROWS + 1 : 0, pressed;
    menu.rows = list->count + 1 < LIST_ROWS ? list->count + 1 : LIST_ROWS;
    for (;;) {
        rows_put(list, scroll);
        wScrollingMenuCursorPosition = position;
        wMenuScrollPosition[0] = scroll;
        menu_show(&menu, position - scroll);
        window_show();
        pressed = buttons_wait(buttons | BUTTON_UP | BUTTON_DOWN);
        wMenuJoypad = pressed;
        if (pressed & BUTTON_DOWN && position < list->count) position++;
        else if (pressed & BUTTON_UP && position) position--;
        if (pressed & buttons) return pressed;
        if (position < scroll) scroll = position;
        if (position >= scroll + LIST_ROWS) scroll = position - LIST_ROWS + 1;
    }
}

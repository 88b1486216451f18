/* Menus with an arrow cursor, published at Crystal's menu variables. */
#ifndef MENU_H
#define MENU_H
#include "text.h"

enum { MENU_CANCELLED = 255 };

/* Where the cursor moves: screen cell of the first item, rows and columns, distance of neighbours in tiles. */
typedef struct {
    u8 x, y, rows, columns, row_step, column_step, wraps;
} menu_t;

void menu_show(const menu_t *menu, u8 item);
u8 menu_run(const menu_t *menu, u8 first, u8 buttons); /* 0-based item; the button is in wMenuJoypad */
u8 menu_list(u8 x, u8 y, u8 width, u8 count, u16 first_text, u8 can_cancel);
u8 yes_no(void);

#endif

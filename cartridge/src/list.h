/* A list longer than its window: up and down move the cursor and scroll, the last row is CANCEL. For code of bank 4. */
#ifndef LIST_H
#define LIST_H
#include "menu.h"

enum { LIST_X = 4, LIST_Y = 3, LIST_WIDTH = 15, LIST_ROWS = 5 };

typedef struct {
    u8 count;
    void (*row)(u8 index, u8 y); /* draws one entry; its cursor stands at (LIST_X, y) */
} list_t;

/* Starts at `first` and waits for one of the buttons; wScrollingMenuCursorPosition is the entry, count is CANCEL. */
u8 list_run(const list_t *list, u8 first, u8 buttons);

#endif

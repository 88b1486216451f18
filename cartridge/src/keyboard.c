#pragma bank 1
#include <string.h>
#include "keyboard.h"
#include "buttons.h"
#include "data.h"
#include "text.h"
#include "view.h"

enum { COLUMNS = 9, BOTTOM_ROW = 4, END_COLUMN = 8, DEL_CELL = 3, END_CELL = 6 };
enum { LETTERS_X = 2, LETTERS_Y = 8, DEL_X = 9, END_X = 15, NAME_X = 5, NAME_Y = 5, PROMPT_X = 2, PROMPT_Y = 2 };
enum { TILE_OPEN = 0xF2 }; /* a letter that is not typed yet */
#define CURSOR_COLUMN fKeyboardCursor[12]
#define CURSOR_ROW fKeyboardCursor[13]

static const u8 letters[2][BOTTOM_ROW * COLUMNS] = {
    {128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 138, 139, 140, 141, 142, 143, 144, 145, 146, 147, 148, 149, 150,
        151, 152, 153, 127, 227, 230, 231, 243, 232, 244, 127, 127, 127},
    {160, 161, 162, 163, 164, 165, 166, 167, 168, 169, 170, 171, 172, 173, 174, 175, 176, 177, 178, 179, 180, 181, 182,
        183, 184, 185, 127, 241, 154, 155, 156, 157, 158, 159, 127, 127},
};

static u8 *typed;
static u8 limit;

/* On the bottom row the cursor stands before one of three cells of three columns each. */
static u8 cell(void) { return CURSOR_COLUMN < DEL_CELL ? 0 : CURSOR_COLUMN < END_CELL ? DEL_CELL : END_CELL; }

static void cursor_put(u8 tile) {
    u8 x = LETTERS_X - 1 + 2 * CURSOR_COLUMN;
    if (CURSOR_ROW == BOTTOM_ROW) x = (cell() == 0 ? LETTERS_X : cell() == DEL_CELL ? DEL_X : END_X) - 1;
    screen_put(x, LETTERS_Y + 2 * CURSOR_ROW, tile);
}

static void letters_put(void) {
    const u8 *letter = letters[wNamingScreenLetterCase];
    u8 row, column;
    for (row = 0; row < BOTTOM_ROW; row++)
        for (column = 0; column < COLUMNS; column++) screen_put(LETTERS_X + 2 * column, LETTERS_Y + 2 * row, *letter++);
    text_label(LETTERS_X, LETTERS_Y + 2 * BOTTOM_ROW, TEXT_KEY_LOWER + wNamingScreenLetterCase);
    text_label(DEL_X, LETTERS_Y + 2 * BOTTOM_ROW, TEXT_KEY_DEL);
    text_label(END_X, LETTERS_Y + 2 * BOTTOM_ROW, TEXT_KEY_END);
}

static void name_put(void) {
    u8 i;
    for (i = 0; i < limit; i++) screen_put(NAME_X + i, NAME_Y, typed[i]);
}

static void type(void) {
    u8 code;
    if (CURSOR_ROW == BOTTOM_ROW) {
        if (cell() == DEL_CELL) {
            if (wNamingScreenCurNameLength) typed[--wNamingScreenCurNameLength] = TILE_OPEN;
        } else {
            wNamingScreenLetterCase ^= 1;
            letters_put();
        }
        return;
    }
    code = letters[wNamingScreenLetterCase][CURSOR_ROW * COLUMNS + CURSOR_COLUMN];
    if (wNamingScreenCurNameLength < limit) typed[wNamingScreenCurNameLength++] = code;
    if (wNamingScreenCurNameLength < limit) return;
    CURSOR_ROW = BOTTOM_ROW; /* a full name leaves nothing but END */
    CURSOR_COLUMN = END_COLUMN;
}

static void turn(u8 pressed) {
    if (pressed & BUTTON_UP) CURSOR_ROW = CURSOR_ROW ? CURSOR_ROW - 1 : BOTTOM_ROW;
    if (pressed & BUTTON_DOWN) CURSOR_ROW = CURSOR_ROW < BOTTOM_ROW ? CURSOR_ROW + 1 : 0;
    if (CURSOR_ROW == BOTTOM_ROW) {
        if (pressed & BUTTON_LEFT) CURSOR_COLUMN = cell() ? cell() - DEL_CELL : END_CELL;
        if (pressed & BUTTON_RIGHT) CURSOR_COLUMN = cell() < END_CELL ? cell() + DEL_CELL : 0;
        return;
    }
    if (pressed & BUTTON_LEFT) CURSOR_COLUMN = CURSOR_COLUMN ? CURSOR_COLUMN - 1 : COLUMNS - 1;
    if (pressed & BUTTON_RIGHT) CURSOR_COLUMN = CURSOR_COLUMN < COLUMNS - 1 ? CURSOR_COLUMN + 1 : 0;
}

static void run(void) {
    u8 pressed;
    for (;;) {
        name_put();
        cursor_put(TILE_CURSOR);
        pressed = buttons_wait(255);
        cursor_put(TILE_SPACE);
        if (pressed & BUTTON_A) {
            if (CURSOR_ROW == BOTTOM_ROW && cell() == END_CELL) return;
            type();
        } else if (pressed & BUTTON_B) {
            if (wNamingScreenCurNameLength) typed[--wNamingScreenCurNameLength] = TILE_OPEN;
        } else if (pressed & BUTTON_START) {
            CURSOR_ROW = BOTTOM_ROW;
            CURSOR_COLUMN = END_COLUMN;
        } else if (pressed & BUTTON_SELECT) {
            wNamingScreenLetterCase ^= 1;
            letters_put();
        } else turn(pressed);
    }
}

void keyboard(u8 kind, u16 prompt, u8 *name, u8 size) __banked {
    text_close();
    wSpriteUpdatesEnabled = 0;
    palettes_battle();
    typed = name;
    limit = size;
    wNamingScreenType = kind;
    wNamingScreenMaxNameLength = size;
    wNamingScreenCurNameLength = 0;
    wNamingScreenLetterCase = 0;
    wNamingScreenDestinationPointer[0] = (u8)(u16)name;
    wNamingScreenDestinationPointer[1] = (u16)name >> 8;
    wNamingScreenCursorObjectPointer[0] = (u8)(u16)fKeyboardCursor;
    wNamingScreenCursorObjectPointer[1] = (u16)fKeyboardCursor >> 8;
    wCursorCurrentTile[0] = wCursorCurrentTile[1] = 0; /* the arrow here is no menu's */
    CURSOR_COLUMN = CURSOR_ROW = 0;
    memset(name, TILE_OPEN, size);
    name[size] = TEXT_END;
    text_label(PROMPT_X, PROMPT_Y, prompt);
    letters_put();
    window_show();
    run();
    name[wNamingScreenCurNameLength] = TEXT_END;
    wSpriteUpdatesEnabled = 1;
    view_load();
}

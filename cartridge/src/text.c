#include "text.h"
#include "buttons.h"
#include "data.h"
#include "view.h"

enum { TEXTBOX_ROW = 12, TEXTBOX_HEIGHT = 6, FIRST_LINE = 14, SECOND_LINE = 16, FIRST_COLUMN = 1 };
enum { TEXT_PRINTING = 2 };   /* wTextboxFlags bit 1 */
enum { STATE_TEXT = 0x40 };   /* wStateFlags bit 6 */
enum { PASSING_FRAMES = 24 }; /* how long a passing message stays */

static u8 text_bank;
static const u8 *text_at;

static void text_find(u16 id) {
    u8 entry[3];
    rom_copy(TEXT_INDEX_BANK, entry, TEXT_INDEX + id * 3, 3);
    text_bank = entry[0];
    text_at = (const u8 *)(entry[1] | (u16)entry[2] << 8);
}

void text_copy(u16 id, u8 *destination, u8 size) {
    text_find(id);
    rom_copy(text_bank, destination, text_at, size);
}

/* A text without control codes, anywhere on the screen. */
void text_label(u8 x, u8 y, u16 id) {
    u8 label[SCREEN_COLUMNS];
    text_copy(id, label, sizeof label);
    screen_text(x, y, label);
}

static void letter(u8 x, u8 y, u8 tile) {
    u8 delay = wOptions & 7;
    screen_put(x, y, tile);
    do {
        wait_frame();
        buttons_poll();
    } while (--delay && !(hJoyDown & (BUTTON_A | BUTTON_B)));
}

static u8 string(u8 x, u8 y, const u8 *text) {
    while (*text != TEXT_END) letter(x++, y, *text++);
    return x;
}

/* The arrow blinks 16 frames on, 16 off. */
static void arrow_wait(void) {
    buttons_forget();
    do {
        screen_put(18, 17, (hVBlankCounter & 16) ? TILE_HORIZONTAL : TILE_ARROW);
        wait_frame();
        buttons_poll();
    } while (!(hJoyPressed & (BUTTON_A | BUTTON_B)));
    screen_put(18, 17, TILE_HORIZONTAL);
}

static void scroll_line(void) {
    u8 i;
    for (i = FIRST_COLUMN; i < 19; i++) {
        wTilemap[CELL(i, FIRST_LINE)] = wTilemap[CELL(i, SECOND_LINE)];
        wTilemap[CELL(i, SECOND_LINE)] = TILE_SPACE;
    }
    screen_dirty(FIRST_LINE, 3);
}

void text_box(void) {
    if (view_is_shown() && ((hWY & WINDOW_HIDDEN) || view_covered)) view_capture();
    screen_box(0, TEXTBOX_ROW, SCREEN_COLUMNS, TEXTBOX_HEIGHT);
    sprites_hide_under(0, TEXTBOX_ROW, SCREEN_COLUMNS, TEXTBOX_HEIGHT);
    wStateFlags |= STATE_TEXT;
    window_show();
}

static void print(u16 id) {
    u8 x = FIRST_COLUMN, y = FIRST_LINE, code;
    text_box();
    text_find(id);
    wTextboxFlags |= TEXT_PRINTING;
    for (;;) {
        code = rom_byte(text_bank, text_at++);
        switch (code) {
        case TEXT_END: wTextboxFlags &= ~TEXT_PRINTING; return;
        case TEXT_LINE:
            x = FIRST_COLUMN;
            y = SECOND_LINE;
            break;
        case TEXT_PARA:
            arrow_wait();
            screen_fill(FIRST_COLUMN, 13, 18, 4, TILE_SPACE);
            x = FIRST_COLUMN;
            y = FIRST_LINE;
            break;
        case TEXT_CONT:
            arrow_wait();
            scroll_line();
            x = FIRST_COLUMN;
            break;
        case TEXT_PLAYER: x = string(x, y, wPlayerName); break;
        case TEXT_NAME1: x = string(x, y, wStringBuffer1); break;
        case TEXT_NAME2: x = string(x, y, wStringBuffer2); break;
        default: letter(x++, y, code);
        }
    }
}

void say(u16 id) {
    print(id);
    buttons_wait(BUTTON_A | BUTTON_B);
}

void say_asking(u16 id) { print(id); }

void say_passing(u16 id) {
    u8 frames = PASSING_FRAMES;
    print(id);
    do {
        wait_frame();
        buttons_poll();
    } while (--frames && !(hJoyDown & (BUTTON_A | BUTTON_B)));
}

void text_close(void) {
    if (hWY & WINDOW_HIDDEN) return;
    view_restore();
    wStateFlags &= ~STATE_TEXT;
}

void number_text(u8 *destination, u16 value) {
    u8 digits[5], count = 0;
    do {
        digits[count++] = TILE_ZERO + value % 10;
        value /= 10;
    } while (value);
    while (count) *destination++ = digits[--count];
    *destination = TEXT_END;
}

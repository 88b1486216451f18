#pragma bank 1
#include "clock_screen.h"
#include "buttons.h"
#include "clock.h"
#include "data.h"
#include "menu.h"
#include "view.h"

enum { BOX_X = 3, BOX_Y = 7, BOX_WIDTH = 14, BOX_HEIGHT = 4, NUMBER_X = 5, WORD_X = 8, NUMBER_Y = 9, ARROWS_X = 15 };
enum { HOURS = 24, MINUTES = 60, TWO_DIGITS = 10 };

/* Turns one of wInitHourBuffer and wInitMinuteBuffer until A. */
static void turn(u8 *value, u8 count, u16 word) {
    u8 pressed;
    view_covered = 1;
    screen_box(BOX_X, BOX_Y, BOX_WIDTH, BOX_HEIGHT);
    sprites_hide_under(BOX_X, BOX_Y, BOX_WIDTH, BOX_HEIGHT);
    text_label(WORD_X, NUMBER_Y, word);
    screen_put(ARROWS_X, NUMBER_Y, TILE_ARROW);
    for (;;) {
        screen_number(NUMBER_X, NUMBER_Y, *value, 2);
        if (count == MINUTES && *value < TWO_DIGITS) screen_put(NUMBER_X, NUMBER_Y, TILE_ZERO);
        window_show();
        pressed = buttons_wait(BUTTON_A | BUTTON_UP | BUTTON_DOWN);
        if (pressed & BUTTON_A) return;
        if (pressed & BUTTON_UP) *value = *value + 1 < count ? *value + 1 : 0;
        else *value = *value ? *value - 1 : count - 1;
    }
}

/* Asks until the answer is yes. */
static void ask(u16 question, u8 *value, u8 count, u16 word, u16 right) {
    do {
        text_close();
        say_asking(question);
        wCursorCurrentTile[0] = wCursorCurrentTile[1] = 0; /* nothing listens but the clock */
        turn(value, count, word);
        number_text(wStringBuffer1, *value);
        say_asking(right);
    } while (!yes_no());
}

void clock_set(u8 hour) __banked {
    wInitHourBuffer = hour;
    wInitMinuteBuffer = 0;
    ask(TEXT_CLOCK_HOUR, &wInitHourBuffer, HOURS, TEXT_CLOCK_HOURS, TEXT_CLOCK_HOUR_RIGHT);
    ask(TEXT_CLOCK_MINUTE, &wInitMinuteBuffer, MINUTES, TEXT_CLOCK_MINUTES, TEXT_CLOCK_MINUTE_RIGHT);
    text_close();
    hHours = wInitHourBuffer;
    hMinutes = wInitMinuteBuffer;
    clock_read();
    view_colours();
}

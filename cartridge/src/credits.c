#pragma bank 1
#include "credits.h"
#include "buttons.h"
#include "data.h"
#include "save.h"
#include "text.h"

enum { PAGES = 4, LINES = 3, PAGE_FRAMES = 200, FAME_MAX = 200 };

static void page_show(u8 page) {
    u8 line, frames;
    screen_fill(0, 0, SCREEN_COLUMNS, SCREEN_ROWS, TILE_SPACE);
    for (line = 0; line < LINES; line++) text_label(1, 5 + line * 3, TEXT_CREDITS + page * LINES + line);
    window_show();
    screen_flush();
    for (frames = PAGE_FRAMES; frames; frames--) {
        wait_frame();
        buttons_poll();
    }
}

/* A saved game goes on at home afterwards. */
void credits(void) __banked {
    u8 page;
    if (wHallOfFameCount < FAME_MAX) wHallOfFameCount++;
    wSpawnAfterChampion = 1;
    wSpriteUpdatesEnabled = 0;
    sprites_hide();
    save_write();
    for (page = 0; page < PAGES; page++) page_show(page);
    reset();
}

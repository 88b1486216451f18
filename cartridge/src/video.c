#include "video.h"
#include "data.h"

volatile u8 strip_kind;
u16 strip_address, strip_address2;
u8 strip_run1, strip_run2;
u8 dirty_rows[SCREEN_ROWS], any_dirty;

void lcd_off(void) {
    if (!(rLCDC & 0x80)) return; /* waiting for vblank with the LCD off would never end */
    wait_frame();
    rLCDC = 0;
}

void lcd_on(void) {
    rWX = 7;
    rLCDC = 0xE7; /* window map at 9C00, tiles 0x00-0x7F at 9000, 8x16 sprites */
}

void video_copy(u8 bank, const void *source, u16 destination, u16 count) {
    rom_copy(bank, (void *)destination, source, count);
}

/* Sprites keep one set; the eight background palettes follow the place. Level 0 is full colour.
   In vblank or with the LCD off. */
static void palettes_put(u8 background_set, u8 level) {
    const u8 *sets = PALETTES + (u16)level * PALETTES_LEVEL_SIZE;
    u8 bank = rom_switch(PALETTES_BANK);
    colours_put(sets + (u16)background_set * 64, sets + PALETTES_OBJECTS * 64);
    rom_switch(bank);
}

void palettes_load(u8 background_set) { palettes_put(background_set, 0); }

void palettes_fade(u8 background_set, u8 level) {
    if (rLCDC & 0x80) wait_frame();
    palettes_put(background_set, level);
}

/* The palettes of battles and lists. The screen is emptied first, so that nobody sees the last picture
   in wrong colours. */
void palettes_battle(void) {
    sprites_hide();
    screen_fill(0, 0, SCREEN_COLUMNS, SCREEN_ROWS, TILE_SPACE);
    window_show();
    screen_flush();
    palettes_fade(PALETTES_BATTLE, 0);
}

void palette_set(u8 number, const u8 *colours) {
    u8 i;
    rBCPS = 0x80 | number << 3;
    for (i = 8; i; i--) rBCPD = *colours++;
}

void screen_dirty(u8 y, u8 height) {
    u8 *row = dirty_rows + y;
    while (height--) *row++ = 1;
    any_dirty = 1;
}

void screen_flush(void) {
    while (any_dirty) wait_frame();
}

void screen_fill(u8 x, u8 y, u8 width, u8 height, u8 tile) {
    u8 *tiles = wTilemap + CELL(x, y), *attributes = wAttrmap + CELL(x, y);
    u8 column, skip = SCREEN_COLUMNS - width, rows = height;
    while (rows--) {
        for (column = width; column; column--) {
            *tiles++ = tile;
            *attributes++ = PALETTE_TEXT;
        }
        tiles += skip;
        attributes += skip;
    }
    screen_dirty(y, height);
}

void screen_put(u8 x, u8 y, u8 tile) {
    wTilemap[CELL(x, y)] = tile;
    dirty_rows[y] = 1;
    any_dirty = 1;
}

void screen_box(u8 x, u8 y, u8 width, u8 height) {
    u8 i, right = x + width - 1, bottom = y + height - 1;
    screen_fill(x, y, width, height, TILE_SPACE);
    for (i = x + 1; i < right; i++) {
        wTilemap[CELL(i, y)] = TILE_HORIZONTAL;
        wTilemap[CELL(i, bottom)] = TILE_HORIZONTAL;
    }
    for (i = y + 1; i < bottom; i++) {
        wTilemap[CELL(x, i)] = TILE_VERTICAL;
        wTilemap[CELL(right, i)] = TILE_VERTICAL;
    }
    wTilemap[CELL(x, y)] = TILE_TOP_LEFT;
    wTilemap[CELL(right, y)] = TILE_TOP_RIGHT;
    wTilemap[CELL(x, bottom)] = TILE_BOTTOM_LEFT;
    wTilemap[CELL(right, bottom)] = TILE_BOTTOM_RIGHT;
}

void screen_text(u8 x, u8 y, const u8 *text) {
    u8 *tiles = wTilemap + CELL(x, y);
    while (*text != TEXT_END) *tiles++ = *text++;
    screen_dirty(y, 1);
}

/* Right-aligned, padded with spaces. */
void screen_number(u8 x, u8 y, u16 value, u8 width) {
    u8 *tiles = wTilemap + CELL(x, y) + width;
    do {
        *--tiles = TILE_ZERO + value % 10;
        value /= 10;
        width--;
    } while (value && width);
    while (width--) *--tiles = TILE_SPACE;
    screen_dirty(y, 1);
}

/* The window covers everything, so the whole screen copy has to be there before it appears. */
void window_show(void) {
    if (!(hWY & WINDOW_HIDDEN)) return;
    screen_dirty(0, SCREEN_ROWS);
    screen_flush();
    hWY = 0;
}

/* The same with the LCD off: all at once. */
void window_load(void) {
    u8 row;
    for (row = 0; row < SCREEN_ROWS; row++) dirty_rows[row] = 0;
    any_dirty = 0;
    screen_load(wTilemap, 0x9C00);
    rVBK = 1;
    screen_load(wAttrmap, 0x9C00);
    rVBK = 0;
    hWY = rWY = 0;
}

/* 20x18 cells to a background map, with the LCD off. */
void screen_load(const u8 *cells, u16 target) {
    u8 *video = (u8 *)target;
    u8 row, column;
    for (row = SCREEN_ROWS; row; row--) {
        for (column = SCREEN_COLUMNS; column; column--) *video++ = *cells++;
        video += 32 - SCREEN_COLUMNS;
    }
}

void window_hide(void) {
    hWY = WINDOW_HIDDEN;
    wait_frame();
}

void sprites_hide(void) {
    u8 i;
    for (i = 0; i < 160; i += 4) wShadowOAM[i] = 0;
}

void sprites_hide_others(void) {
    u8 i;
    for (i = 8; i < 160; i += 4) wShadowOAM[i] = 0;
}

/* Sprites are drawn above the window: those that a box would lie under must go. */
void sprites_hide_under(u8 x, u8 y, u8 width, u8 height) {
    u8 i, left = x << 3, right = (x + width) << 3, top = y << 3, bottom = (y + height) << 3, sprite_x, sprite_y;
    for (i = 0; i < 160; i += 4) {
        sprite_y = wShadowOAM[i];
        sprite_x = wShadowOAM[i + 1];
        if (sprite_y > top && sprite_y < bottom + 16 && sprite_x > left && sprite_x < right + 8) wShadowOAM[i] = 0;
    }
}

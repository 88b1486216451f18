/* The screen: wTilemap and wAttrmap are its 20x18 copy; changed rows go to the window layer during vblank. */
#ifndef VIDEO_H
#define VIDEO_H
#include "state.h"

enum { SCREEN_COLUMNS = 20, SCREEN_ROWS = 18 };
/* Test hWY as `hWY & WINDOW_HIDDEN`: sdcc 4.2.0 reads a high RAM variable from page 0 when it is tested whole. */
enum { WINDOW_HIDDEN = 144, PALETTE_TEXT = 7 };
enum {
    TILE_EMOTE = 0x78,
    TILE_LEVEL = 0x69,
    TILE_TOP_LEFT = 0x79,
    TILE_HORIZONTAL,
    TILE_TOP_RIGHT,
    TILE_VERTICAL,
    TILE_BOTTOM_LEFT,
    TILE_BOTTOM_RIGHT,
    TILE_SPACE,
    TILE_TIMES = 0xF1,
    TILE_CURSOR_HOLLOW = 0xEC,
    TILE_CURSOR = 0xED,
    TILE_ARROW = 0xEE,
    TILE_SLASH = 0xF3,
    TILE_ZERO = 0xF6
};
#define CELL(x, y) ((u16)(y) * SCREEN_COLUMNS + (x))

/* A column or two rows of the background map, written by the next vblank (vblank.s). */
enum { STRIP_NONE, STRIP_COLUMN, STRIP_ROW };
extern volatile u8 strip_kind;
__at(SCRATCH) u8 strip_tiles[40];
__at(SCRATCH + 40) u8 strip_attributes[40];
extern u16 strip_address, strip_address2;
extern u8 strip_run1, strip_run2;

void lcd_off(void);
void lcd_on(void);
void video_copy(u8 bank, const void *source, u16 destination, u16 count);
void palettes_load(u8 background_set);           /* the LCD must be off */
void palettes_fade(u8 background_set, u8 level); /* 0 full colour, then paler */
void palettes_battle(void);
void palette_set(u8 number, const u8 *colours);

void screen_fill(u8 x, u8 y, u8 width, u8 height, u8 tile);
void screen_box(u8 x, u8 y, u8 width, u8 height);
void screen_put(u8 x, u8 y, u8 tile);
void screen_text(u8 x, u8 y, const u8 *text);
void screen_number(u8 x, u8 y, u16 value, u8 width);
void screen_dirty(u8 y, u8 height);
void screen_flush(void);
void screen_load(const u8 *cells, u16 target);
void window_show(void);
void window_load(void); /* the LCD must be off */
void window_hide(void);
void sprites_hide(void);
void sprites_hide_others(void); /* all but the player, whose two sprites come first */
void sprites_hide_under(u8 x, u8 y, u8 width, u8 height);

#endif

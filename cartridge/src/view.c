#include "view.h"
#include "clock.h"
#include "data.h"
#include "people.h"
#include "video.h"

/* Parameters of view_blocks in view_blocks.s. */
const u8 *view_block;
u8 view_stride, view_table, view_skip_columns, view_skip_rows;
void view_blocks(u8 *destination);

u8 view_covered, view_is_pale;

enum { PALEST = 2 }; /* the last level of palettes.py before white */

static u8 origin_x, origin_y;                    /* background tile at the top left of the screen */
static u8 shown_sprites[MAP_SPRITES], shown_set; /* whose tiles and which colours video memory holds */

/* The player stands in column 4, row 4 of the 10x9 steps on screen. */
#define PLAYER_X ((u8)(wPlayerMapX - 4))
#define PLAYER_Y ((u8)(wPlayerMapY - 4))
enum { STEPS_LEFT = 4, STEPS_RIGHT = 5, STEPS_UP = 4, STEPS_DOWN = 4, STEPS_WIDE = 10, STEPS_HIGH = 9 };

u8 view_is_shown(void) { return wMapStatus == 2 && !wBattleMode && (wSpriteUpdatesEnabled & 1); }

static void blocks_to(u8 *destination, const u8 *table) {
    u8 bank = rom_switch(map.set_bank), left = PLAYER_X - STEPS_LEFT, top = PLAYER_Y - STEPS_UP;
    view_block = map_block_at(left, top);
    view_stride = map.width + 6;
    view_skip_columns = left & 1;
    view_skip_rows = top & 1 ? 2 : 0;
    view_table = (u16)table >> 8;
    view_blocks(destination);
    rom_switch(bank);
}

void view_tiles(void) { blocks_to(wTilemap, map.set_tiles); }

void view_capture(void) {
    view_tiles();
    blocks_to(wAttrmap, map.set_attributes);
    people_draw();
    view_covered = 0;
    if (!(hWY & WINDOW_HIDDEN)) screen_dirty(0, SCREEN_ROWS);
}

void view_restore(void) {
    view_covered = 0;
    view_tiles();
    window_hide();
    people_draw();
}

/* People take 24 tiles each: slots 0-4 lie in video bank 0, slots 5-9 in bank 1.
   The rest of bank 0 holds the mark over a trainer. */
enum { PERSON_BYTES = 384, MARK_BYTES = 64 };

/* The player's figure comes first; it is another one on the raft. */
static u8 sprite_of(u8 slot) { return slot ? map.sprites[slot] : wPlayerSprite; }

static const u8 *person_source(u8 sprite) { return PEOPLE + (u16)(sprite - 1) * PERSON_BYTES; }

static u16 person_target(u8 slot) { return 0x8000 + (u16)(slot >= 5 ? slot - 5 : slot) * PERSON_BYTES; }

static void people_tiles(void) {
    u8 slot;
    for (slot = 0; slot < MAP_SPRITES; slot++) {
        shown_sprites[slot] = sprite_of(slot);
        if (!shown_sprites[slot]) continue;
        rVBK = slot >= 5;
        video_copy(PEOPLE_BANK, person_source(shown_sprites[slot]), person_target(slot), PERSON_BYTES);
    }
    rVBK = 0;
    video_copy(PEOPLE_BANK, person_source(SPRITE_EMOTE), 0x8000 + TILE_EMOTE * 16, MARK_BYTES);
}

/* One person in what is left of a vblank, by the console's copy engine. */
static void person_bring(u8 slot) {
    u16 source = (u16)person_source(sprite_of(slot)), target = person_target(slot);
    u8 bank;
    wait_frame();
    bank = rom_switch(PEOPLE_BANK);
    rVBK = slot >= 5;
    rHDMA1 = source >> 8;
    rHDMA2 = (u8)source;
    rHDMA3 = target >> 8;
    rHDMA4 = (u8)target;
    rHDMA5 = PERSON_BYTES / 16 - 1;
    rVBK = 0;
    rom_switch(bank);
    shown_sprites[slot] = sprite_of(slot);
}

void view_player(void) {
    if (shown_sprites[0] != wPlayerSprite) person_bring(0);
}

/* Open country changes its colours with the day; rooms and caves do not. */
static u8 background_set(void) {
    if (map.background_set == PALETTES_DARK && wStatusFlags & STATUS_FLASH) return PALETTES_CAVE;
    if (map.background_set != PALETTES_DAY || wTimeOfDay == DAY) return map.background_set;
    return wTimeOfDay == MORNING ? PALETTES_MORNING : PALETTES_NIGHT;
}

void view_colours(void) {
    u8 set = background_set();
    if (set == shown_set) return;
    shown_set = set;
    palettes_fade(set, 0);
}

static void fade_to(u8 level) {
    palettes_fade(shown_set, level);
    wait_frame();
}

void view_fade_out(void) {
    fade_to(1);
    fade_to(PALEST);
    view_is_pale = 1;
}

static void fade_in(void) {
    fade_to(1);
    fade_to(0);
    view_is_pale = 0;
}

void view_flash(void) {
    view_fade_out();
    fade_in();
}

void view_cross(void) {
    u8 slot;
    sprites_hide_others();
    for (slot = 0; slot < MAP_SPRITES; slot++)
        if (sprite_of(slot) && sprite_of(slot) != shown_sprites[slot]) person_bring(slot);
    view_colours();
    people_draw();
}

void view_load(void) {
    lcd_off();
    shown_set = background_set();
    palettes_fade(shown_set, view_is_pale ? PALEST : 0);
    video_copy(map.graphics_bank, map.graphics, 0x9000, map.graphics_size);
    video_copy(FONT_BANK, FONT, 0x8800, 2048);
    video_copy(FRAME_BANK, FRAME, 0x9600, 512);
    people_tiles();
    view_capture();
    screen_load(wTilemap, 0x9800);
    rVBK = 1;
    screen_load(wAttrmap, 0x9800);
    rVBK = 0;
    origin_x = origin_y = 0;
    hSCX = hSCY = 0;
    hWY = WINDOW_HIDDEN;
    lcd_on();
    wait_frame();
    if (view_is_pale) fade_in();
}

/* Tiles and attributes of one step into a strip; next: distance to the second tile row. */
static void step_put(u8 at, u8 x, u8 y, u8 next) {
    u16 offset = ((u16)*map_block_at(x, y) << 4) + ((y & 1) << 3) + ((x & 1) << 1);
    const u8 *source = map.set_tiles + offset;
    u8 *target = strip_tiles + at;
    target[0] = source[0];
    target[1] = source[1];
    target[next] = source[4];
    target[next + 1] = source[5];
    source = map.set_attributes + offset;
    target = strip_attributes + at;
    target[0] = source[0];
    target[1] = source[1];
    target[next] = source[4];
    target[next + 1] = source[5];
}

static u16 background_address(u8 x, u8 y) { return 0x9800 + ((u16)(y & 31) << 5) + (x & 31); }

static void column_bring(u8 x, u8 tile_x) {
    u8 i, y = PLAYER_Y - STEPS_UP, bank = rom_switch(map.set_bank);
    for (i = 0; i < STEPS_HIGH; i++) step_put(i << 2, x, y++, 2);
    rom_switch(bank);
    strip_address = background_address(tile_x, origin_y);
    strip_kind = STRIP_COLUMN;
}

void view_column(u8 x) {
    column_bring(x, origin_x + ((u8)(x - (PLAYER_X - STEPS_LEFT)) << 1));
    wait_frame();
}

static void row_bring(u8 y, u8 tile_y) {
    u8 i, x = PLAYER_X - STEPS_LEFT, bank = rom_switch(map.set_bank);
    for (i = 0; i < STEPS_WIDE; i++) step_put(i << 1, x++, y, 20);
    rom_switch(bank);
    i = 32 - (origin_x & 31);
    if (i > SCREEN_COLUMNS) i = SCREEN_COLUMNS;
    strip_run1 = i;
    strip_run2 = SCREEN_COLUMNS - i;
    strip_address = background_address(origin_x, tile_y);
    strip_address2 = background_address(origin_x, tile_y + 1);
    strip_kind = STRIP_ROW;
}

void view_step(u8 direction) {
    switch (direction) {
    case DOWN:
        origin_y += 2;
        row_bring(PLAYER_Y + STEPS_DOWN, origin_y + 16);
        break;
    case UP:
        origin_y -= 2;
        row_bring(PLAYER_Y - STEPS_UP, origin_y);
        break;
    case LEFT:
        origin_x -= 2;
        column_bring(PLAYER_X - STEPS_LEFT, origin_x);
        break;
    default:
        origin_x += 2;
        column_bring(PLAYER_X + STEPS_RIGHT, origin_x + 18);
        break;
    }
}

/* Row by row, as when one walks: nothing flickers. */
void view_changed(void) {
    u8 i;
    for (i = 0; i < STEPS_HIGH; i++) {
        row_bring(PLAYER_Y - STEPS_UP + i, origin_y + (i << 1));
        wait_frame();
    }
}

void view_scroll(u8 direction, u8 pixels_left) {
    hSCX = origin_x << 3;
    hSCY = origin_y << 3;
    switch (direction) {
    case DOWN: hSCY -= pixels_left; break;
    case UP: hSCY += pixels_left; break;
    case LEFT: hSCX += pixels_left; break;
    default: hSCX -= pixels_left;
    }
}

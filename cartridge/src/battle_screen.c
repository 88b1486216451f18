#pragma bank 4
#include <string.h>
#include "battle_screen.h"
#include "data.h"
#include "numbers.h"
#include "party.h"
#include "text.h"

enum {
    PICTURE_SIDE = 5,
    PICTURE_BYTES = 400,
    FOE_TILES = 0x00,
    OWN_TILES = 0x20,
    FOE_X = 13,
    FOE_Y = 1,
    OWN_X = 2,
    OWN_Y = 7
};
enum { PALETTE_OWN, PALETTE_FOE, PALETTE_GREEN, PALETTE_AMBER, PALETTE_RED, PALETTE_EXP };
enum { BAR_TILES = 6, BAR_PIXELS = 48, TILE_BAR = 0x60, TILE_HP = 0x6A, TILE_BAR_END = 0x6B, DRAIN_FRAMES = 12 };

static void bar_draw(u8 x, u8 y, u8 pixels, u8 tiles, u8 palette) {
    u8 filled;
    for (; tiles; tiles--, x++) {
        filled = pixels > 8 ? 8 : pixels;
        pixels -= filled;
        wAttrmap[CELL(x, y)] = palette;
        screen_put(x, y, TILE_BAR + filled);
    }
}

void hp_bar(u8 x, u8 y, u16 hp, u16 max) __banked {
    u8 pixels = (u16)(hp * BAR_PIXELS) / max;
    if (hp && !pixels) pixels = 1;
    screen_put(x, y, TILE_HP);
    bar_draw(x + 1, y, pixels, BAR_TILES, pixels > 24 ? PALETTE_GREEN : pixels > 9 ? PALETTE_AMBER : PALETTE_RED);
    screen_put(x + 1 + BAR_TILES, y, TILE_BAR_END);
}

void status_word(u8 x, u8 y, u8 status, u8 level) __banked {
    static const u8 words[4][4] = {{0x92, 0x8B, 0x8F, TEXT_END}, {0x8F, 0x92, 0x8D, TEXT_END},
        {0x81, 0x91, 0x8D, TEXT_END}, {0x8F, 0x80, 0x91, TEXT_END}};
    u8 number[4];
    if (!status) {
        number_text(number, level);
        screen_put(x, y, TILE_LEVEL);
        screen_text(x + 1, y, number);
        return;
    }
    screen_text(x, y, words[status & STATUS_SLEEP ? 0 : status & STATUS_POISON ? 1 : status & STATUS_BURN ? 2 : 3]);
}

/* How far to the next level, in 64 pixels. */
static void exp_bar(void) {
    const u8 *record = side_record(OWN);
    u8 level = record[PARTY_LEVEL];
    u32 from = level_exp(level), to = level_exp(level + 1);
    bar_draw(11, 11, level == LEVEL_MAX ? 0 : (be24(record + PARTY_EXP) - from) * 64 / (to - from), 8, PALETTE_EXP);
}

void battle_screen_status(u8 side) __banked {
    const u8 *mon = side_mon(side);
    if (side == FOE) {
        screen_fill(0, 0, 12, 4, TILE_SPACE);
        screen_text(1, 0, wEnemyMonNickname);
        status_word(6, 1, mon[BATTLE_STATUS], mon[BATTLE_LEVEL]);
        hp_bar(1, 2, be16(mon + BATTLE_HP), be16(mon + BATTLE_MAX_HP));
        return;
    }
    screen_fill(9, 7, 11, 5, TILE_SPACE);
    screen_text(10, 7, wBattleMonNickname);
    status_word(14, 8, mon[BATTLE_STATUS], mon[BATTLE_LEVEL]);
    hp_bar(11, 9, be16(mon + BATTLE_HP), be16(mon + BATTLE_MAX_HP));
    screen_number(11, 10, be16(mon + BATTLE_HP), 3);
    screen_put(14, 10, TILE_SLASH);
    screen_number(15, 10, be16(mon + BATTLE_MAX_HP), 3);
    exp_bar();
}

static void picture_cells(u8 side, u8 shown) {
    u8 x, y, left = side == FOE ? FOE_X : OWN_X, top = side == FOE ? FOE_Y : OWN_Y;
    u8 tile = side == FOE ? FOE_TILES : OWN_TILES;
    for (y = 0; y < PICTURE_SIDE; y++)
        for (x = 0; x < PICTURE_SIDE; x++) {
            wAttrmap[CELL(left + x, top + y)] = side == FOE ? PALETTE_FOE : PALETTE_OWN;
            wTilemap[CELL(left + x, top + y)] = shown ? tile : TILE_SPACE;
            tile++;
        }
    screen_dirty(top, PICTURE_SIDE);
}

/* The LCD must be off. */
static void picture_load(u8 side, u8 number) {
    species_t species;
    u8 colours[8];
    species_read(number, &species);
    video_copy(species.picture_bank, species.picture + (side == FOE ? 0 : PICTURE_BYTES), side == FOE ? 0x9000 : 0x9200,
        PICTURE_BYTES);
    rom_copy(species.picture_bank, colours, species.picture + 2 * PICTURE_BYTES, sizeof colours);
    palette_set(side == FOE ? PALETTE_FOE : PALETTE_OWN, colours);
}

void battle_screen_open(void) __banked {
    lcd_off();
    palettes_load(PALETTES_BATTLE);
    picture_load(FOE, wEnemyMonSpecies);
    picture_load(OWN, wBattleMonSpecies);
    sprites_hide();
    screen_fill(0, 0, SCREEN_COLUMNS, SCREEN_ROWS, TILE_SPACE);
    screen_box(0, 12, SCREEN_COLUMNS, 6);
    picture_cells(FOE, side_hp(FOE) != 0); /* who has fainted stays away */
    picture_cells(OWN, side_hp(OWN) != 0);
    battle_screen_status(FOE);
    battle_screen_status(OWN);
    window_load();
    lcd_on();
}

void battle_screen_side(u8 side) __banked {
    lcd_off();
    picture_load(side, side_mon(side)[BATTLE_SPECIES]);
    lcd_on();
    picture_cells(side, 1);
    battle_screen_status(side);
    screen_flush();
}

void battle_screen_portrait(u8 species, u8 left, u8 top) __banked {
    u8 x, y, tile = FOE_TILES;
    lcd_off();
    picture_load(FOE, species);
    screen_fill(0, 0, SCREEN_COLUMNS, SCREEN_ROWS, TILE_SPACE);
    for (y = top; y < top + PICTURE_SIDE; y++)
        for (x = left; x < left + PICTURE_SIDE; x++) {
            wAttrmap[CELL(x, y)] = PALETTE_FOE;
            wTilemap[CELL(x, y)] = tile++;
        }
    window_load();
    lcd_on();
}

static void pause(u8 frames) {
    while (frames--) wait_frame();
}

void battle_screen_blink(u8 side) __banked {
    u8 times;
    for (times = 2; times; times--) {
        picture_cells(side, 0);
        pause(4);
        picture_cells(side, 1);
        pause(4);
    }
}

void battle_screen_gone(u8 side) __banked {
    picture_cells(side, 0);
    screen_flush();
}

static void hp_run(u8 side, u16 target) {
    u8 *mon = side_mon(side);
    u16 hp = be16(mon + BATTLE_HP), step = ((hp > target ? hp - target : target - hp) / DRAIN_FRAMES) + 1;
    while (hp != target) {
        if (hp > target) hp = hp - target > step ? hp - step : target;
        else hp = target - hp > step ? hp + step : target;
        be16_put(mon + BATTLE_HP, hp);
        if (side == FOE) hp_bar(1, 2, hp, be16(mon + BATTLE_MAX_HP));
        else {
            hp_bar(11, 9, hp, be16(mon + BATTLE_MAX_HP));
            screen_number(11, 10, hp, 3);
        }
        pause(2);
    }
}

void hp_take(u8 side, u16 amount) __banked {
    u16 hp = side_hp(side);
    hp_run(side, amount < hp ? hp - amount : 0);
}

void hp_give(u8 side, u16 amount) __banked {
    u16 hp = side_hp(side) + amount, max = be16(side_mon(side) + BATTLE_MAX_HP);
    hp_run(side, hp < max ? hp : max);
}

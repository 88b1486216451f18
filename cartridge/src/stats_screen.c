#pragma bank 4
#include "stats_screen.h"
#include "battle_screen.h"
#include "buttons.h"
#include "data.h"
#include "numbers.h"
#include "party.h"
#include "text.h"

enum { TEXT_X = 7, STATS_Y = 7, RIGHT_X = 13, MOVES_Y = 14, PP_X = 14, LONG_DIGITS = 6 };

static species_t species; /* too large for the stack */
static move_t move;

static void type_put(u8 y, u8 type) {
    static const u8 types[] = {
        TYPE_NORMAL, TYPE_WIND, TYPE_ROCK, TYPE_SHADE, TYPE_FIRE, TYPE_WATER, TYPE_LEAF, TYPE_SPARK};
    u8 i = 0;
    while (types[i] != type) i++;
    text_label(TEXT_X, y, TEXT_TYPE_NORMAL + i);
}

static void head_put(u8 index, const u8 *record) {
    screen_text(TEXT_X, 1, wPartyMonNicknames + index * NICKNAME_SIZE);
    status_word(TEXT_X, 2, record[PARTY_STATUS], record[PARTY_LEVEL]);
    type_put(4, species.type1);
    if (species.type2 != species.type1) type_put(5, species.type2);
}

static void stats_put(const u8 *record) {
    u8 i, y = STATS_Y;
    text_label(1, y, TEXT_STATS_HP);
    screen_number(4, y, be16(record + PARTY_HP), 3);
    screen_put(7, y, TILE_SLASH);
    screen_number(8, y, be16(record + PARTY_MAX_HP), 3);
    for (i = 0; i < STATS - 1; i++) {
        text_label(1, ++y, TEXT_ATTACK + i);
        screen_number(8, y, be16(record + PARTY_ATTACK + i * 2), 3);
    }
}

/* Right-aligned in six cells. */
static void long_number(u8 x, u8 y, u32 value) {
    x += LONG_DIGITS;
    do {
        screen_put(--x, y, TILE_ZERO + value % 10);
        value /= 10;
    } while (value);
}

/* Experience, and how much is missing to the next level. */
static void experience_put(const u8 *record) {
    u32 has = be24(record + PARTY_EXP);
    u8 level = record[PARTY_LEVEL];
    text_label(RIGHT_X, STATS_Y + 1, TEXT_STATS_EXP);
    long_number(RIGHT_X, STATS_Y + 2, has);
    text_label(RIGHT_X, STATS_Y + 4, TEXT_STATS_NEXT);
    long_number(RIGHT_X, STATS_Y + 5, level == LEVEL_MAX ? 0 : level_exp(level + 1) - has);
}

static void moves_put(const u8 *record) {
    u8 i, y = MOVES_Y;
    for (i = 0; i < MOVE_SLOTS && record[PARTY_MOVES + i]; i++, y++) {
        move_read(record[PARTY_MOVES + i], &move);
        screen_text(1, y, move.name);
        screen_number(PP_X, y, record[PARTY_PP + i], 2);
        screen_put(PP_X + 2, y, TILE_SLASH);
        screen_number(PP_X + 3, y, move.pp, 2);
    }
}

void stats_screen(u8 index) __banked {
    const u8 *record = PARTY_MON(index);
    species_read(record[PARTY_SPECIES], &species);
    battle_screen_portrait(record[PARTY_SPECIES], 1, 1);
    head_put(index, record);
    stats_put(record);
    experience_put(record);
    moves_put(record);
    screen_flush();
    buttons_wait(BUTTON_A | BUTTON_B);
}

/* What a kind of creature is: the ROM records of creatures and moves. */
#ifndef SPECIES_H
#define SPECIES_H
#include "state.h"

enum { STAT_HP, STAT_ATTACK, STAT_DEFENSE, STAT_SPEED, STAT_SP_ATTACK, STAT_SP_DEFENSE, STATS };

/* 32 bytes, packed by cartridge/tools/game_data.py. */
typedef struct {
    u8 name[11];
    u8 base[STATS];
    u8 type1, type2, catch_rate, base_exp;
    u8 evolve_level, evolve_to; /* 0: does not evolve */
    const u8 *learnset;         /* (level, move) pairs in SPECIES_BANK, ended by 0 */
    u8 picture_bank;
    const u8 *picture; /* front 400 bytes, back 400 bytes, palette 8 bytes */
    u8 machines;       /* bit n - 1: it can learn from HM n */
    u8 unused[3];
} species_t;

/* Where the engine keeps some of them; strips of the map lie in front (video.h). */
enum { SCRATCH_BEFORE = SCRATCH + 80, SCRATCH_AFTER = SCRATCH_BEFORE + 32, SCRATCH_BENCH = SCRATCH_AFTER + 32 };

/* 20 bytes. */
typedef struct {
    u8 name[13];
    u8 type, power, accuracy, pp, effect, chance; /* accuracy and chance of 255 */
    u8 unused;
} move_t;

enum { MOVE_SLOTS = 4, FIRST_SPECIAL_TYPE = 20 };

void species_read(u8 number, species_t *species);
void species_name(u8 number, u8 *name);
void move_read(u8 number, move_t *move);
void move_name(u8 number, u8 *name);

#endif

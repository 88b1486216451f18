#pragma bank 3
#include <string.h>
#include "party.h"
#include "data.h"
#include "numbers.h"

enum { FRIENDLY = 70 };

static void bit_set(u8 *bits, u8 species) { bits[(species - 1) >> 3] |= 1 << ((species - 1) & 7); }

void dex_see(u8 species) __banked { bit_set(wPokedexSeen, species); }

void dex_catch(u8 species) __banked {
    bit_set(wPokedexSeen, species);
    bit_set(wPokedexCaught, species);
}

u32 level_exp(u8 level) __banked { return (u32)((u16)level * level) * level; }

/* Crystal's formula without stat experience: (base + DV) * 2 * level / 100 + 5. */
static u16 stat(u8 base, u8 dv, u8 level) { return (u16)((u16)(base + dv) * 2 * level) / 100 + 5; }

void creature_stats(u8 *record, const species_t *species) __banked {
    u8 level = record[PARTY_LEVEL], dv[STATS], i;
    dv[STAT_ATTACK] = record[PARTY_DVS] >> 4;
    dv[STAT_DEFENSE] = record[PARTY_DVS] & 15;
    dv[STAT_SPEED] = record[PARTY_DVS + 1] >> 4;
    dv[STAT_SP_ATTACK] = dv[STAT_SP_DEFENSE] = record[PARTY_DVS + 1] & 15;
    dv[STAT_HP] =
        (dv[STAT_ATTACK] & 1) << 3 | (dv[STAT_DEFENSE] & 1) << 2 | (dv[STAT_SPEED] & 1) << 1 | (dv[STAT_SP_ATTACK] & 1);
    for (i = 0; i < STATS; i++) be16_put(record + PARTY_MAX_HP + i * 2, stat(species->base[i], dv[i], level));
    be16_put(record + PARTY_MAX_HP, be16(record + PARTY_MAX_HP) + level + 5);
}

u8 creature_learn(u8 *record, u8 move) __banked {
    move_t data;
    u8 i;
    for (i = 0; i < MOVE_SLOTS; i++) {
        if (record[PARTY_MOVES + i] == move) return i;
        if (record[PARTY_MOVES + i]) continue;
        move_read(move, &data);
        record[PARTY_MOVES + i] = move;
        record[PARTY_PP + i] = data.pp;
        return i;
    }
    return MOVE_SLOTS;
}

u8 learnset_move(const species_t *species, u8 level, u8 index) __banked {
    const u8 *entry = species->learnset;
    u8 at;
    for (; (at = rom_byte(SPECIES_BANK, entry)) != 0; entry += 2)
        if (at == level && !index--) return rom_byte(SPECIES_BANK, entry + 1);
    return 0;
}

u8 move_known(const u8 *record, u8 move) __banked {
    u8 i;
    for (i = 0; i < MOVE_SLOTS; i++)
        if (record[PARTY_MOVES + i] == move) return 1;
    return 0;
}

u8 party_knower(u8 move) __banked {
    u8 i;
    for (i = 0; i < wPartyCount; i++)
        if (move_known(PARTY_MON(i), move)) return i;
    return PARTY_MAX;
}

/* All moves up to the level; the newest four stay. */
static void first_moves(u8 *record, const species_t *species) {
    const u8 *entry = species->learnset;
    u8 level, move, i;
    for (; (level = rom_byte(SPECIES_BANK, entry)) != 0 && level <= record[PARTY_LEVEL]; entry += 2) {
        move = rom_byte(SPECIES_BANK, entry + 1);
        if (creature_learn(record, move) < MOVE_SLOTS) continue;
        for (i = 0; i < MOVE_SLOTS - 1; i++) {
            record[PARTY_MOVES + i] = record[PARTY_MOVES + i + 1];
            record[PARTY_PP + i] = record[PARTY_PP + i + 1];
        }
        record[PARTY_MOVES + i] = 0;
        creature_learn(record, move);
    }
}

void creature_make(u8 *record, u8 species, u8 level) __banked {
    species_t data;
    species_read(species, &data);
    memset(record, 0, PARTY_SIZE);
    record[PARTY_SPECIES] = species;
    record[PARTY_LEVEL] = level;
    record[PARTY_DVS] = random_byte();
    record[PARTY_DVS + 1] = random_byte();
    record[PARTY_HAPPINESS] = FRIENDLY;
    memcpy(record + PARTY_OT_ID, wPlayerID, 2);
    be24_put(record + PARTY_EXP, level_exp(level));
    first_moves(record, &data);
    creature_stats(record, &data);
    memcpy(record + PARTY_HP, record + PARTY_MAX_HP, 2);
}

u8 party_add(u8 species, u8 level) __banked {
    u8 place = wPartyCount;
    if (place == PARTY_MAX) return 0;
    creature_make(PARTY_MON(place), species, level);
    wPartySpecies[place] = species;
    wPartySpecies[place + 1] = 255;
    species_name(species, wPartyMonNicknames + place * NICKNAME_SIZE);
    memcpy(wPartyMonOTs + place * NICKNAME_SIZE, wPlayerName, NICKNAME_SIZE);
    dex_catch(species);
    wPartyCount = place + 1;
    return 1;
}

u8 party_take(const u8 *kept, const u8 *nickname) __banked {
    u8 place = wPartyCount;
    u8 *record = PARTY_MON(place);
    static species_t species; /* the stack is small */
    if (!party_add(kept[PARTY_SPECIES], kept[PARTY_LEVEL])) return 0;
    memcpy(record, kept, PARTY_LEVEL);
    memcpy(wPartyMonNicknames + place * NICKNAME_SIZE, nickname, NICKNAME_SIZE);
    species_read(kept[PARTY_SPECIES], &species);
    creature_stats(record, &species);
    memcpy(record + PARTY_HP, record + PARTY_MAX_HP, 2);
    return 1;
}

void party_remove(u8 index) __banked {
    u8 last = wPartyCount - 1;
    for (; index < last; index++) party_swap(index, index + 1);
    wPartySpecies[last] = 255;
    wPartyCount = last;
}

static void bytes_swap(u8 *one, u8 *other, u8 count) {
    u8 byte;
    for (; count; count--) {
        byte = *one;
        *one++ = *other;
        *other++ = byte;
    }
}

void party_swap(u8 one, u8 other) __banked {
    if (one == other) return;
    bytes_swap(wPartySpecies + one, wPartySpecies + other, 1);
    bytes_swap(PARTY_MON(one), PARTY_MON(other), PARTY_SIZE);
    bytes_swap(wPartyMonNicknames + one * NICKNAME_SIZE, wPartyMonNicknames + other * NICKNAME_SIZE, NICKNAME_SIZE);
    bytes_swap(wPartyMonOTs + one * NICKNAME_SIZE, wPartyMonOTs + other * NICKNAME_SIZE, NICKNAME_SIZE);
}

void party_heal(void) __banked {
    move_t move;
    u8 i, slot;
    u8 *record = wPartyMons;
    for (i = 0; i < wPartyCount; i++, record += PARTY_SIZE) {
        if (wPartySpecies[i] == EGG) continue;
        memcpy(record + PARTY_HP, record + PARTY_MAX_HP, 2);
        record[PARTY_STATUS] = 0;
        for (slot = 0; slot < MOVE_SLOTS; slot++) {
            if (!record[PARTY_MOVES + slot]) break;
            move_read(record[PARTY_MOVES + slot], &move);
            record[PARTY_PP + slot] = move.pp;
        }
    }
}

u8 party_first_able(void) __banked {
    u8 i;
    for (i = 0; i < wPartyCount; i++)
        if (be16(PARTY_MON(i) + PARTY_HP)) return i;
    return PARTY_MAX;
}

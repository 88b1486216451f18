#pragma bank 4
#include <string.h>
#include "experience.h"
#include "bag.h"
#include "battle_menu.h"
#include "battle_screen.h"
#include "data.h"
#include "menu.h"
#include "numbers.h"

static void name_of(u8 index) { memcpy(wStringBuffer1, wPartyMonNicknames + index * NICKNAME_SIZE, NICKNAME_SIZE); }

static u8 is_of_machine(u8 move) { return (u8)(move - MOVE_CUT) < HM_COUNT; }

/* The slot to give up; what a machine taught stays. */
static u8 move_to_forget(const u8 *moves) {
    u8 slot;
    for (;;) {
        slot = move_list_menu(moves);
        if (slot == NO_MOVE || !is_of_machine(moves[slot])) return slot;
        say(TEXT_MACHINE_KEPT);
    }
}

/* Four moves are known: the player may give one up. */
static void move_replace(u8 index, u8 *record, u8 move) {
    u8 slot;
    say_asking(TEXT_WANTS_TO_LEARN);
    if (!yes_no()) {
        if (wBattleMode) battle_screen_open();
        say(TEXT_DID_NOT_LEARN);
        return;
    }
    if (wBattleMode) battle_screen_open();
    slot = move_to_forget(record + PARTY_MOVES);
    name_of(index);
    if (slot == NO_MOVE) {
        move_name(move, wStringBuffer2);
        say(TEXT_DID_NOT_LEARN);
        return;
    }
    move_name(record[PARTY_MOVES + slot], wStringBuffer2);
    say(TEXT_FORGOT);
    record[PARTY_MOVES + slot] = 0;
    creature_learn(record, move);
    move_name(move, wStringBuffer2);
    say(TEXT_LEARNED);
}

void move_learn(u8 index, u8 *record, u8 move) {
    name_of(index);
    move_name(move, wStringBuffer2);
    if (creature_learn(record, move) == MOVE_SLOTS) move_replace(index, record, move);
    else say(TEXT_LEARNED);
}

void moves_of_level(u8 index, u8 *record, const species_t *species) {
    u8 i, move;
    for (i = 0; (move = learnset_move(species, record[PARTY_LEVEL], i)) != 0; i++) {
        if (!move_known(record, move)) move_learn(index, record, move);
    }
}

/* The creature in play sees its own copy grow too. */
static void battle_copy(u8 index, const u8 *record) {
    if (index != wCurBattleMon) return;
    memcpy(wBattleMon + BATTLE_MOVES, record + PARTY_MOVES, MOVE_SLOTS);
    memcpy(wBattleMon + BATTLE_PP, record + PARTY_PP, MOVE_SLOTS);
    wBattleMon[BATTLE_LEVEL] = record[PARTY_LEVEL];
    memcpy(wBattleMon + BATTLE_HP, record + PARTY_HP, 4);
    side_stats(OWN);
    battle_screen_status(OWN);
}

static void level_up(u8 index, u8 *record, const species_t *species) {
    u16 before = be16(record + PARTY_MAX_HP);
    record[PARTY_LEVEL]++;
    wEvolvableFlags |= 1 << index;
    creature_stats(record, species);
    be16_put(record + PARTY_HP, be16(record + PARTY_HP) + be16(record + PARTY_MAX_HP) - before);
    battle_copy(index, record);
    name_of(index);
    number_text(wStringBuffer2, record[PARTY_LEVEL]);
    say(TEXT_GREW);
    moves_of_level(index, record, species);
    battle_copy(index, record);
}

static void gain(u8 index, u16 amount) {
    u8 *record = PARTY_MON(index);
    u32 exp = be24(record + PARTY_EXP) + amount, limit = level_exp(LEVEL_MAX);
    species_t species;
    name_of(index);
    number_text(wStringBuffer2, amount);
    say(TEXT_GAINED);
    be24_put(record + PARTY_EXP, exp < limit ? exp : limit);
    species_read(record[PARTY_SPECIES], &species);
    while (record[PARTY_LEVEL] < LEVEL_MAX && exp >= level_exp(record[PARTY_LEVEL] + 1))
        level_up(index, record, &species);
    if (index == wCurBattleMon) battle_screen_status(OWN);
}

void experience_share(void) __banked {
    u8 i, count = 0, takers = wBattleParticipantsNotFainted;
    u16 amount = (u16)wEnemyMonBaseExp * wEnemyMon[BATTLE_LEVEL] / 7;
    if (wBattleMode == BATTLE_TRAINER) amount += amount >> 1;
    side_save(OWN);
    for (i = 0; i < wPartyCount; i++)
        if (takers & 1 << i && be16(PARTY_MON(i) + PARTY_HP)) count++;
    if (!count) return;
    amount /= count;
    for (i = 0; i < wPartyCount; i++)
        if (takers & 1 << i && be16(PARTY_MON(i) + PARTY_HP)) gain(i, amount ? amount : 1);
}

#pragma bank 2
/* Wild creatures choose at random. The careful prefer what works; masters also give medicine and change pals. */
#include <string.h>
#include "battle_foe.h"
#include "battle_screen.h"
#include "data.h"
#include "item.h"
#include "moves.h"
#include "numbers.h"
#include "party.h"
#include "text.h"

enum { SKILL_NONE, SKILL_CAREFUL, SKILL_MASTER };
enum { LAPSE = 32, CHANGES = 2, NEUTRAL_EFFECT = 10, STRONG_EFFECT = 20 }; /* one turn in eight is left to chance */
enum { WORTH_HARM = 50, WORTH_STAGE = 35, WORTH_REST = 100 };              /* beside the power of a move that hits */

trainer_t trainer;
u8 foe_plan;

static u8 changes_left, next_pal;
static move_t move; /* too large for the stack */
static __at(SCRATCH_BENCH) species_t bench;

void foe_read(u8 class, u8 number) {
    const u8 *at = TRAINERS;
    u8 pair[2], i;
    for (;; at += trainer.size) {
        rom_copy(TRAINERS_BANK, &trainer, at, sizeof trainer);
        if (trainer.class == class && trainer.number == number) break;
    }
    at += sizeof trainer;
    wOTPartyCount = trainer.count;
    for (i = 0; i < trainer.count; i++, at += 2) {
        rom_copy(TRAINERS_BANK, pair, at, sizeof pair);
        wOTPartySpecies[i] = pair[1];
        creature_make(wOTPartyMons + (u16)i * PARTY_SIZE, pair[1], pair[0]);
    }
    wEnemyTrainerItem1 = trainer.items[0];
    wEnemyTrainerItem2 = trainer.items[1];
    changes_left = CHANGES;
}

void foe_name(u8 *buffer) { memcpy(buffer, trainer.name, sizeof trainer.name); }

void foe_out(u8 index) {
    side_enter(FOE, index);
    battle_screen_side(FOE);
    foe_name(wStringBuffer1);
    side_name(FOE, wStringBuffer2);
    say_passing(TEXT_TRAINER_SENT);
}

/* ---------------------------------------------------------------- moves */

static u8 may_use(u8 slot) { return wEnemyMon[BATTLE_MOVES + slot] && wEnemyMon[BATTLE_PP + slot]; }

static u8 random_slot(void) {
    u8 slot, tries;
    for (tries = 16; tries; tries--) {
        slot = random_byte() & 3;
        if (may_use(slot)) return slot;
    }
    for (slot = 0; slot < MOVE_SLOTS; slot++)
        if (may_use(slot)) break;
    return slot;
}

static u8 lowers(u8 stage) { return wPlayerStatLevels[stage] < STAGE_NEUTRAL ? 0 : WORTH_STAGE; }

static u8 raises(u8 stage) { return wEnemyStatLevels[stage] > STAGE_NEUTRAL ? 0 : WORTH_STAGE; }

/* A stage is changed once, a status is given to who has none, and rest is for the weary. */
static u8 worth_without_power(u8 effect) {
    switch (effect) {
    case EFFECT_ATTACK_DOWN: return lowers(STAGE_ATTACK);
    case EFFECT_DEFENSE_DOWN: return lowers(STAGE_DEFENSE);
    case EFFECT_SPEED_DOWN: return lowers(STAGE_SPEED);
    case EFFECT_ACCURACY_DOWN: return lowers(STAGE_ACCURACY);
    case EFFECT_ATTACK_UP: return raises(STAGE_ATTACK);
    case EFFECT_DEFENSE_UP: return raises(STAGE_DEFENSE);
    case EFFECT_SPEED_UP: return raises(STAGE_SPEED);
    case EFFECT_SP_ATTACK_UP: return raises(STAGE_SP_ATTACK);
    case EFFECT_RECOVER: return side_hp(FOE) < be16(wEnemyMon + BATTLE_MAX_HP) >> 1 ? WORTH_REST : 0;
    }
    return wBattleMon[BATTLE_STATUS] ? 0 : WORTH_HARM;
}

static u16 worth(u8 slot) {
    u16 value;
    move_read(wEnemyMon[BATTLE_MOVES + slot], &move);
    value = move.power ? (u16)move.power * type_effect(move.type, wBattleMon) / NEUTRAL_EFFECT
                       : worth_without_power(move.effect);
    if (move.power && (move.type == wEnemyMon[BATTLE_TYPE1] || move.type == wEnemyMon[BATTLE_TYPE2]))
        value += value >> 1;
    return (u32)value * move.accuracy >> 8;
}

static u8 best_slot(void) {
    u8 slot, best = MOVE_SLOTS;
    u16 value, most = 0;
    for (slot = 0; slot < MOVE_SLOTS; slot++) {
        if (!may_use(slot)) continue;
        value = worth(slot);
        if (best < MOVE_SLOTS && value <= most) continue;
        best = slot;
        most = value;
    }
    return best;
}

/* ---------------------------------------------------------------- medicine and changes */

static u8 *medicine(void) { return wEnemyTrainerItem1 ? &wEnemyTrainerItem1 : &wEnemyTrainerItem2; }

static u8 wants_medicine(void) { return *medicine() && side_hp(FOE) < be16(wEnemyMon + BATTLE_MAX_HP) >> 2; }

static u8 is_strong(u8 type1, u8 type2, const u8 *against) {
    return type_effect(type1, against) >= STRONG_EFFECT || type_effect(type2, against) >= STRONG_EFFECT;
}

/* Another pal that is strong against the player's, when the one in play is not and is in danger. */
static u8 wants_change(void) {
    if (!changes_left || is_strong(wEnemyMon[BATTLE_TYPE1], wEnemyMon[BATTLE_TYPE2], wBattleMon)) return 0;
    if (!is_strong(wBattleMon[BATTLE_TYPE1], wBattleMon[BATTLE_TYPE2], wEnemyMon) || random_byte() & 1) return 0;
    for (next_pal = 0; next_pal < wOTPartyCount; next_pal++) {
        if (next_pal == wCurOTMon || !be16(wOTPartyMons + (u16)next_pal * PARTY_SIZE + PARTY_HP)) continue;
        species_read(wOTPartySpecies[next_pal], &bench);
        if (is_strong(bench.type1, bench.type2, wBattleMon)) return 1;
    }
    return 0;
}

static void treat(void) {
    item_t item;
    u8 *from = medicine();
    item_read(*from, &item);
    foe_name(wStringBuffer1);
    item_name(*from, wStringBuffer2);
    *from = 0;
    say_passing(TEXT_FOE_USED_ITEM);
    hp_give(FOE, item.amount);
}

static void change(void) {
    changes_left--;
    foe_name(wStringBuffer1);
    side_name(FOE, wStringBuffer2);
    say_passing(TEXT_FOE_CALLED_BACK);
    side_save(FOE);
    foe_out(next_pal);
}

/* ---------------------------------------------------------------- the turn */

u8 foe_choose(void) {
    u8 slot, skill = wBattleMode == BATTLE_TRAINER ? trainer.skill : SKILL_NONE;
    foe_plan = FOE_MOVES;
    if (skill == SKILL_MASTER) {
        if (wants_medicine()) foe_plan = FOE_TREATS;
        else if (wants_change()) foe_plan = FOE_SWITCHES;
        if (foe_plan != FOE_MOVES) return MOVE_STRUGGLE;
    }
    slot = skill && random_byte() >= LAPSE ? best_slot() : random_slot();
    if (slot == MOVE_SLOTS) return MOVE_STRUGGLE;
    wCurEnemyMoveNum = slot;
    wEnemyMon[BATTLE_PP + slot]--;
    return wEnemyMon[BATTLE_MOVES + slot];
}

void foe_carry_out(void) {
    if (foe_plan == FOE_TREATS) treat();
    else change();
}

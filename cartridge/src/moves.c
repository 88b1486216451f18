#pragma bank 2
#include "moves.h"
#include "battle_screen.h"
#include "data.h"
#include "numbers.h"
#include "text.h"

enum {
    NORMAL_EFFECT = 10,
    CHART_END = 255,
    CRITICAL_CHANCE = 16,
    HIGH_CRITICAL_CHANCE = 64,
    SAME_TYPE = 0x80,
    DAMAGE_MAX = 997
};

static move_t move;

static u8 by_chance(u8 chance) { return chance == 255 || random_byte() < chance; }

u8 type_effect(u8 type, const u8 *mon) {
    u8 row[3], factor = NORMAL_EFFECT, i;
    const u8 *entry = TYPE_CHART;
    for (;; entry += sizeof row) {
        rom_copy(TYPE_CHART_BANK, row, entry, sizeof row);
        if (row[0] == CHART_END) return factor;
        if (row[0] != type) continue;
        for (i = BATTLE_TYPE1; i <= BATTLE_TYPE2; i++) {
            if (row[1] == mon[i] && (i == BATTLE_TYPE1 || mon[BATTLE_TYPE1] != mon[BATTLE_TYPE2]))
                factor = (u16)factor * row[2] / 10;
        }
    }
}

/* Crystal's order: level and power, attack over defense, critical, same type, effectiveness, 217..255 of 255. */
static void damage_set(u8 side) {
    const u8 *attacker = side_mon(side), *target = side_mon(side ^ 1);
    u8 special = move.type >= FIRST_SPECIAL_TYPE, factor;
    u32 damage = (u16)(attacker[BATTLE_LEVEL] * 2 / 5 + 2) * move.power;
    damage = damage * be16(attacker + (special ? BATTLE_SP_ATTACK : BATTLE_ATTACK)) /
             be16(target + (special ? BATTLE_SP_DEFENSE : BATTLE_DEFENSE)) / 50;
    wCriticalHit = random_byte() < (move.effect == EFFECT_HIGH_CRITICAL ? HIGH_CRITICAL_CHANCE : CRITICAL_CHANCE);
    if (wCriticalHit) damage <<= 1;
    if (damage > DAMAGE_MAX) damage = DAMAGE_MAX;
    damage += 2;
    factor = (side == OWN ? wCurPlayerMove : wCurEnemyMove) == MOVE_STRUGGLE ? NORMAL_EFFECT
                                                                             : type_effect(move.type, target);
    wTypeModifier = factor;
    if (move.type == attacker[BATTLE_TYPE1] || move.type == attacker[BATTLE_TYPE2]) {
        damage += damage >> 1;
        wTypeModifier |= SAME_TYPE;
    }
    damage = damage * factor / 10;
    damage = damage * (217 + random_byte() % 39) / 255;
    if (!damage && factor) damage = 1;
    be16_put(wCurDamage, damage);
}

static u8 hits(u8 side) {
    static const u8 percent[] = {33, 36, 43, 50, 60, 75, 100, 133, 166, 200, 250, 255, 255};
    u16 chance;
    if (move.accuracy == 255 && side_stages(side)[STAGE_ACCURACY] >= STAGE_NEUTRAL) return 1;
    chance = (u16)((u32)move.accuracy * percent[side_stages(side)[STAGE_ACCURACY] - 1] / 100);
    return random_byte() < (chance > 255 ? 255 : chance);
}

static void stage_change(u8 side, u8 stage, u8 rises) {
    u8 *value = side_stages(side) + stage;
    if (*value == (rises ? STAGE_MAX : 1)) {
        say_passing(TEXT_STAT_LIMIT);
        return;
    }
    if (rises) ++*value;
    else --*value;
    side_stats(side);
    side_name(side, wStringBuffer1);
    text_copy(TEXT_ATTACK + stage, wStringBuffer2, NAME_LONG);
    say_passing(rises ? TEXT_STAT_ROSE : TEXT_STAT_FELL);
}

static void status_give(u8 side, u8 status, u16 text) {
    u8 *mon = side_mon(side);
    if (mon[BATTLE_STATUS] || !side_hp(side)) {
        if (!move.power) say_passing(TEXT_STAT_LIMIT);
        return;
    }
    mon[BATTLE_STATUS] = status;
    side_stats(side);
    battle_screen_status(side);
    side_name(side, wStringBuffer1);
    say_passing(text);
}

static void drain(u8 side) {
    u16 half = be16(wCurDamage) >> 1;
    hp_give(side, half ? half : 1);
    side_name(side ^ 1, wStringBuffer1);
    say_passing(TEXT_DRAINED);
}

static void effect_do(u8 side) {
    u8 other = side ^ 1;
    switch (move.effect) {
    case EFFECT_ATTACK_DOWN: stage_change(other, STAGE_ATTACK, 0); break;
    case EFFECT_DEFENSE_DOWN: stage_change(other, STAGE_DEFENSE, 0); break;
    case EFFECT_SPEED_DOWN: stage_change(other, STAGE_SPEED, 0); break;
    case EFFECT_ACCURACY_DOWN: stage_change(other, STAGE_ACCURACY, 0); break;
    case EFFECT_ATTACK_UP: stage_change(side, STAGE_ATTACK, 1); break;
    case EFFECT_DEFENSE_UP: stage_change(side, STAGE_DEFENSE, 1); break;
    case EFFECT_SPEED_UP: stage_change(side, STAGE_SPEED, 1); break;
    case EFFECT_SP_ATTACK_UP: stage_change(side, STAGE_SP_ATTACK, 1); break;
    case EFFECT_POISON: status_give(other, STATUS_POISON, TEXT_POISONED); break;
    case EFFECT_BURN: status_give(other, STATUS_BURN, TEXT_BURNED); break;
    case EFFECT_PARALYZE: status_give(other, STATUS_PARALYSIS, TEXT_PARALYZED); break;
    case EFFECT_SLEEP: status_give(other, 2 + (random_byte() & 3), TEXT_ASLEEP); break;
    case EFFECT_DRAIN: drain(side); break;
    case EFFECT_RECOVER: hp_give(side, be16(side_mon(side) + BATTLE_MAX_HP) >> 1); break;
    case EFFECT_RECOIL: hp_take(side, (be16(wCurDamage) >> 2) + 1); break;
    }
}

static void strike(u8 side) {
    u8 other = side ^ 1, factor;
    damage_set(side);
    factor = wTypeModifier & 0x7F;
    if (!factor) {
        side_name(other, wStringBuffer1);
        say_passing(TEXT_NO_EFFECT);
        wAttackMissed = 1;
        return;
    }
    battle_screen_blink(other);
    hp_take(other, be16(wCurDamage));
    if (wCriticalHit) say_passing(TEXT_CRITICAL);
    if (factor != NORMAL_EFFECT) say_passing(factor > NORMAL_EFFECT ? TEXT_SUPER : TEXT_WEAK);
}

void move_use(u8 side, u8 number) __banked {
    move_read(number, &move);
    if (side == OWN) wCurPlayerMove = number;
    else wCurEnemyMove = number;
    wAttackMissed = 0;
    side_name(side, wStringBuffer1);
    rom_copy(MOVES_BANK, wStringBuffer2, MOVES + (u16)(number - 1) * sizeof(move_t), NAME_LONG);
    say_passing(side == OWN ? TEXT_USED : TEXT_FOE_USED);
    if (!hits(side)) {
        wAttackMissed = 1;
        say_passing(TEXT_MISSED);
        return;
    }
    if (move.power) strike(side);
    if (!wAttackMissed && (!move.power || by_chance(move.chance))) effect_do(side);
}

u8 move_may_act(u8 side) __banked {
    u8 *mon = side_mon(side);
    hBattleTurn = side;
    side_name(side, wStringBuffer1);
    if (mon[BATTLE_STATUS] & STATUS_SLEEP) {
        mon[BATTLE_STATUS]--;
        if (mon[BATTLE_STATUS] & STATUS_SLEEP) {
            say_passing(TEXT_STILL_ASLEEP);
            return 0;
        }
        battle_screen_status(side);
        say_passing(TEXT_WOKE_UP);
    }
    if (mon[BATTLE_STATUS] & STATUS_PARALYSIS && random_byte() < 64) {
        say_passing(TEXT_CANNOT_MOVE);
        return 0;
    }
    return 1;
}

void turn_end(u8 side) __banked {
    const u8 *mon = side_mon(side);
    u16 loss = be16(mon + BATTLE_MAX_HP) >> 3;
    if (!side_hp(side) || !(mon[BATTLE_STATUS] & (STATUS_POISON | STATUS_BURN))) return;
    side_name(side, wStringBuffer1);
    say_passing(mon[BATTLE_STATUS] & STATUS_POISON ? TEXT_HURT_POISON : TEXT_HURT_BURN);
    hp_take(side, loss ? loss : 1);
}

u8 move_priority(u8 number) __banked {
    move_read(number, &move);
    return move.effect == EFFECT_PRIORITY;
}

#pragma bank 4
#include <string.h>
#include "item_use.h"
#include "battle_side.h"
#include "data.h"
#include "numbers.h"
#include "party.h"

enum { STATUS_ANY = 0xFF };

/* The status bits that an item takes away. */
static u8 cures(u8 effect) {
    switch (effect) {
    case ITEM_EFFECT_CURE_POISON: return STATUS_POISON;
    case ITEM_EFFECT_CURE_BURN: return STATUS_BURN;
    case ITEM_EFFECT_CURE_SLEEP: return STATUS_SLEEP;
    case ITEM_EFFECT_CURE_PARALYSIS: return STATUS_PARALYSIS;
    case ITEM_EFFECT_CURE_ALL: return STATUS_ANY;
    }
    return 0;
}

u8 item_is_medicine(const item_t *item) __banked {
    return item->effect == ITEM_EFFECT_HEAL || item->effect == ITEM_EFFECT_REVIVE || cures(item->effect);
}

static u8 heal(u8 *record, u16 amount) {
    u16 hp = be16(record + PARTY_HP), max = be16(record + PARTY_MAX_HP);
    if (hp == max) return 0;
    be16_put(record + PARTY_HP, max - hp > amount ? hp + amount : max);
    return 1;
}

u8 item_treat(u8 index, const item_t *item) __banked {
    u8 *record = PARTY_MON(index);
    u16 hp = be16(record + PARTY_HP);
    if (wPartySpecies[index] == EGG) return 0;
    if (item->effect == ITEM_EFFECT_REVIVE) {
        if (hp) return 0;
        heal(record, (u32)be16(record + PARTY_MAX_HP) * item->amount / 100);
        return 1;
    }
    if (!hp) return 0;
    if (item->effect == ITEM_EFFECT_HEAL) {
        if (!heal(record, item->amount)) return 0;
    } else {
        if (!(record[PARTY_STATUS] & cures(item->effect))) return 0;
        record[PARTY_STATUS] = 0;
    }
    if (wBattleMode && index == wCurBattleMon) {
        memcpy(wBattleMon + BATTLE_HP, record + PARTY_HP, 2);
        wBattleMon[BATTLE_STATUS] = record[PARTY_STATUS];
        side_stats(OWN);
    }
    return 1;
}

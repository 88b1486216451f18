#pragma bank 2
/* Between party records and the records of the creatures in play. */
#include <string.h>
#include "battle_side.h"
#include "numbers.h"
#include "party.h"

void side_save(u8 side) __banked {
    const u8 *mon = side_mon(side);
    u8 *record = side_record(side);
    memcpy(record + PARTY_PP, mon + BATTLE_PP, MOVE_SLOTS);
    record[PARTY_STATUS] = mon[BATTLE_STATUS];
    memcpy(record + PARTY_HP, mon + BATTLE_HP, 2);
}

static u16 staged(u16 value, u8 stage) {
    static const u16 percent[] = {25, 28, 33, 40, 50, 66, 100, 150, 200, 250, 300, 350, 400};
    u32 result = (u32)value * percent[stage - 1] / 100;
    if (result > 999) return 999;
    return result ? result : 1;
}

void side_stats(u8 side) __banked {
    u8 *mon = side_mon(side);
    const u8 *record = side_record(side), *stages = side_stages(side);
    u8 i;
    u16 value;
    for (i = 0; i < 5; i++) {
        value = staged(be16(record + PARTY_ATTACK + i * 2), stages[i]);
        if (i == STAGE_ATTACK && mon[BATTLE_STATUS] & STATUS_BURN) value >>= 1;
        if (i == STAGE_SPEED && mon[BATTLE_STATUS] & STATUS_PARALYSIS) value >>= 2;
        be16_put(mon + BATTLE_ATTACK + i * 2, value ? value : 1);
    }
}

void side_enter(u8 side, u8 index) __banked {
    u8 *mon = side_mon(side), *record;
    species_t species;
    if (side == OWN) wCurBattleMon = index;
    else wCurOTMon = index;
    record = side_record(side);
    species_read(record[PARTY_SPECIES], &species);
    memcpy(mon, record, BATTLE_DVS);
    memcpy(mon + BATTLE_DVS, record + PARTY_DVS, 2);
    memcpy(mon + BATTLE_PP, record + PARTY_PP, MOVE_SLOTS);
    mon[BATTLE_HAPPINESS] = record[PARTY_HAPPINESS];
    mon[BATTLE_LEVEL] = record[PARTY_LEVEL];
    mon[BATTLE_STATUS] = record[PARTY_STATUS];
    memcpy(mon + BATTLE_HP, record + PARTY_HP, 4);
    mon[BATTLE_TYPE1] = species.type1;
    mon[BATTLE_TYPE2] = species.type2;
    memset(side_stages(side), STAGE_NEUTRAL, STAGES);
    side_stats(side);
    if (side == OWN) {
        memcpy(wBattleMonNickname, wPartyMonNicknames + index * NICKNAME_SIZE, NICKNAME_SIZE);
        wBattleParticipantsNotFainted |= 1 << index;
        return;
    }
    memcpy(wEnemyMonNickname, species.name, NICKNAME_SIZE);
    memcpy(wEnemyMonBaseStats, species.base, sizeof wEnemyMonBaseStats);
    wEnemyMonCatchRate = species.catch_rate;
    wEnemyMonBaseExp = species.base_exp;
    wBattleParticipantsNotFainted = 1 << wCurBattleMon;
    dex_see(mon[BATTLE_SPECIES]);
}

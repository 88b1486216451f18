#include <string.h>
#include "battle_side.h"
#include "numbers.h"
#include "party.h"

u8 *side_mon(u8 side) { return side == OWN ? wBattleMon : wEnemyMon; }

u8 *side_record(u8 side) { return side == OWN ? PARTY_MON(wCurBattleMon) : wOTPartyMons + (u16)wCurOTMon * PARTY_SIZE; }

u8 *side_stages(u8 side) { return side == OWN ? wPlayerStatLevels : wEnemyStatLevels; }

u8 *side_nickname(u8 side) { return side == OWN ? wBattleMonNickname : wEnemyMonNickname; }

void side_name(u8 side, u8 *buffer) { memcpy(buffer, side_nickname(side), NICKNAME_SIZE); }

u16 side_hp(u8 side) { return be16(side_mon(side) + BATTLE_HP); }

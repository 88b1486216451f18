/* The two creatures in a battle. Everything about them stands at Crystal's addresses; a side is only an index. */
#ifndef BATTLE_SIDE_H
#define BATTLE_SIDE_H
#include "species.h"

enum { OWN, FOE };
enum { BATTLE_NONE, BATTLE_WILD, BATTLE_TRAINER }; /* wBattleMode */
enum {
    STAGE_ATTACK,
    STAGE_DEFENSE,
    STAGE_SPEED,
    STAGE_SP_ATTACK,
    STAGE_SP_DEFENSE,
    STAGE_ACCURACY,
    STAGE_EVASION,
    STAGES,
    STAGE_NEUTRAL = 7,
    STAGE_MAX = 13
};
enum { STATUS_SLEEP = 7, STATUS_POISON = 8, STATUS_BURN = 16, STATUS_PARALYSIS = 64 };

u8 *side_mon(u8 side);    /* battle_struct */
u8 *side_record(u8 side); /* party_struct */
u8 *side_stages(u8 side);
u8 *side_nickname(u8 side);
void side_name(u8 side, u8 *buffer);
void side_enter(u8 side, u8 index) __banked; /* the creature at that place of its party comes out */
void side_save(u8 side) __banked;            /* HP, PP and status back to the party */
void side_stats(u8 side) __banked;           /* stats with stages, burn and paralysis */
u16 side_hp(u8 side);

#endif

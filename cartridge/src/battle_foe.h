/* The trainer on the other side of a battle: who it is and what it does in a turn. For code of bank 2. */
#ifndef BATTLE_FOE_H
#define BATTLE_FOE_H
#include "battle_side.h"

enum { FOE_MOVES, FOE_TREATS, FOE_SWITCHES };

/* A trainer's record starts like this; cartridge/tools/game_data.py packs it. */
typedef struct {
    u8 size, class, number, reward, skill, items[2], name[11], count;
} trainer_t;

extern trainer_t trainer;
extern u8 foe_plan; /* for this turn */

void foe_read(u8 class, u8 number); /* the record, and wOTPartyMons from it */
void foe_name(u8 *buffer);
void foe_out(u8 index);
u8 foe_choose(void);      /* sets foe_plan and returns a move, which only FOE_MOVES uses */
void foe_carry_out(void); /* a plan that is no move */

#endif

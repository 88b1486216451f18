/* The player's steps: turning, walking, ledges, and what happens on arrival. */
#ifndef PLAYER_H
#define PLAYER_H
#include "map.h"

extern u8 player_step_frames; /* frames left of the step under way */
extern u8 player_step_parity; /* flips the walking picture every other step */

enum { PLAYER_WALKS, PLAYER_RIDES_RAFT = 4 }; /* wPlayerState */

void player_place(u8 x, u8 y, u8 direction);
void player_frame(void); /* one frame of the overworld */
void player_step_forced(u8 direction);
u8 player_facing(void);
void player_state_set(u8 state); /* how the player moves, and its figure (seen after view_player or view_load) */
u8 player_can_step(u8 direction);

#endif

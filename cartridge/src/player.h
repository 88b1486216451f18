/* The player on the map: where it stands, how it moves, and the beginning of a step. */
#ifndef PLAYER_H
#define PLAYER_H
#include "map.h"

enum { PLAYER_WALKS, PLAYER_RIDES_RAFT = 4 }; /* wPlayerState */

extern u8 player_turn_frames; /* frames left of the turn under way */
extern u8 player_was_moving;  /* the last frame ended a step or a turn: the next direction needs no turn of its own */
extern u8 player_climbs;      /* the step under way goes up a waterfall */
extern u8 player_hop_steps;   /* steps left of a jump over a ledge, with the one under way */

u8 player_facing(void);
void player_state_set(u8 state); /* how the player moves, and its figure (seen after view_player or view_load) */
void player_place(u8 x, u8 y, u8 direction);
void player_neighbours_publish(void); /* what lies under the player and on the four steps around */
void player_step_begin(u8 direction);

#endif

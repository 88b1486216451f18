/* A step under way, and what happens where it ends. */
#ifndef PLAYER_ARRIVAL_H
#define PLAYER_ARRIVAL_H
#include "state.h"

void player_step_frame(void); /* one frame of the step that player_step_begin began */

#endif

/* The player at the buttons: walking, turning, hopping, talking, the START menu. */
#ifndef PLAYER_WALK_H
#define PLAYER_WALK_H
#include "state.h"

void player_frame(void); /* one frame of the overworld */

#endif

/* The next step: which direction is asked for, and whether it is open. */
#ifndef PLAYER_PATH_H
#define PLAYER_PATH_H
#include "map.h"

u8 player_can_step(u8 direction);
u8 path_is_walled(u8 x, u8 y, u8 direction); /* a side wall bars that side of the step */
u8 player_is_on_ledge(u8 direction);         /* one to hop over in that direction */
u8 player_is_on_mat(u8 direction);           /* one to leave by in that direction */
u8 player_held_direction(void);              /* NO_DIRECTION without one */
void player_step_forced(u8 direction);       /* a step that no button asked for */

#endif

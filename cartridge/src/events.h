/* What the map does to the player: warps, trainers' eyes, scripts, tall grass, talking. */
#ifndef EVENTS_H
#define EVENTS_H
#include "state.h"

void events_after_step(void);
void events_warp_here(void);
u8 events_talk(void); /* 1 if there was something to talk to */

#endif

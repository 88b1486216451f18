/* Where to fly: the healers' towns that were visited, the first at the bottom. */
#ifndef FLY_SCREEN_H
#define FLY_SCREEN_H
#include "state.h"

enum { NO_PLACE = 255 };

u8 fly_screen(void) __banked; /* the place's number, NO_PLACE when left; the map is to be loaded again */

#endif

/* Setting the clock as in Crystal: the hour, then the minute, each turned with up and down and asked for again. */
#ifndef CLOCK_SCREEN_H
#define CLOCK_SCREEN_H
#include "state.h"

void clock_set(u8 hour) __banked; /* the hour that it shows at first */

#endif

/* One pal in full: picture, types, stats, experience, moves. */
#ifndef STATS_SCREEN_H
#define STATS_SCREEN_H
#include "state.h"

void stats_screen(u8 index) __banked; /* until A or B */

#endif

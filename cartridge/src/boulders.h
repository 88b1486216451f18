/* Boulders: pushed by who walks against them once somebody's strength was asked for. */
#ifndef BOULDERS_H
#define BOULDERS_H
#include "state.h"

enum { STRENGTH_ON = 1 }; /* wBikeFlags, until the map is left */

extern u8 boulder_rolling; /* map object of the boulder under way, 0 = none */

u8 boulder_push(u8 direction) __banked; /* 1: what stands ahead is a boulder and rolls */
u8 boulder_lies(void) __banked;         /* 0: it still rolls */

#endif

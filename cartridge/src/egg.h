/* Eggs of the party: they hatch by steps, as in Crystal. */
#ifndef EGG_H
#define EGG_H
#include "state.h"

/* 0: neither party nor box has room; 2: the last pal went to the box for it, its name is in wStringBuffer1. */
u8 egg_give(u8 species, u8 cycles) __banked;
u8 egg_step(void) __banked; /* after a step: 1 if one hatched */

#endif

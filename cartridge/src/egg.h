/* Eggs of the party: they hatch by steps, as in Crystal. */
#ifndef EGG_H
#define EGG_H
#include "state.h"

u8 egg_give(u8 species, u8 cycles) __banked; /* 0: the party is full */
u8 egg_step(void) __banked;                  /* after a step: 1 if one hatched */

#endif

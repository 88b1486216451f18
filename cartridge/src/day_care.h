/* A pal that stays with the day care and grows by the player's steps. */
#ifndef DAY_CARE_H
#define DAY_CARE_H
#include "state.h"

void day_care(void) __banked; /* the whole talk: leave a pal, or take it back */
void day_care_step(void) __banked;

#endif

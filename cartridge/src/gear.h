/* The gear of the START menu, Crystal's Pokegear: clock, phone and radio as cards, and the calls that come by phone. */
#ifndef GEAR_H
#define GEAR_H
#include "gear_cards.h"
#include "state.h"

void gear_screen(void) __banked;
u8 gear_rings(void) __banked; /* after a step: 1 if a call has come and is over */

#endif

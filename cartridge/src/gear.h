/* The gear of the START menu, Crystal's Pokegear: clock, phone and radio as cards, and the calls that come by phone. */
#ifndef GEAR_H
#define GEAR_H
#include "state.h"

/* Bits of wPokegearFlags. */
enum { GEAR_HAS_RADIO = 2, GEAR_HAS_PHONE = 4, GEAR_OWNED = 0x80 };

void gear_screen(void) __banked;
u8 gear_rings(void) __banked; /* after a step: 1 if a call has come and is over */

#endif

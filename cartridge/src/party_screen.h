/* The list of pals that fills the screen. */
#ifndef PARTY_SCREEN_H
#define PARTY_SCREEN_H
#include "party.h"

u8 party_screen(u16 prompt, u8 can_cancel) __banked; /* index, MENU_CANCELLED */

#endif

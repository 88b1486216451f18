/* The party and the bag outside of battles. */
#ifndef FIELD_MENU_H
#define FIELD_MENU_H
#include "state.h"

u8 field_party(void) __banked; /* a machine's move to be used: its number from 1, wCurPartyMon knows it; 0: none */
void field_pack(void) __banked;

#endif

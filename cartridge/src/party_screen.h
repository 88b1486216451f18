/* The list of pals that fills the screen. */
#ifndef PARTY_SCREEN_H
#define PARTY_SCREEN_H
#include "party.h"

u8 party_can_learn(u8 index, u8 machine) __banked;   /* machine: number of the HM, from 0 */
u8 party_screen_machine(u8 machine) __banked;        /* the same list, telling who can learn from it */
u8 party_screen(u16 prompt, u8 can_cancel) __banked; /* index, MENU_CANCELLED */

#endif

/* Moves of machines used on the way: on the ground ahead, on boulders, from the list of pals. */
#ifndef FIELD_MOVES_H
#define FIELD_MOVES_H
#include "state.h"

u8 field_move_ahead(u8 direction) __banked;            /* 1 if what lies ahead was worth a word */
void field_move_boulder(void) __banked;                /* a boulder was spoken to */
void field_move_chosen(u8 machine, u8 index) __banked; /* number of the HM from 0, whose move it is */

#endif

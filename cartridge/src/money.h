/* The player's money. */
#ifndef MONEY_H
#define MONEY_H
#include "state.h"

void money_give(u32 amount) __banked;
u8 money_take(u32 amount) __banked;                  /* 0: too little */
void money_number(u8 *text, u32 amount) __banked;    /* up to six digits */
void money_put(u8 right, u8 y, u32 amount) __banked; /* with its sign, ending before that column */

#endif

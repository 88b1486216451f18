/* Who is playing: name, money, badges, pals seen and caught, time played. */
#ifndef PLAYER_CARD_H
#define PLAYER_CARD_H
#include "state.h"

void player_summary(u8 x, u8 y) __banked; /* four lines, 16 wide: also shown before a saved game goes on */
void player_card(void) __banked;

#endif

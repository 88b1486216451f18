/* What a battle looks like: pictures, names, bars. */
#ifndef BATTLE_SCREEN_H
#define BATTLE_SCREEN_H
#include "battle_side.h"

void battle_screen_open(void) __banked;    /* all of it, after another screen had video memory */
void battle_screen_side(u8 side) __banked; /* picture and status of a creature that came out */
void battle_screen_status(u8 side) __banked;
void battle_screen_blink(u8 side) __banked;
void battle_screen_portrait(u8 species, u8 left, u8 top) __banked; /* one creature alone on an empty screen */
void status_word(u8 x, u8 y, u8 status, u8 level) __banked;        /* the level, for who is well */
void battle_screen_gone(u8 side) __banked;
void hp_take(u8 side, u16 amount) __banked; /* the bar runs down */
void hp_give(u8 side, u16 amount) __banked;
void hp_bar(u8 x, u8 y, u16 hp, u16 max) __banked;

#endif

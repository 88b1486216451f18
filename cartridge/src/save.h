/* The saved game in cartridge RAM, laid out as Crystal's: options, the block from wPlayerID on, two marks and a sum. */
#ifndef SAVE_H
#define SAVE_H
#include "state.h"

/* Cartridge RAM answers only while it is open. */
#define CARTRIDGE_RAM_OPEN() (*(volatile u8 *)0x0000 = 0x0A, *(volatile u8 *)0x4000 = 1)
#define CARTRIDGE_RAM_CLOSE() (*(volatile u8 *)0x0000 = 0)

enum { GAME_DATA_SIZE = 2938 }; /* wPlayerID .. DFF4, as in sGameData */

u8 save_ask(void) __banked; /* 1 if the game was saved */
void save_write(void) __banked;
u8 save_exists(void) __banked; /* with a right sum */
void save_load(void) __banked;

#endif

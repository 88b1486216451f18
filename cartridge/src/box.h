/* Pals kept in cartridge RAM, twenty of them, in Crystal's layout of a box. */
#ifndef BOX_H
#define BOX_H
#include "state.h"

enum { BOX_MAX = 20 };

void box_clear(void) __banked;
u8 box_count(void) __banked;
u8 box_add(const u8 *record, const u8 *nickname) __banked; /* 0: full */
void box_screen(void) __banked;                            /* the computer: taking out and putting in */

#endif

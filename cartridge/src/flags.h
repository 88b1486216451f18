/* Event flags: 2048 bits at wEventFlags. */
#ifndef FLAGS_H
#define FLAGS_H
#include "state.h"

enum { FLAG_NONE = 0xFFFF };

u8 flag_get(u16 flag);
void flag_set(u16 flag);
void flag_clear(u16 flag);

#endif

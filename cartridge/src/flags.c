#include "flags.h"

static u8 mask_of(u16 flag) { return 1 << (flag & 7); }

u8 flag_get(u16 flag) { return (wEventFlags[flag >> 3] & mask_of(flag)) != 0; }

void flag_set(u16 flag) { wEventFlags[flag >> 3] |= mask_of(flag); }

void flag_clear(u16 flag) { wEventFlags[flag >> 3] &= ~mask_of(flag); }

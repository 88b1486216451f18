/* Big-endian words, as the party and battle records keep them. */
#ifndef NUMBERS_H
#define NUMBERS_H
#include "hardware.h"

u16 be16(const u8 *field);
void be16_put(u8 *field, u16 value);
u32 be24(const u8 *field);
void be24_put(u8 *field, u32 value);

#endif

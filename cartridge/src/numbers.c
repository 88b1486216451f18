#include "numbers.h"

u16 be16(const u8 *field) { return ((u16)field[0] << 8) | field[1]; }

void be16_put(u8 *field, u16 value) {
    field[0] = value >> 8;
    field[1] = (u8)value;
}

u32 be24(const u8 *field) { return ((u32)field[0] << 16) | be16(field + 1); }

void be24_put(u8 *field, u32 value) {
    field[0] = value >> 16;
    be16_put(field + 1, (u16)value);
}

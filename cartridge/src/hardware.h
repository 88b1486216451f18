/* Types, hardware registers and the routines of home.s. */
#ifndef HARDWARE_H
#define HARDWARE_H
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef int8_t s8;
typedef int16_t s16;

__sfr __at(0x40) rLCDC;
__sfr __at(0x4A) rWY;
__sfr __at(0x4B) rWX;
__sfr __at(0x4F) rVBK;
__sfr __at(0x51) rHDMA1;
__sfr __at(0x52) rHDMA2;
__sfr __at(0x53) rHDMA3;
__sfr __at(0x54) rHDMA4;
__sfr __at(0x55) rHDMA5;
__sfr __at(0x68) rBCPS;
__sfr __at(0x69) rBCPD;
__sfr __at(0x6A) rOCPS;
__sfr __at(0x6B) rOCPD;

enum {
    BUTTON_A = 1,
    BUTTON_B = 2,
    BUTTON_SELECT = 4,
    BUTTON_START = 8,
    BUTTON_RIGHT = 16,
    BUTTON_LEFT = 32,
    BUTTON_UP = 64,
    BUTTON_DOWN = 128
};
enum { DOWN, UP, LEFT, RIGHT, NO_DIRECTION = 255 };

void wait_frame(void);
void reset(void); /* as if power had been switched off and on */
void colours_put(const u8 *background, const u8 *objects);
u8 random_byte(void);
u8 rom_switch(u8 bank);
void rom_copy(u8 bank, void *destination, const void *source, u16 count);
u8 rom_byte(u8 bank, const void *source);

#endif

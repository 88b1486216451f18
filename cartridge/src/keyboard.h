/* The keyboard on which a name is typed letter by letter, with Crystal's layout, buttons and variables. */
#ifndef KEYBOARD_H
#define KEYBOARD_H
#include "state.h"

/* wNamingScreenType */
enum { NAME_OF_PAL, NAME_OF_PLAYER, NAME_OF_RIVAL, NAME_OF_BOAT };

/* Asks for at most `size` letters at `name`, which is left empty where nobody types. The map is shown again after. */
void keyboard(u8 kind, u16 prompt, u8 *name, u8 size) __banked;

#endif

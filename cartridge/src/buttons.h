/* Buttons as Crystal polls them: the raw state changes every frame, the game's copy when the running code asks. */
#ifndef BUTTONS_H
#define BUTTONS_H
#include "state.h"

void buttons_poll(void);
void buttons_forget(void);
u8 buttons_wait(u8 mask);

#endif

#include "buttons.h"

/* hJoyPressed collects what went down since the last poll, so a tap during slow code is not lost. */
void buttons_poll(void) {
    u8 down = hJoypadDown;
    hJoyPressed = hJoypadSum;
    hJoypadSum = 0;
    hJoyReleased = hJoyDown & ~down;
    hJoyDown = down;
}

void buttons_forget(void) {
    hJoypadSum = 0;
    hJoyPressed = 0;
}

/* Waits for a fresh press of one of the buttons of the mask. */
u8 buttons_wait(u8 mask) {
    u8 pressed;
    buttons_forget();
    for (;;) {
        wait_frame();
        buttons_poll();
        pressed = hJoyPressed & mask;
        if (pressed) return pressed;
    }
}

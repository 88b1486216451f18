/* The end of the story. */
#ifndef CREDITS_H
#define CREDITS_H

void credits(void) __banked; /* saves, shows who made the game, and starts the console anew */

#endif

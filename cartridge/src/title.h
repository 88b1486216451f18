/* From power on to the first free step. */
#ifndef TITLE_H
#define TITLE_H
#include "state.h"

u8 title(void) __banked; /* 1 when a saved game goes on */

#endif

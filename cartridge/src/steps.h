/* What every step outside of battles wears on: the repellent, poison. */
#ifndef STEPS_H
#define STEPS_H
#include "state.h"

u8 steps_count(void) __banked; /* 1 if something was said */

#endif

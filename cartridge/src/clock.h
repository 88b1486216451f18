/* Day and night. */
#ifndef CLOCK_H
#define CLOCK_H
#include "state.h"

enum { MORNING, DAY, NIGHT }; /* wTimeOfDay */
enum { FIRST_HOUR = 10, MORNING_HOUR = 4, DAY_HOUR = 10, NIGHT_HOUR = 18 };

void clock_read(void); /* wTimeOfDay from hHours */

#endif

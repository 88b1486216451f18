#include "clock.h"

void clock_read(void) {
    if (hHours < MORNING_HOUR || hHours >= NIGHT_HOUR) wTimeOfDay = NIGHT;
    else wTimeOfDay = hHours < DAY_HOUR ? MORNING : DAY;
}

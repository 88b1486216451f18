/* All pals have fainted: half of the money is gone, and the player wakes up where there was rest last. */
#ifndef FAINT_H
#define FAINT_H
#include "state.h"

void white_out(void);

#endif

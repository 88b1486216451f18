/* Machines: what is in them is taught to a pal. */
#ifndef MACHINES_H
#define MACHINES_H
#include "state.h"

void machine_use(u8 item); /* from the bag; only for code of bank 4 */

#endif

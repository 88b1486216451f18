/* Pals that change their kind once they are old enough. */
#ifndef EVOLUTION_H
#define EVOLUTION_H
#include "state.h"

void evolve_party(void) __banked; /* those who grew in the battle that was just won */

#endif

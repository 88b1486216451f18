/* What a won fight gives: experience, levels, moves. */
#ifndef EXPERIENCE_H
#define EXPERIENCE_H
#include "party.h"

void experience_share(void) __banked; /* the foe has fainted: everyone who took part and still stands gains */

#endif

/* What a won fight gives: experience, levels, moves. */
#ifndef EXPERIENCE_H
#define EXPERIENCE_H
#include "party.h"

void move_learn(u8 index, u8 *record, u8 move); /* asks what to give up where it must; only for code of bank 4 */
void moves_of_level(u8 index, u8 *record, const species_t *species); /* only for code of bank 4 */
void experience_share(void) __banked; /* the foe has fainted: everyone who took part and still stands gains */

#endif

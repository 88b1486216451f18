/* The party and the bag outside of battles. */
#ifndef FIELD_MENU_H
#define FIELD_MENU_H
#include "state.h"

void field_party(void) __banked;
void field_pack(void) __banked;

#endif

/* Trainers on the map: who sees the player walks up, talks and fights. */
#ifndef TRAINER_H
#define TRAINER_H
#include "state.h"

u8 trainer_sees(u8 object, u8 distance) __banked; /* 1 if it came to a fight */
void trainer_talk(u8 object) __banked;

#endif

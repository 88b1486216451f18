/* Crossing water with the key item for it. */
#ifndef RAFT_H
#define RAFT_H
#include "state.h"

u8 raft_board(u8 direction) __banked; /* 1 if the water ahead was worth a question */

#endif

/* Where a script is read, and the operations that say nothing and start nothing: flags, variables, jumps, places. */
#ifndef QUIET_H
#define QUIET_H
#include "state.h"

extern u16 script_at; /* the next byte, in wScriptBank */

u8 script_next(void);
u16 script_next16(void);
void script_jump_if(u8 condition);
u8 quiet_operation(u8 operation);     /* 0: it is not one of these */
void quiet_run(u16 address) __banked; /* until an operation that is none of these */

#endif

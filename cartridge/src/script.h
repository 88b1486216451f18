/* Event scripts: a bytecode compiled from cartridge/data/scripts, run from the map's event bank. */
#ifndef SCRIPT_H
#define SCRIPT_H
#include "state.h"

void script_run(u16 address, u8 kind) __banked;
void script_run_at(u8 bank, u16 address) __banked; /* one that belongs to no map; wScriptRunning is set */
void script_item_ball(u8 object) __banked;
u8 script_hidden_item(u16 address) __banked; /* 0: it was found before */

#endif

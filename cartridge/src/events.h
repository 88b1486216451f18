/* What the map does to the player: edges, warps, trainers' eyes, tall grass, talking. */
#ifndef EVENTS_H
#define EVENTS_H
#include "map.h"

/* Values of wScriptRunning. */
enum {
    SCRIPT_NONE,
    SCRIPT_SEEN_BY_TRAINER,
    SCRIPT_TALK_TRAINER,
    SCRIPT_ITEM_BALL,
    SCRIPT_CONNECTION,
    SCRIPT_WARP,
    SCRIPT_WHITE_OUT = 7,
    SCRIPT_TALK = 255
};
enum { ENCOUNTER_COOLDOWN = 5 };
enum { BG_READ = 0, BG_ITEM = 7 }; /* kinds of rows in the list of signs */

void map_enter(u8 group, u8 number, u8 x, u8 y, u8 direction, u8 method);
void warp_to(u8 group, u8 number, u8 warp, u8 method);
void events_cross_edge(void);
void events_after_step(void);
void events_warp_here(void);
u8 events_talk(void); /* 1 if there was something to talk to */
void white_out(void);
void overworld_reload(void); /* after a battle */

#endif

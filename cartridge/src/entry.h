/* Coming to a map: through a door, over an edge, or back to it after a battle. */
#ifndef ENTRY_H
#define ENTRY_H
#include "map.h"

void entry_begin(u8 method);               /* a MAPSETUP_ value; the map to come is read after it */
void entry_show(u8 x, u8 y, u8 direction); /* the map that was read, with the player there */
void map_enter(u8 group, u8 number, u8 x, u8 y, u8 direction, u8 method);
void map_cross_edge(void); /* a step that has ended past the edge goes on in the neighbour */
void warp_to(u8 group, u8 number, u8 warp, u8 method);
void overworld_reload(void); /* after a battle */

#endif

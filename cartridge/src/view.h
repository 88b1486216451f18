/* What is seen of the map: the scrolling background, its copy in wTilemap, the sprites of the people. */
#ifndef VIEW_H
#define VIEW_H
#include "map.h"

extern u8 view_covered; /* a box other than the dialogue box lies over the map */
extern u8 view_is_pale; /* view_load shall bring the colours back softly */

u8 view_is_shown(void);
void view_tiles(void);   /* wTilemap from the blocks around the player */
void view_capture(void); /* wTilemap, wAttrmap and sprites, before a box is drawn on them */
void view_restore(void); /* take the boxes away again */
void view_column(u8 x);  /* the column of the map at x, whose steps have changed */
void view_player(void);  /* the player's figure, when it has changed */
void view_changed(void); /* blocks have changed under the eyes of the player */
void view_cross(void);   /* another map's people and colours, without a break in the picture */
void view_colours(void); /* the background palettes, when place or time of day asks for others */
void view_fade_out(void);
void view_flash(void);        /* before a battle */
void view_load(void);         /* all of video memory, after another screen had it */
void view_step(u8 direction); /* bring the strip that a step will uncover */
void view_scroll(u8 direction, u8 pixels_left);

#endif

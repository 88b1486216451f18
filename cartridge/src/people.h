/* People and things on the map: wMapObjects (all of it), wObjectStructs (those near the screen, 0 is the player). */
#ifndef PEOPLE_H
#define PEOPLE_H
#include "map.h"

enum { OBJECT_STRUCTS = 13, MAP_OBJECTS = 16, NOBODY = 255, STANDING = 255, MASKED = 255, NOT_ON_SCREEN = 255 };
enum { OBJECT_SCRIPT, OBJECT_ITEM_BALL, OBJECT_TRAINER }; /* low nibble of MAPOBJECT_PALETTE_TYPE */
enum {
    MOVES_STILL = 1,
    MOVES_WANDER,
    MOVES_SPIN_SLOW,
    MOVES_UP_DOWN,
    MOVES_LEFT_RIGHT,
    MOVES_STAND_DOWN,
    MOVES_STAND_UP,
    MOVES_STAND_LEFT,
    MOVES_STAND_RIGHT,
    MOVES_SPIN_FAST,
    MOVES_BOULDER = 25
};
enum { STEP_STANDING = 1, STEP_NPC_WALK = 2, STEP_PLAYER_WALK = 6, STEP_PLAYER_JUMP = 9 };
#define OBJECT(i) (wObjectStructs + (u16)(i) * OBJECT_SIZE)
#define MAP_OBJECT(i) (wMapObjects + (u16)(i) * MAPOBJECT_SIZE)

extern const s8 step_x[4], step_y[4];
extern u8 player_hop_frame;   /* 0 on the ground, else frames into a jump of 32 */
extern u8 player_step_frames; /* frames left of the player's step under way */
extern u8 player_step_parity; /* flips the player's walking picture every other step */

void people_load(void);   /* wMapObjects from the map's object events */
void people_masks(void);  /* hide and show by event flags */
void people_nearby(void); /* give structs to those who came near, take them from those left behind */
void people_frame(void);  /* one frame of wandering */
void people_draw(void);
void people_face(u8 object, u8 direction);
void people_move(u8 object, u8 x, u8 y);
void people_step(u8 object, u8 direction); /* one step, begun; people_frame goes on with it */
void people_walk(u8 object, u8 direction); /* one step, shown to its end */
u8 people_at(u8 x, u8 y);                  /* map object index, NOBODY */

#endif

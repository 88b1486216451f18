#include "player.h"
#include "data.h"
#include "people.h"
#include "view.h"

enum { STEP_FRAMES = 16 }; /* Crystal counts in ticks of two frames: a step takes 8 */
enum { STEP_FLAG_START = 0x80 };

u8 player_turn_frames, player_was_moving, player_climbs, player_hop_steps;

u8 player_facing(void) { return wPlayerDirection >> 2; }

void player_state_set(u8 state) {
    wPlayerState = state;
    wPlayerSprite = MAP_OBJECT(0)[MAPOBJECT_SPRITE] = state == PLAYER_RIDES_RAFT ? SPRITE_RAFT : SPRITE_PLAYER;
}

void player_neighbours_publish(void) {
    u8 x = wPlayerMapX - 4, y = wPlayerMapY - 4;
    wPlayerLastTile = wPlayerTileCollision;
    wPlayerTileCollision = map_collision(x, y);
    wTileDown = map_collision(x, y + 1);
    wTileUp = map_collision(x, y - 1);
    wTileLeft = map_collision(x - 1, y);
    wTileRight = map_collision(x + 1, y);
}

void player_place(u8 x, u8 y, u8 direction) {
    wXCoord = x;
    wYCoord = y;
    wPlayerMapX = wPlayerLastMapX = x + 4;
    wPlayerMapY = wPlayerLastMapY = y + 4;
    wPlayerDirection = direction << 2;
    wPlayerWalking = STANDING;
    wPlayerStepType = STEP_STANDING;
    wPlayerStepFlags = 0;
    wPlayerStepDirection = NO_DIRECTION;
    wMapEventStatus = 0;
    player_step_frames = player_hop_frame = 0;
    player_turn_frames = player_hop_steps = player_was_moving = 0;
    player_neighbours_publish();
}

void player_step_begin(u8 direction) {
    wPlayerDirection = direction << 2;
    wPlayerLastMapX = wPlayerMapX;
    wPlayerLastMapY = wPlayerMapY;
    wPlayerMapX += step_x[direction];
    wPlayerMapY += step_y[direction];
    wPlayerWalking = direction;
    wPlayerStepType = player_hop_steps ? STEP_PLAYER_JUMP : STEP_PLAYER_WALK;
    wPlayerStepDirection = direction;
    wPlayerStepFlags = STEP_FLAG_START;
    wPlayerTurningDirection = 0x80 | direction;
    wMapEventStatus = 1;
    player_step_frames = STEP_FRAMES;
    player_step_parity ^= 1;
    view_step(direction);
}

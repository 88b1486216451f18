#include "player.h"
#include "buttons.h"
#include "data.h"
#include "events.h"
#include "people.h"
#include "start_menu.h"
#include "view.h"

/* Crystal counts in ticks of two frames: a step takes 8 ticks, a turn 4. */
enum { STEP_FRAMES = 16, TURN_FRAMES = 8, SCRIPT_TURNING = 9 };
enum { STEP_FLAG_START = 0x80, STEP_FLAG_STOP = 0x40, STEP_FLAG_CONTINUE = 0x20 };

u8 player_step_frames, player_step_parity;
static u8 turn_frames, was_moving, hop_steps;

u8 player_facing(void) { return wPlayerDirection >> 2; }

void player_state_set(u8 state) {
    wPlayerState = state;
    wPlayerSprite = MAP_OBJECT(0)[MAPOBJECT_SPRITE] = state == PLAYER_RIDES_RAFT ? SPRITE_RAFT : SPRITE_PLAYER;
}

static void neighbours_publish(void) {
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
    turn_frames = hop_steps = was_moving = 0;
    neighbours_publish();
}

static void step_begin(u8 direction) {
    wPlayerDirection = direction << 2;
    wPlayerLastMapX = wPlayerMapX;
    wPlayerLastMapY = wPlayerMapY;
    wPlayerMapX += step_x[direction];
    wPlayerMapY += step_y[direction];
    wPlayerWalking = direction;
    wPlayerStepType = hop_steps ? STEP_PLAYER_JUMP : STEP_PLAYER_WALK;
    wPlayerStepDirection = direction;
    wPlayerStepFlags = STEP_FLAG_START;
    wPlayerTurningDirection = 0x80 | direction;
    wMapEventStatus = 1;
    player_step_frames = STEP_FRAMES;
    player_step_parity ^= 1;
    view_step(direction);
}

/* Coordinates change on the last frame of a step, after the picture has arrived. */
static void step_end(void) {
    wXCoord = wPlayerMapX - 4;
    wYCoord = wPlayerMapY - 4;
    wPlayerWalking = STANDING;
    wPlayerStepType = STEP_STANDING;
    wPlayerStepFlags = STEP_FLAG_STOP;
    wMapEventStatus = 0;
    wPlayerLastMapX = wPlayerMapX;
    wPlayerLastMapY = wPlayerMapY;
    events_cross_edge();
    neighbours_publish();
    if (wPlayerState == PLAYER_RIDES_RAFT && wPlayerTileCollision != COLLISION_WATER) {
        player_state_set(PLAYER_WALKS);
        view_player();
    }
    people_nearby();
    view_tiles();
    if (hop_steps && --hop_steps) {
        step_begin(player_facing());
        return;
    }
    player_hop_frame = 0;
    was_moving = 1;
    events_after_step();
}

static void step_frame(void) {
    player_step_frames--;
    wPlayerStepDuration = (u8)(player_step_frames + 1) >> 1;
    wPlayerStepFlags = STEP_FLAG_CONTINUE;
    if (hop_steps) player_hop_frame++;
    view_scroll(player_facing(), player_step_frames);
    if (!player_step_frames) step_end();
}

/* Whether a step is open: land, nobody there, and not off the edge of the world. */
u8 player_can_step(u8 direction) {
    u8 x = wXCoord + step_x[direction], y = wYCoord + step_y[direction];
    u8 collision = map_collision(x, y);
    if (!map_is_land(collision) && !(collision == COLLISION_WATER && wPlayerState == PLAYER_RIDES_RAFT)) return 0;
    if (people_at(x, y) != NOBODY) return 0;
    if (x < (u8)(map.width << 1) && y < (u8)(map.height << 1)) return 1;
    return map.neighbours[direction].group != 0;
}

static u8 is_ledge_of(u8 direction) {
    static const u8 ledge[4] = {COLLISION_HOP_DOWN, COLLISION_HOP_UP, COLLISION_HOP_LEFT, COLLISION_HOP_RIGHT};
    return wPlayerTileCollision == ledge[direction];
}

static u8 is_mat_of(u8 direction) {
    static const u8 mat[4] = {COLLISION_MAT_DOWN, COLLISION_MAT_UP, COLLISION_MAT_LEFT, COLLISION_MAT_RIGHT};
    return wPlayerTileCollision == mat[direction];
}

static u8 held_direction(void) {
    if (hJoyDown & BUTTON_DOWN) return DOWN;
    if (hJoyDown & BUTTON_UP) return UP;
    if (hJoyDown & BUTTON_LEFT) return LEFT;
    if (hJoyDown & BUTTON_RIGHT) return RIGHT;
    return NO_DIRECTION;
}

void player_step_forced(u8 direction) { step_begin(direction); }

static void obey(u8 direction) {
    wWalkingDirection = direction;
    if (direction == NO_DIRECTION) {
        was_moving = 0;
        wPlayerTurningDirection = 0;
        return;
    }
    /* Only from rest a turn takes time of its own. */
    if (!was_moving && direction != player_facing()) {
        wPlayerDirection = direction << 2;
        turn_frames = TURN_FRAMES;
        wScriptRunning = SCRIPT_TURNING;
        people_draw();
        return;
    }
    if (direction != player_facing()) {
        wPlayerDirection = direction << 2;
        people_draw();
    }
    if (player_can_step(direction)) {
        step_begin(direction);
    } else if (is_ledge_of(direction) &&
               map_is_land(map_collision(wXCoord + 2 * step_x[direction], wYCoord + 2 * step_y[direction])) &&
               people_at(wXCoord + 2 * step_x[direction], wYCoord + 2 * step_y[direction]) == NOBODY) {
        hop_steps = 2;
        step_begin(direction);
    } else {
        was_moving = 0;
        if (is_mat_of(direction)) events_warp_here();
    }
}

void player_frame(void) {
    if (player_step_frames) {
        step_frame();
        return;
    }
    if (turn_frames) {
        if (--turn_frames) return;
        wScriptRunning = 0;
        was_moving = 1; /* the held direction now starts a step */
    }
    buttons_poll();
    if ((hJoyPressed & BUTTON_A) && events_talk()) return;
    if (hJoyPressed & BUTTON_START) {
        start_menu();
        return;
    }
    obey(held_direction());
    if (player_step_frames) step_frame(); /* the frame that starts a step is its first */
}

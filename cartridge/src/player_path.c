#include "player_path.h"
#include "people.h"
#include "player.h"

/* Whether a step is open: land, nobody there, and not off the edge of the world. */
u8 player_can_step(u8 direction) {
    u8 x = wXCoord + step_x[direction], y = wYCoord + step_y[direction];
    u8 collision = map_collision(x, y);
    if (!map_is_land(collision) && !(collision == COLLISION_WATER && wPlayerState == PLAYER_RIDES_RAFT)) return 0;
    if (people_at(x, y) != NOBODY) return 0;
    if (x < (u8)(map.width << 1) && y < (u8)(map.height << 1)) return 1;
    return map.neighbours[direction].group &&
           (u8)((direction <= UP ? x : y) - map.neighbours[direction].offset) < map.neighbours[direction].length;
}

u8 player_is_on_ledge(u8 direction) {
    static const u8 ledge[4] = {COLLISION_HOP_DOWN, COLLISION_HOP_UP, COLLISION_HOP_LEFT, COLLISION_HOP_RIGHT};
    return wPlayerTileCollision == ledge[direction];
}

u8 player_is_on_mat(u8 direction) {
    static const u8 mat[4] = {COLLISION_MAT_DOWN, COLLISION_MAT_UP, COLLISION_MAT_LEFT, COLLISION_MAT_RIGHT};
    return wPlayerTileCollision == mat[direction];
}

u8 player_held_direction(void) {
    if (hJoyDown & BUTTON_DOWN) return DOWN;
    if (hJoyDown & BUTTON_UP) return UP;
    if (hJoyDown & BUTTON_LEFT) return LEFT;
    if (hJoyDown & BUTTON_RIGHT) return RIGHT;
    return NO_DIRECTION;
}

void player_step_forced(u8 direction) { player_step_begin(direction); }

#include "player_path.h"
#include "people.h"
#include "player.h"

/* The walled sides of a step, bit 0 down to bit 3 right, from the collision bytes B0-B7. */
static u8 sides(u8 collision) {
    static const u8 walls[8] = {8, 4, 2, 1, 9, 5, 10, 6};
    return (collision & 0xF8) == 0xB0 ? walls[collision & 7] : 0;
}

u8 path_is_walled(u8 x, u8 y, u8 direction) {
    static const u8 side[4] = {1, 2, 4, 8};
    if (sides(map_collision(x, y)) & side[direction]) return 1;
    return sides(map_collision(x + step_x[direction], y + step_y[direction])) & side[direction ^ 1];
}

/* Riders go down a fall or into it from its side; up it goes by a move only. */
static u8 bears(u8 collision, u8 direction) {
    if (map_is_land(collision)) return 1;
    if (wPlayerState != PLAYER_RIDES_RAFT) return 0;
    return map_is_water(collision) && !(collision == COLLISION_WATERFALL && direction == UP);
}

/* Whether a step is open: land, nobody there, and not off the edge of the world. */
u8 player_can_step(u8 direction) {
    u8 x = wXCoord + step_x[direction], y = wYCoord + step_y[direction];
    if (!bears(map_collision(x, y), direction) || path_is_walled(wXCoord, wYCoord, direction)) return 0;
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

#include "people.h"
#include "data.h"
#include "flags.h"
#include "video.h"

const s8 step_x[4] = {0, 0, -1, 1}, step_y[4] = {1, -1, 0, 0};
u8 player_hop_frame;

static u8 structs_used; /* no struct from this number on has been given away on this map */

enum { STEP_FRAMES = 16, TILES_A_PERSON = 24, TILES_A_PICTURE = 4, FLIP_X = 0x20, VIDEO_BANK_1 = 0x08 };

static const u8 first_direction[] = {DOWN, DOWN, DOWN, DOWN, DOWN, DOWN, DOWN, UP, LEFT, RIGHT, DOWN};

void people_load(void) {
    u8 i;
    u8 *object = MAP_OBJECT(1);
    const u8 *row = map.objects;
    for (i = 1; i < MAP_OBJECTS; i++) {
        object[MAPOBJECT_OBJECT_STRUCT_ID] = NOT_ON_SCREEN;
        object[MAPOBJECT_SPRITE] = 0;
        if (i <= map.object_count) {
            rom_copy(map.events_bank, object + MAPOBJECT_SPRITE, row, 13);
            row += 13;
        }
        object += MAPOBJECT_SIZE;
    }
    for (i = 1; i < OBJECT_STRUCTS; i++) OBJECT(i)[OBJECT_SPRITE] = 0;
    structs_used = 1;
    sprites_hide_others();
    MAP_OBJECT(0)[MAPOBJECT_OBJECT_STRUCT_ID] = 0;
    MAP_OBJECT(0)[MAPOBJECT_SPRITE] = wPlayerSprite;
    wObjectMasks[0] = 0;
    people_masks();
}

static void leave(u8 *map_object) {
    u8 id = map_object[MAPOBJECT_OBJECT_STRUCT_ID];
    if (id == NOT_ON_SCREEN) return;
    OBJECT(id)[OBJECT_SPRITE] = 0;
    map_object[MAPOBJECT_OBJECT_STRUCT_ID] = NOT_ON_SCREEN;
}

void people_masks(void) {
    u8 i;
    u16 flag;
    u8 *object = MAP_OBJECT(1);
    for (i = 1; i < MAP_OBJECTS; i++) {
        flag = object[MAPOBJECT_EVENT_FLAG] | (u16)object[MAPOBJECT_EVENT_FLAG + 1] << 8;
        wObjectMasks[i] = !object[MAPOBJECT_SPRITE] || (flag != FLAG_NONE && flag_get(flag)) ? MASKED : 0;
        if (wObjectMasks[i]) leave(object);
        object += MAPOBJECT_SIZE;
    }
    people_nearby();
}

/* The screen and one step around it, in object coordinates. */
static u8 is_near(u8 x, u8 y) { return (u8)(x - wPlayerMapX + 5) < 12 && (u8)(y - wPlayerMapY + 5) < 11; }

static void enter(u8 index, u8 *map_object) {
    u8 id, movement = map_object[MAPOBJECT_MOVEMENT], slot = map_sprite_slot(map_object[MAPOBJECT_SPRITE]), i;
    u8 *object = OBJECT(1);
    for (id = 1; id < OBJECT_STRUCTS && object[OBJECT_SPRITE]; id++) object += OBJECT_SIZE;
    if (id == OBJECT_STRUCTS) return;
    if (id >= structs_used) structs_used = id + 1;
    for (i = 0; i < OBJECT_SIZE; i++) object[i] = 0;
    map_object[MAPOBJECT_OBJECT_STRUCT_ID] = id;
    object[OBJECT_SPRITE] = map_object[MAPOBJECT_SPRITE];
    object[OBJECT_MAP_OBJECT_INDEX] = index;
    object[OBJECT_SPRITE_TILE] = slot;
    object[OBJECT_MOVEMENT_TYPE] = movement;
    object[OBJECT_PALETTE] = map_object[MAPOBJECT_PALETTE_TYPE] >> 4;
    object[OBJECT_WALKING] = STANDING;
    object[OBJECT_DIRECTION] = first_direction[movement <= MOVES_SPIN_FAST ? movement : 0] << 2;
    object[OBJECT_STEP_TYPE] = STEP_STANDING;
    object[OBJECT_STEP_DURATION] = 32 + index * 8; /* people do not all move at once */
    object[OBJECT_MAP_X] = object[OBJECT_LAST_MAP_X] = object[OBJECT_INIT_X] = map_object[MAPOBJECT_X];
    object[OBJECT_MAP_Y] = object[OBJECT_LAST_MAP_Y] = object[OBJECT_INIT_Y] = map_object[MAPOBJECT_Y];
    object[OBJECT_RADIUS] = map_object[MAPOBJECT_RADIUS];
}

void people_nearby(void) {
    u8 i, id;
    u8 *map_object = MAP_OBJECT(1);
    for (i = 1; i <= map.object_count; i++) {
        id = map_object[MAPOBJECT_OBJECT_STRUCT_ID];
        if (id != NOT_ON_SCREEN) {
            if (!is_near(OBJECT(id)[OBJECT_MAP_X], OBJECT(id)[OBJECT_MAP_Y])) leave(map_object);
        } else if (!wObjectMasks[i] && is_near(map_object[MAPOBJECT_X], map_object[MAPOBJECT_Y])) enter(i, map_object);
        map_object += MAPOBJECT_SIZE;
    }
}

/* Somebody walking stands on the step that is left and on the one that is entered. */
static u8 struct_at(u8 map_x, u8 map_y) {
    u8 i;
    u8 *object = OBJECT(1);
    for (i = 1; i < structs_used; i++) {
        if (object[OBJECT_SPRITE]) {
            if (object[OBJECT_MAP_X] == map_x && object[OBJECT_MAP_Y] == map_y) return i;
            if (object[OBJECT_WALKING] != STANDING && object[OBJECT_LAST_MAP_X] == map_x &&
                object[OBJECT_LAST_MAP_Y] == map_y)
                return i;
        }
        object += OBJECT_SIZE;
    }
    return 0;
}

u8 people_at(u8 x, u8 y) {
    u8 id = struct_at(x + 4, y + 4);
    return id ? OBJECT(id)[OBJECT_MAP_OBJECT_INDEX] : NOBODY;
}

static void step_begin(u8 *object, u8 direction) {
    object[OBJECT_DIRECTION] = direction << 2;
    object[OBJECT_LAST_MAP_X] = object[OBJECT_MAP_X];
    object[OBJECT_LAST_MAP_Y] = object[OBJECT_MAP_Y];
    object[OBJECT_MAP_X] += step_x[direction];
    object[OBJECT_MAP_Y] += step_y[direction];
    object[OBJECT_WALKING] = direction;
    object[OBJECT_STEP_TYPE] = STEP_NPC_WALK;
    object[OBJECT_STEP_DURATION] = STEP_FRAMES;
}

static void step_end(u8 *object) {
    object[OBJECT_WALKING] = STANDING;
    object[OBJECT_STEP_TYPE] = STEP_STANDING;
    object[OBJECT_LAST_MAP_X] = object[OBJECT_MAP_X];
    object[OBJECT_LAST_MAP_Y] = object[OBJECT_MAP_Y];
    object[OBJECT_STEP_DURATION] = 48 + (random_byte() & 63);
}

/* The distance from home stays within the radius: low nibble across, high nibble up and down. */
static u8 may_wander(u8 *object, u8 direction) {
    u8 x = object[OBJECT_MAP_X] + step_x[direction], y = object[OBJECT_MAP_Y] + step_y[direction];
    u8 across, along, collision;
    across = x > object[OBJECT_INIT_X] ? x - object[OBJECT_INIT_X] : object[OBJECT_INIT_X] - x;
    along = y > object[OBJECT_INIT_Y] ? y - object[OBJECT_INIT_Y] : object[OBJECT_INIT_Y] - y;
    if (across > (object[OBJECT_RADIUS] & 15) || along > object[OBJECT_RADIUS] >> 4) return 0;
    collision = map_collision(x - 4, y - 4);
    if (collision) return 0; /* floor only: people keep off mats, doors, grass and ledges */
    if (x == wPlayerMapX && y == wPlayerMapY) return 0;
    if (wPlayerWalking != STANDING && x == wPlayerLastMapX && y == wPlayerLastMapY) return 0;
    return !struct_at(x, y);
}

static void decide(u8 *object) {
    u8 direction = random_byte() & 3;
    object[OBJECT_STEP_DURATION] = 48 + (random_byte() & 63);
    switch (object[OBJECT_MOVEMENT_TYPE]) {
    case MOVES_SPIN_SLOW:
    case MOVES_SPIN_FAST: object[OBJECT_DIRECTION] = direction << 2; return;
    case MOVES_WANDER: break;
    case MOVES_UP_DOWN: direction &= 1; break;
    case MOVES_LEFT_RIGHT: direction |= 2; break;
    default: return;
    }
    if (may_wander(object, direction)) step_begin(object, direction);
    else object[OBJECT_DIRECTION] = direction << 2;
}

static u8 object_frame(u8 *object) {
    if (--object[OBJECT_STEP_DURATION]) return object[OBJECT_WALKING] != STANDING;
    if (object[OBJECT_WALKING] != STANDING) step_end(object);
    else decide(object);
    return 1;
}

void people_frame(void) {
    u8 i, moved = 0;
    u8 *object = OBJECT(1);
    for (i = 1; i < structs_used; i++) {
        if (object[OBJECT_SPRITE] && object[OBJECT_MOVEMENT_TYPE] >= MOVES_WANDER && object[OBJECT_STEP_DURATION])
            moved |= object_frame(object);
        object += OBJECT_SIZE;
    }
    if (moved || wPlayerWalking != STANDING) people_draw();
}

void people_face(u8 object, u8 direction) {
    u8 id = MAP_OBJECT(object)[MAPOBJECT_OBJECT_STRUCT_ID];
    if (id != NOT_ON_SCREEN && OBJECT(id)[OBJECT_WALKING] == STANDING) OBJECT(id)[OBJECT_DIRECTION] = direction << 2;
    people_draw();
}

void people_step(u8 object, u8 direction) {
    step_begin(OBJECT(MAP_OBJECT(object)[MAPOBJECT_OBJECT_STRUCT_ID]), direction);
}

void people_walk(u8 object, u8 direction) {
    u8 id = MAP_OBJECT(object)[MAPOBJECT_OBJECT_STRUCT_ID];
    u8 *walker = OBJECT(id);
    if (id == NOT_ON_SCREEN) return;
    step_begin(walker, direction);
    while (--walker[OBJECT_STEP_DURATION]) {
        wait_frame();
        people_draw();
    }
    step_end(walker);
    wait_frame();
    people_draw();
}

/* Somebody's place on the map, not a walk there: as Crystal's moveobject. */
void people_move(u8 object, u8 x, u8 y) {
    u8 *map_object = MAP_OBJECT(object);
    leave(map_object);
    map_object[MAPOBJECT_X] = x + 4;
    map_object[MAPOBJECT_Y] = y + 4;
    people_nearby();
    people_draw();
}

/* -------------------------------------------------------------- drawing */

static s16 camera_x, camera_y; /* player's pixel position */
u8 player_step_frames, player_step_parity;

/* Pixels still missing on the way from the last step to this one. */
static s16 pixel(u8 coordinate, u8 last, u8 walking, u8 frames_left) {
    s16 position = (s16)coordinate << 4;
    if (walking == STANDING || coordinate == last) return position;
    return coordinate > last ? position - frames_left : position + frames_left;
}

static void figure(u8 *sprite, u8 x, u8 y, const u8 *object, u8 stepping, u8 flips) {
    u8 direction = object[OBJECT_DIRECTION] >> 2, slot = object[OBJECT_SPRITE_TILE];
    u8 attributes = object[OBJECT_PALETTE], tile = 0, left, right;
    if (slot >= 5) {
        slot -= 5;
        attributes |= VIDEO_BANK_1;
    }
    tile = slot * TILES_A_PERSON + (direction < LEFT ? direction * 2 : 4) * TILES_A_PICTURE;
    if (stepping) tile += TILES_A_PICTURE;
    if (direction == RIGHT || (direction < LEFT && stepping && flips)) attributes |= FLIP_X;
    left = tile;
    right = tile + 2;
    if (attributes & FLIP_X) {
        left = right;
        right = tile;
    }
    sprite[0] = y;
    sprite[1] = x;
    sprite[2] = left;
    sprite[3] = attributes;
    sprite[4] = y;
    sprite[5] = x + 8;
    sprite[6] = right;
    sprite[7] = attributes;
}

static u8 hop_height(void) {
    u8 half = player_hop_frame > 16 ? 32 - player_hop_frame : player_hop_frame;
    return half > 11 ? 11 : half;
}

void people_draw(void) {
    u8 i, frames;
    u8 *object = wObjectStructs, *sprite = wShadowOAM;
    s16 x, y;
    camera_x = pixel(wPlayerMapX, wPlayerLastMapX, wPlayerWalking, player_step_frames);
    camera_y = pixel(wPlayerMapY, wPlayerLastMapY, wPlayerWalking, player_step_frames);
    figure(sprite, 72, 76 - hop_height(), object, (player_step_frames & 8) != 0, player_step_parity);
    wPlayerSpriteX = 64;
    wPlayerSpriteY = 60 - hop_height();
    for (i = 1; i < structs_used; i++) {
        object += OBJECT_SIZE;
        sprite += 8;
        sprite[0] = sprite[4] = 0;
        if (!object[OBJECT_SPRITE]) continue;
        frames = object[OBJECT_STEP_DURATION];
        x = pixel(object[OBJECT_MAP_X], object[OBJECT_LAST_MAP_X], object[OBJECT_WALKING], frames) - camera_x;
        y = pixel(object[OBJECT_MAP_Y], object[OBJECT_LAST_MAP_Y], object[OBJECT_WALKING], frames) - camera_y;
        if (x < -79 || x > 95 || y < -75 || y > 83) continue;
        object[OBJECT_SPRITE_X] = x + 64;
        object[OBJECT_SPRITE_Y] = y + 60;
        figure(sprite, x + 72, y + 76, object, object[OBJECT_WALKING] != STANDING && (frames & 8),
            (object[OBJECT_MAP_X] ^ object[OBJECT_MAP_Y]) & 1);
    }
}

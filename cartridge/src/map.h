/* The map being walked on: its ROM header, its blocks in wOverworldMapBlocks, collision by Crystal's rule. */
#ifndef MAP_H
#define MAP_H
#include "state.h"

enum { BLOCK_BORDER = 3, STEP_BORDER = 6, MAP_SPRITES = 10 };
enum {
    ENVIRONMENT_TOWN = 1,
    ENVIRONMENT_ROUTE,
    ENVIRONMENT_INDOOR,
    ENVIRONMENT_CAVE,
    ENVIRONMENT_5,
    ENVIRONMENT_GATE,
    ENVIRONMENT_DUNGEON
};
enum {
    COLLISION_WALL = 0x07,
    COLLISION_CUT_TREE = 0x12,
    COLLISION_TALL_GRASS = 0x18,
    COLLISION_SEA = 0x21, /* too rough for a raft */
    COLLISION_ICE = 0x23,
    COLLISION_WHIRLPOOL,
    COLLISION_WATER = 0x29,
    COLLISION_WATERFALL = 0x33,
    COLLISION_PIT = 0x60,
    COLLISION_MAT_DOWN = 0x70,
    COLLISION_DOOR = 0x71,
    COLLISION_MAT_LEFT = 0x76,
    COLLISION_MAT_UP = 0x78,
    COLLISION_DOOR_79 = 0x79,
    COLLISION_STAIRCASE = 0x7A,
    COLLISION_CAVE = 0x7B,
    COLLISION_MAT_RIGHT = 0x7E,
    COLLISION_COUNTER = 0x90,
    COLLISION_HOP_RIGHT = 0xA0,
    COLLISION_HOP_LEFT,
    COLLISION_HOP_UP,
    COLLISION_HOP_DOWN
};
enum {
    MAPSETUP_WARP = 0xF1,
    MAPSETUP_CONTINUE,
    MAPSETUP_RELOAD,
    MAPSETUP_DOOR = 0xF5,
    MAPSETUP_CONNECTION = 0xF7,
    MAPSETUP_FLY = 0xFC
};
enum { STATUS_FLASH = 4, PALSET_DARK = 0xFF, PALSET_LIT = 0xE4 }; /* wStatusFlags, wTimeOfDayPalset */

typedef struct {
    u8 group, number;
    s8 offset; /* steps: this coordinate minus the neighbour's along the shared edge */
    u8 length; /* of that edge on the neighbour's side, in steps */
} neighbour_t;

/* One map's header, as cartridge/tools/world_data.py packs it. */
typedef struct {
    u8 group, number, tileset, environment, landmark;
    u8 width, height; /* blocks */
    u8 border_block, background_set;
    u8 blocks_bank;
    const u8 *blocks;
    u8 set_bank;
    const u8 *set_tiles, *set_attributes, *set_collision;
    const u8 *set_changes; /* (block, quarter, block without what stands there), ended by 0 */
    u8 graphics_bank;
    const u8 *graphics;
    u16 graphics_size;
    u8 events_bank, warp_count;
    const u8 *warps;
    u8 coord_count;
    const u8 *coords;
    u8 sign_count;
    const u8 *signs;
    u8 object_count;
    const u8 *objects;
    u8 connections;            /* bit 3 north, 2 south, 1 west, 0 east */
    neighbour_t neighbours[4]; /* south, north, west, east: the order of the directions */
    u8 wild_bank;
    const u8 *wild;
    u8 spawn_group, spawn_number; /* entering this map makes that one the white-out destination */
    u8 spawn_place;               /* ... and its bit of wVisitedSpawns */
    u8 home_x, home_y;            /* where a white-out puts the player on this map */
    u8 sprites[MAP_SPRITES];      /* which people are in video memory, 0 = none */
    u8 change_count;              /* blocks that a flag changes */
    const u8 *changes;
    u16 load_script; /* runs whenever the map is loaded, 0 = none */
} map_header_t;

extern map_header_t map;

u8 map_read(u8 group, u8 number); /* 0: there is no such map */
void map_changes(void);           /* every block as its flag says */
void map_publish(void);
void map_darkness_publish(void);
void map_change(u8 x, u8 y); /* a tree, a whirlpool: gone until the map is read again */
u8 *map_block_at(u8 x, u8 y);
u8 map_collision(u8 x, u8 y);
u8 map_is_land(u8 collision);
u8 map_is_water(u8 collision); /* for who rides already */
u8 map_is_immediate_warp(u8 collision);
u8 map_warp_at(u8 x, u8 y, u8 *row); /* 1-based number, 0 = none; row: y, x, warp, group, number */
void map_warp_row(u8 number, u8 *row);
u8 map_sprite_slot(u8 sprite);

#endif

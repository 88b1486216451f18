#include "map.h"
#include "data.h"
#include "flags.h"

map_header_t map;

/* The list of all maps: group, number, bank and address of the header, ended by a 0. */
u8 map_read(u8 group, u8 number) {
    u8 row[5];
    const u8 *list = MAP_LIST;
    for (;; list += sizeof row) {
        rom_copy(MAP_LIST_BANK, row, list, sizeof row);
        if (!row[0]) return 0;
        if (row[0] == group && row[1] == number) break;
    }
    rom_copy(row[2], &map, (const u8 *)(row[3] | (u16)row[4] << 8), sizeof map);
    rom_copy(map.blocks_bank, wOverworldMapBlocks, map.blocks, (u16)(u8)(map.width + 6) * (u8)(map.height + 6));
    map_changes();
    return 1;
}

/* Doors that open and shut: where the block lies, the flag, the block with it and without it. */
void map_changes(void) {
    u8 row[6], i;
    const u8 *source = map.changes;
    for (i = map.change_count; i; i--, source += sizeof row) {
        rom_copy(map.events_bank, row, source, sizeof row);
        wOverworldMapBlocks[row[0] | (u16)row[1] << 8] = flag_get(row[2] | (u16)row[3] << 8) ? row[4] : row[5];
    }
}

static void word_put(u8 *field, const u8 *address) {
    field[0] = (u8)(u16)address;
    field[1] = (u16)address >> 8;
}

/* The header at Crystal's addresses, so that a reader of RAM sees what the engine sees. */
void map_publish(void) {
    static u8 *const connection[4] = {wSouthMapConnection, wNorthMapConnection, wWestMapConnection, wEastMapConnection};
    u8 i;
    wMapGroup = map.group;
    wMapNumber = map.number;
    wMapTileset = map.tileset;
    wEnvironment = map.environment;
    wPrevLandmark = wCurLandmark;
    wCurLandmark = map.landmark;
    wMapBorderBlock = map.border_block;
    wMapWidth = map.width;
    wMapHeight = map.height;
    wMapBlocksBank = map.blocks_bank;
    word_put(wMapBlocksPointer, map.blocks);
    wTilesetBank = map.graphics_bank;
    word_put(wTilesetAddress, map.graphics);
    wTilesetBlocksBank = map.set_bank;
    word_put(wTilesetBlocksAddress, map.set_tiles);
    wTilesetCollisionBank = map.set_bank;
    word_put(wTilesetCollisionAddress, map.set_collision);
    wMapScriptsBank = map.events_bank;
    wCurMapWarpEventCount = map.warp_count;
    word_put(wCurMapWarpEventsPointer, map.warps);
    wCurMapCoordEventCount = map.coord_count;
    word_put(wCurMapCoordEventsPointer, map.coords);
    wCurMapBGEventCount = map.sign_count;
    word_put(wCurMapBGEventsPointer, map.signs);
    wCurMapObjectEventCount = map.object_count;
    word_put(wCurMapObjectEventsPointer, map.objects);
    wMapConnections = map.connections;
    for (i = 0; i < 4; i++) {
        connection[i][CONNECTION_MAP_GROUP] = map.neighbours[i].group ? map.neighbours[i].group : 255;
        connection[i][CONNECTION_MAP_NUMBER] = map.neighbours[i].group ? map.neighbours[i].number : 255;
    }
    wBikeFlags = 0;
    if (map.environment <= ENVIRONMENT_ROUTE) wStatusFlags &= ~STATUS_FLASH;
    map_darkness_publish();
    if (map.spawn_group) {
        wVisitedSpawns[map.spawn_place >> 3] |= 1 << (map.spawn_place & 7);
        wLastSpawnMapGroup = map.spawn_group;
        wLastSpawnMapNumber = map.spawn_number;
    }
    if (map.wild_bank) rom_copy(map.wild_bank, &wMornEncounterRate, map.wild, 3);
    else wMornEncounterRate = wDayEncounterRate = wNiteEncounterRate = 0;
}

void map_darkness_publish(void) {
    wTimeOfDayPalset = map.background_set == PALETTES_DARK && !(wStatusFlags & STATUS_FLASH) ? PALSET_DARK : PALSET_LIT;
}

void map_change(u8 x, u8 y) {
    u8 row[3], quarter = (y & 1) << 1 | (x & 1);
    u8 *block = map_block_at(x, y);
    const u8 *source = map.set_changes;
    for (;; source += sizeof row) {
        rom_copy(map.set_bank, row, source, sizeof row);
        if (!row[0]) return;
        if (row[0] != *block || row[1] != quarter) continue;
        *block = row[2];
        return;
    }
}

u8 *map_block_at(u8 x, u8 y) {
    return wOverworldMapBlocks + (u16)((u8)(y + STEP_BORDER) >> 1) * (u8)(map.width + 6) + ((u8)(x + STEP_BORDER) >> 1);
}

/* Crystal's rule: four bytes a block, top left, top right, bottom left, bottom right. */
u8 map_collision(u8 x, u8 y) {
    return rom_byte(map.set_bank, map.set_collision + ((u16)*map_block_at(x, y) << 2) + ((y & 1) << 1) + (x & 1));
}

/* What people on foot can stand on. 07 is the usual wall; 0F-3F holds trees, water and buoys with a few dry gaps. */
u8 map_is_land(u8 collision) {
    switch (collision) {
    case COLLISION_WALL:
    case 0x0F:
    case 0x12:
    case 0x15:
    case 0x1A:
    case 0x1D:
    case 0x27:
    case 0x2F:
    case 0x62:
    case 0x6A: return 0;
    }
    if (collision >= 0x80 && collision < 0xA0) return 0;
    if (collision >= 0x20 && collision < 0x40) return collision == 0x23 || collision == 0x2B;
    return collision != 0xFF;
}

u8 map_is_water(u8 collision) {
    return collision == COLLISION_WATER || collision == COLLISION_SEA || collision == COLLISION_WATERFALL;
}

u8 map_is_immediate_warp(u8 collision) {
    switch (collision) {
    case 0x60:
    case 0x68:
    case 0x71:
    case 0x72:
    case 0x73:
    case 0x74:
    case 0x75:
    case 0x77:
    case 0x79:
    case 0x7A:
    case 0x7B:
    case 0x7C:
    case 0x7D:
    case 0x7F: return 1;
    }
    return 0;
}

void map_warp_row(u8 number, u8 *row) { rom_copy(map.events_bank, row, map.warps + (u8)(number - 1) * 5, 5); }

u8 map_warp_at(u8 x, u8 y, u8 *row) {
    u8 number;
    for (number = 1; number <= map.warp_count; number++) {
        map_warp_row(number, row);
        if (row[0] == y && row[1] == x) return number;
    }
    return 0;
}

u8 map_sprite_slot(u8 sprite) {
    u8 i;
    for (i = 0; i < MAP_SPRITES; i++)
        if (map.sprites[i] == sprite) return i;
    return 0;
}

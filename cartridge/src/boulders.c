#pragma bank 1
#include "boulders.h"
#include "data.h"
#include "people.h"
#include "player_event.h"
#include "player_path.h"
#include "script.h"

u8 boulder_rolling;

/* The script of a boulder's hole: rows of the list of steps whose fourth byte names a map object. 0: no hole of its. */
static u16 hole_script(u8 object, u8 x, u8 y) {
    u8 row[8], i;
    const u8 *source = map.coords;
    for (i = map.coord_count; i; i--, source += sizeof row) {
        rom_copy(map.events_bank, row, source, sizeof row);
        if (row[3] == object && row[1] == y && row[2] == x) return (u16)row[4] | (u16)row[5] << 8;
    }
    return 0;
}

static u8 has_room(u8 object, u8 x, u8 y) {
    u8 row[5];
    if (x >= (u8)(map.width << 1) || y >= (u8)(map.height << 1) || !map_is_land(map_collision(x, y))) return 0;
    if (people_at(x, y) != NOBODY) return 0;
    return !map_warp_at(x, y, row) || hole_script(object, x, y);
}

u8 boulder_push(u8 direction) __banked {
    u8 x = wXCoord + step_x[direction], y = wYCoord + step_y[direction], object = people_at(x, y);
    if (object == NOBODY || MAP_OBJECT(object)[MAPOBJECT_MOVEMENT] != MOVES_BOULDER) return 0;
    if (path_is_walled(wXCoord, wYCoord, direction) || path_is_walled(x, y, direction)) return 0;
    if (!has_room(object, x + step_x[direction], y + step_y[direction])) return 0;
    boulder_rolling = object;
    wMapEventStatus = 1;
    people_step(object, direction);
    return 1;
}

u8 boulder_lies(void) __banked {
    u8 *map_object = MAP_OBJECT(boulder_rolling);
    const u8 *object = OBJECT(map_object[MAPOBJECT_OBJECT_STRUCT_ID]);
    u16 script;
    if (object[OBJECT_WALKING] != STANDING) return 0;
    /* It is met here again by who comes back to it. */
    map_object[MAPOBJECT_X] = object[OBJECT_MAP_X];
    map_object[MAPOBJECT_Y] = object[OBJECT_MAP_Y];
    script = hole_script(boulder_rolling, object[OBJECT_MAP_X] - 4, object[OBJECT_MAP_Y] - 4);
    boulder_rolling = 0;
    wMapEventStatus = 0;
    if (script) script_run(script, SCRIPT_TALK);
    return 1;
}

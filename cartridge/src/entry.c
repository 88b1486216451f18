#include "entry.h"
#include "clock.h"
#include "data.h"
#include "people.h"
#include "player.h"
#include "player_event.h"
#include "player_path.h"
#include "quiet.h"
#include "view.h"

enum { ENCOUNTER_COOLDOWN = 5 };

void entry_begin(u8 method) {
    hMapEntryMethod = method;
    wMapStatus = 1;
    wMapMusic = 0; /* what the radio played ends here */
    clock_read();
    wPrevMapGroup = wMapGroup;
    wPrevMapNumber = wMapNumber;
}

static void entry_end(void) {
    wWildEncounterCooldown = ENCOUNTER_COOLDOWN;
    wMapStatus = 2;
    hMapEntryMethod = 0;
}

/* What a map does whenever it is loaded; its doors may have fallen shut by it. */
static void load_changes(void) {
    if (!map.load_script) return;
    quiet_run(map.load_script);
    map_changes();
}

void entry_show(u8 x, u8 y, u8 direction) {
    map_publish();
    player_place(x, y, direction);
    people_load();
    load_changes();
    view_load();
    entry_end();
}

void map_enter(u8 group, u8 number, u8 x, u8 y, u8 direction, u8 method) {
    entry_begin(method);
    map_read(group, number);
    view_is_pale = 1;
    entry_show(x, y, direction);
}

/* Doors, stairs and cave mouths send who arrives on them one step down. */
static u8 pushes_down(u8 collision) {
    return collision == COLLISION_DOOR || collision == COLLISION_DOOR_79 || collision == COLLISION_STAIRCASE ||
           collision == COLLISION_CAVE;
}

void warp_to(u8 group, u8 number, u8 warp, u8 method) {
    u8 row[5], direction = player_facing();
    wScriptRunning = SCRIPT_WARP;
    wNextWarp = wWarpNumber = warp;
    wNextMapGroup = group;
    wNextMapNumber = number;
    player_state_set(PLAYER_WALKS);
    entry_begin(method);
    view_fade_out();
    map_read(group, number);
    map_warp_row(warp, row);
    entry_show(row[1], row[0], direction);
    wScriptRunning = SCRIPT_NONE;
    if (pushes_down(wPlayerTileCollision)) player_step_forced(DOWN);
}

void overworld_reload(void) {
    entry_begin(MAPSETUP_RELOAD);
    wStateFlags &= ~0x40;
    people_masks();
    view_is_pale = 1;
    view_load();
    wMapStatus = 2;
    hMapEntryMethod = 0;
}

/* A step off the edge has ended on the neighbour's strip: the same picture, another map. */
void map_cross_edge(void) {
    u8 direction = player_facing(), x = wXCoord, y = wYCoord;
    const neighbour_t *next = map.neighbours + direction;
    s8 offset = next->offset;
    if (x < (u8)(map.width << 1) && y < (u8)(map.height << 1)) return;
    entry_begin(MAPSETUP_CONNECTION);
    wScriptRunning = SCRIPT_CONNECTION;
    map_read(next->group, next->number);
    switch (direction) {
    case DOWN:
        y = 0;
        x -= offset;
        break;
    case UP:
        y = (map.height << 1) - 1;
        x -= offset;
        break;
    case LEFT:
        x = (map.width << 1) - 1;
        y -= offset;
        break;
    default:
        x = 0;
        y -= offset;
        break;
    }
    map_publish();
    player_place(x, y, direction);
    people_load();
    load_changes();
    view_cross();
    wScriptRunning = SCRIPT_NONE;
    entry_end();
}

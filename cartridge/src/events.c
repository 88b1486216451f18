#include "events.h"
#include "battle.h"
#include "clock.h"
#include "data.h"
#include "flags.h"
#include "numbers.h"
#include "party.h"
#include "people.h"
#include "player.h"
#include "raft.h"
#include "script.h"
#include "steps.h"
#include "text.h"
#include "trainer.h"
#include "view.h"

/* ---------------------------------------------------------------- entering maps */

static void enter_begin(u8 method) {
    hMapEntryMethod = method;
    wMapStatus = 1;
    clock_read();
    wPrevMapGroup = wMapGroup;
    wPrevMapNumber = wMapNumber;
}

static void enter_end(void) {
    wWildEncounterCooldown = ENCOUNTER_COOLDOWN;
    wMapStatus = 2;
    hMapEntryMethod = 0;
}

static void show(u8 x, u8 y, u8 direction) {
    map_publish();
    player_place(x, y, direction);
    people_load();
    view_load();
    enter_end();
}

void map_enter(u8 group, u8 number, u8 x, u8 y, u8 direction, u8 method) {
    enter_begin(method);
    map_read(group, number);
    view_is_pale = 1;
    show(x, y, direction);
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
    enter_begin(method);
    view_fade_out();
    map_read(group, number);
    map_warp_row(warp, row);
    show(row[1], row[0], direction);
    wScriptRunning = SCRIPT_NONE;
    if (pushes_down(wPlayerTileCollision)) player_step_forced(DOWN);
}

void overworld_reload(void) {
    enter_begin(MAPSETUP_RELOAD);
    wStateFlags &= ~0x40;
    people_masks();
    view_is_pale = 1;
    view_load();
    wMapStatus = 2;
    hMapEntryMethod = 0;
}

/* A step off the edge has ended on the neighbour's strip: the same picture, another map. */
void events_cross_edge(void) {
    u8 direction = player_facing(), x = wXCoord, y = wYCoord;
    const neighbour_t *next = map.neighbours + direction;
    s8 offset = next->offset;
    if (x < (u8)(map.width << 1) && y < (u8)(map.height << 1)) return;
    enter_begin(MAPSETUP_CONNECTION);
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
    view_cross();
    wScriptRunning = SCRIPT_NONE;
    enter_end();
}

/* ---------------------------------------------------------------- after a step */

static u8 try_warp(void) {
    u8 row[5], number = map_warp_at(wXCoord, wYCoord, row);
    if (!number) return 0;
    wPrevWarp = number;
    warp_to(row[3], row[4], row[2], MAPSETUP_DOOR);
    return 1;
}

void events_warp_here(void) { try_warp(); }

/* Steps between a trainer and the player along the trainer's eyes, 0 when out of sight. */
static u8 sight_distance(const u8 *object) {
    u8 distance;
    s8 across = wPlayerMapX - object[OBJECT_MAP_X], along = wPlayerMapY - object[OBJECT_MAP_Y];
    if (object[OBJECT_WALKING] != STANDING) return 0;
    switch (object[OBJECT_DIRECTION] >> 2) {
    case DOWN: distance = !across && along > 0 ? along : 0; break;
    case UP: distance = !across && along < 0 ? -along : 0; break;
    case LEFT: distance = !along && across < 0 ? -across : 0; break;
    default: distance = !along && across > 0 ? across : 0;
    }
    return distance;
}

static u8 try_trainers(void) {
    u8 i, distance;
    u8 *object = MAP_OBJECT(1);
    for (i = 1; i <= map.object_count; i++, object += MAPOBJECT_SIZE) {
        if ((object[MAPOBJECT_PALETTE_TYPE] & 15) != OBJECT_TRAINER ||
            object[MAPOBJECT_OBJECT_STRUCT_ID] == NOT_ON_SCREEN)
            continue;
        distance = sight_distance(OBJECT(object[MAPOBJECT_OBJECT_STRUCT_ID]));
        if (distance && distance <= object[MAPOBJECT_SIGHT_RANGE] && trainer_sees(i, distance)) return 1;
    }
    return 0;
}

static u8 try_coord_events(void) {
    u8 row[8], i;
    const u8 *source = map.coords;
    for (i = map.coord_count; i; i--, source += sizeof row) {
        rom_copy(map.events_bank, row, source, sizeof row);
        if (row[1] != wYCoord || row[2] != wXCoord) continue;
        script_run((u16)row[4] | (u16)row[5] << 8, SCRIPT_TALK);
        return 1;
    }
    return 0;
}

static u8 is_encounter_step(void) {
    if (wEnvironment == ENVIRONMENT_CAVE || wEnvironment == ENVIRONMENT_DUNGEON) return 1;
    return wPlayerTileCollision == COLLISION_TALL_GRASS || wPlayerTileCollision == COLLISION_WATER ||
           wPlayerTileCollision == 0x08;
}

static u8 encounter_slot(void) {
    static const u8 limit[] = {77, 153, 204, 230, 242, 252}; /* 30 30 20 10 5 4 1 percent of 256 */
    u8 roll = random_byte(), slot = 0;
    while (slot < sizeof limit && roll >= limit[slot]) slot++;
    return slot;
}

static u8 try_encounter(void) {
    u8 pair[2], rate = (&wMornEncounterRate)[wTimeOfDay];
    if (wWildEncounterCooldown) {
        wWildEncounterCooldown--;
        return 0;
    }
    if (!rate || !wPartyCount || !is_encounter_step() || random_byte() >= rate) return 0;
    rom_copy(map.wild_bank, pair, map.wild + 3 + wTimeOfDay * 14 + encounter_slot() * 2, 2);
    if (wRepelEffect && pair[0] < PARTY_MON(party_first_able())[PARTY_LEVEL]) return 0;
    wScriptRunning = SCRIPT_TALK;
    if (battle_wild(pair[1], pair[0]) == BATTLE_LOST) white_out();
    else overworld_reload();
    wScriptRunning = SCRIPT_NONE;
    return 1;
}

void events_after_step(void) {
    wStepCount++;
    clock_read();
    view_colours();
    if (try_trainers()) return;
    if (map_is_immediate_warp(wPlayerTileCollision) && try_warp()) return;
    if (try_coord_events() || steps_count()) return;
    try_encounter();
}

/* ---------------------------------------------------------------- talking */

static u8 talk_sign(u8 x, u8 y) {
    u8 row[5], i;
    u16 script;
    const u8 *source = map.signs;
    for (i = map.sign_count; i; i--, source += sizeof row) {
        rom_copy(map.events_bank, row, source, sizeof row);
        if (row[0] != y || row[1] != x) continue;
        script = (u16)row[3] | (u16)row[4] << 8;
        if (row[2] == BG_ITEM) return script_hidden_item(script);
        script_run(script, SCRIPT_TALK);
        return 1;
    }
    return 0;
}

u8 events_talk(void) {
    u8 direction = player_facing(), x = wXCoord + step_x[direction], y = wYCoord + step_y[direction];
    u8 i = people_at(x, y);
    u8 *object;
    if (i == NOBODY && map_collision(x, y) == COLLISION_COUNTER)
        i = people_at(x + step_x[direction], y + step_y[direction]);
    if (i == NOBODY) return talk_sign(x, y) || raft_board(direction);
    object = MAP_OBJECT(i);
    hLastTalked = i;
    switch (object[MAPOBJECT_PALETTE_TYPE] & 15) {
    case OBJECT_ITEM_BALL: script_item_ball(i); break;
    case OBJECT_TRAINER:
        people_face(i, direction ^ 1);
        trainer_talk(i);
        break;
    default: script_run((u16)object[MAPOBJECT_SCRIPT] | (u16)object[MAPOBJECT_SCRIPT + 1] << 8, SCRIPT_TALK);
    }
    return 1;
}

/* ---------------------------------------------------------------- losing */

void white_out(void) {
    u8 group = wLastSpawnMapGroup, number = wLastSpawnMapNumber;
    wScriptRunning = SCRIPT_WHITE_OUT;
    overworld_reload();
    say(TEXT_WHITE_OUT);
    text_close();
    be24_put(wMoney, be24(wMoney) >> 1);
    party_heal();
    player_state_set(PLAYER_WALKS);
    enter_begin(MAPSETUP_WARP);
    view_fade_out();
    if (!group) {
        map_read(START_GROUP, START_NUMBER);
        show(START_X, START_Y, DOWN);
    } else {
        map_read(group, number);
        show(map.home_x, map.home_y, DOWN);
    }
    wScriptRunning = SCRIPT_NONE;
}

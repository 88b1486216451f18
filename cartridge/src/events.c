#include "events.h"
#include "battle.h"
#include "clock.h"
#include "data.h"
#include "day_care.h"
#include "egg.h"
#include "entry.h"
#include "faint.h"
#include "gear.h"
#include "field_moves.h"
#include "party.h"
#include "people.h"
#include "player.h"
#include "player_event.h"
#include "raft.h"
#include "script.h"
#include "steps.h"
#include "trainer.h"
#include "view.h"

enum { LEADS_BACK = 255 };         /* the warp of an elevator's door: to where one came in, or to the chosen floor */
enum { BG_READ = 0, BG_ITEM = 7 }; /* kinds of rows in the list of signs */

/* ---------------------------------------------------------------- after a step */

static u8 try_warp(void) {
    u8 row[5], number = map_warp_at(wXCoord, wYCoord, row);
    if (!number) return 0;
    wPrevWarp = number;
    if (row[2] == LEADS_BACK) {
        warp_to(wBackupMapGroup, wBackupMapNumber, wBackupWarpNumber, MAPSETUP_DOOR);
        return 1;
    }
    wBackupWarpNumber = number;
    wBackupMapGroup = wMapGroup;
    wBackupMapNumber = wMapNumber;
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
        if (row[1] != wYCoord || row[2] != wXCoord || row[3]) continue; /* row[3]: a boulder's hole */
        script_run((u16)row[4] | (u16)row[5] << 8, SCRIPT_TALK);
        return 1;
    }
    return 0;
}

static u8 is_encounter_step(void) {
    if (wEnvironment == ENVIRONMENT_CAVE || wEnvironment == ENVIRONMENT_DUNGEON) return 1;
    return wPlayerTileCollision == COLLISION_TALL_GRASS || map_is_water(wPlayerTileCollision) ||
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
    day_care_step();
    clock_read();
    view_colours();
    if (try_trainers()) return;
    if (map_is_immediate_warp(wPlayerTileCollision) && try_warp()) return;
    if (try_coord_events() || egg_step() || gear_rings() || steps_count()) return;
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
    if (i == NOBODY) return talk_sign(x, y) || raft_board(direction) || field_move_ahead(direction);
    object = MAP_OBJECT(i);
    hLastTalked = i;
    if (object[MAPOBJECT_MOVEMENT] == MOVES_BOULDER) {
        field_move_boulder();
        return 1;
    }
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

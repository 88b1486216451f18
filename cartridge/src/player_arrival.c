#include "player_arrival.h"
#include "entry.h"
#include "events.h"
#include "people.h"
#include "player.h"
#include "player_path.h"
#include "view.h"

enum { STEP_FLAG_STOP = 0x40, STEP_FLAG_CONTINUE = 0x20 };

/* Where a fall or ice takes the player on; NO_DIRECTION where it stands. */
static u8 carried(void) {
    if (wPlayerTileCollision == COLLISION_WATERFALL) return player_climbs ? UP : DOWN;
    player_climbs = 0;
    return wPlayerTileCollision == COLLISION_ICE && player_can_step(player_facing()) ? player_facing() : NO_DIRECTION;
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
    map_cross_edge();
    player_neighbours_publish();
    if (wPlayerState == PLAYER_RIDES_RAFT && !map_is_water(wPlayerTileCollision)) {
        player_state_set(PLAYER_WALKS);
        view_player();
    }
    people_nearby();
    view_tiles();
    if (player_hop_steps && --player_hop_steps) {
        player_step_begin(player_facing());
        return;
    }
    player_hop_frame = 0;
    if (carried() != NO_DIRECTION) {
        player_step_begin(carried());
        return;
    }
    player_was_moving = 1;
    events_after_step();
}

void player_step_frame(void) {
    player_step_frames--;
    wPlayerStepDuration = (u8)(player_step_frames + 1) >> 1;
    wPlayerStepFlags = STEP_FLAG_CONTINUE;
    if (player_hop_steps) player_hop_frame++;
    view_scroll(player_facing(), player_step_frames);
    if (!player_step_frames) step_end();
}

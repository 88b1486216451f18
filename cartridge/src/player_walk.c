#include "player_walk.h"
#include "boulders.h"
#include "buttons.h"
#include "events.h"
#include "people.h"
#include "player.h"
#include "player_arrival.h"
#include "player_event.h"
#include "player_path.h"
#include "start_menu.h"

enum { TURN_FRAMES = 8 }; /* four of Crystal's ticks */

static void obey(u8 direction) {
    wWalkingDirection = direction;
    if (direction == NO_DIRECTION) {
        player_was_moving = 0;
        wPlayerTurningDirection = 0;
        return;
    }
    /* Only from rest a turn takes time of its own. */
    if (!player_was_moving && direction != player_facing()) {
        wPlayerDirection = direction << 2;
        player_turn_frames = TURN_FRAMES;
        wScriptRunning = SCRIPT_TURNING;
        people_draw();
        return;
    }
    if (direction != player_facing()) {
        wPlayerDirection = direction << 2;
        people_draw();
    }
    if (player_can_step(direction)) {
        player_step_begin(direction);
    } else if (player_is_on_ledge(direction) &&
               map_is_land(map_collision(wXCoord + 2 * step_x[direction], wYCoord + 2 * step_y[direction])) &&
               people_at(wXCoord + 2 * step_x[direction], wYCoord + 2 * step_y[direction]) == NOBODY) {
        player_hop_steps = 2;
        player_step_begin(direction);
    } else {
        player_was_moving = 0;
        if (wBikeFlags & STRENGTH_ON && boulder_push(direction)) return;
        if (player_is_on_mat(direction)) events_warp_here();
    }
}

void player_frame(void) {
    if (player_step_frames) {
        player_step_frame();
        return;
    }
    if (player_turn_frames) {
        if (--player_turn_frames) return;
        wScriptRunning = SCRIPT_NONE;
        player_was_moving = 1; /* the held direction now starts a step */
    }
    if (boulder_rolling && !boulder_lies()) return;
    buttons_poll();
    if ((hJoyPressed & BUTTON_A) && events_talk()) return;
    if (hJoyPressed & BUTTON_START) {
        start_menu();
        return;
    }
    obey(player_held_direction());
    if (player_step_frames) player_step_frame(); /* the frame that starts a step is its first */
}

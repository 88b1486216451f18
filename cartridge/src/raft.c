#pragma bank 1
#include "raft.h"
#include "data.h"
#include "item.h"
#include "menu.h"
#include "people.h"
#include "player.h"
#include "player_event.h"
#include "player_path.h"
#include "view.h"

static u8 owns_raft(void) {
    item_t item;
    u8 i;
    for (i = 0; i < wNumKeyItems; i++) {
        item_read(wKeyItems[i], &item);
        if (item.effect == ITEM_EFFECT_RAFT) return 1;
    }
    return 0;
}

u8 raft_board(u8 direction) __banked {
    u8 rides;
    if (wPlayerState == PLAYER_RIDES_RAFT ||
        map_collision(wXCoord + step_x[direction], wYCoord + step_y[direction]) != COLLISION_WATER || !owns_raft())
        return 0;
    wScriptRunning = SCRIPT_TALK;
    say_asking(TEXT_RIDE_RAFT);
    rides = yes_no();
    text_close();
    player_state_set(PLAYER_RIDES_RAFT);
    if (rides && player_can_step(direction)) {
        view_player();
        player_step_forced(direction);
    } else player_state_set(PLAYER_WALKS);
    wScriptRunning = SCRIPT_NONE;
    return 1;
}

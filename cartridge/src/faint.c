#include "faint.h"
#include "data.h"
#include "entry.h"
#include "numbers.h"
#include "party.h"
#include "player.h"
#include "player_event.h"
#include "text.h"
#include "view.h"

void white_out(void) {
    u8 group = wLastSpawnMapGroup, number = wLastSpawnMapNumber;
    wScriptRunning = SCRIPT_WHITE_OUT;
    overworld_reload();
    say(TEXT_WHITE_OUT);
    text_close();
    be24_put(wMoney, be24(wMoney) >> 1);
    party_heal();
    player_state_set(PLAYER_WALKS);
    entry_begin(MAPSETUP_WARP);
    view_fade_out();
    if (!group) {
        map_read(START_GROUP, START_NUMBER);
        entry_show(START_X, START_Y, DOWN);
    } else {
        map_read(group, number);
        entry_show(map.home_x, map.home_y, DOWN);
    }
    wScriptRunning = SCRIPT_NONE;
}

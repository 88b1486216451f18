/* The cartridge: the title, then the overworld for ever; everything else is called from there. */
#include "data.h"
#include "entry.h"
#include "people.h"
#include "player.h"
#include "player_walk.h"
#include "title.h"

void main(void) {
    if (title()) map_enter(wMapGroup, wMapNumber, wXCoord, wYCoord, player_facing(), MAPSETUP_CONTINUE);
    else map_enter(START_GROUP, START_NUMBER, START_X, START_Y, DOWN, MAPSETUP_WARP);
    for (;;) {
        wait_frame();
        player_frame();
        people_frame();
    }
}

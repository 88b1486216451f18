/* The cartridge: the title, then the overworld for ever; everything else is called from there. */
#include "data.h"
#include "events.h"
#include "people.h"
#include "player.h"
#include "title.h"

void main(void) {
    title();
    map_enter(START_GROUP, START_NUMBER, START_X, START_Y, DOWN, MAPSETUP_WARP);
    for (;;) {
        wait_frame();
        player_frame();
        people_frame();
    }
}

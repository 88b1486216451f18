#pragma bank 1
#include "field_moves.h"
#include <string.h>
#include "boulders.h"
#include "data.h"
#include "entry.h"
#include "fly_screen.h"
#include "item.h"
#include "menu.h"
#include "party.h"
#include "people.h"
#include "player.h"
#include "player_event.h"
#include "player_path.h"
#include "view.h"

enum { HM_CUT, HM_FLY, HM_SURF, HM_STRENGTH, HM_FLASH, HM_WHIRLPOOL, HM_WATERFALL };

static u8 user; /* whose move is used */

static u8 badge_is_won(u8 machine) {
    item_t item;
    item_read(ITEM_HM_CUT + machine, &item);
    return (wJohtoBadges >> item.badge) & 1;
}

static u8 is_able(u8 machine) {
    user = party_knower(MOVE_CUT + machine);
    return user != PARTY_MAX && badge_is_won(machine);
}

static void names(u8 machine) {
    memcpy(wStringBuffer1, wPartyMonNicknames + user * NICKNAME_SIZE, NICKNAME_SIZE);
    move_name(MOVE_CUT + machine, wStringBuffer2);
}

static void use_told(u8 machine) {
    names(machine);
    say(TEXT_USED_ON_THE_WAY);
}

/* Speaks of an obstacle, and asks where the party can take it. 1: it is to be taken. */
static u8 agreed(u8 machine, u16 question, u16 words) {
    if (!is_able(machine)) {
        say(words);
        return 0;
    }
    say_asking(question);
    if (!yes_no()) return 0;
    use_told(machine);
    return 1;
}

/* The step ahead becomes plain ground or water, until the map is read again. */
static void clear_ahead(u8 direction) {
    u8 x = wXCoord + step_x[direction], y = wYCoord + step_y[direction];
    text_close();
    map_change(x, y);
    view_column(x);
    player_neighbours_publish();
}

static void ride_out(u8 direction) {
    text_close();
    player_state_set(PLAYER_RIDES_RAFT);
    if (player_can_step(direction)) {
        view_player();
        player_step_forced(direction);
    } else player_state_set(PLAYER_WALKS);
}

static void climb(void) {
    text_close();
    player_climbs = 1;
    player_step_forced(UP);
}

u8 field_move_ahead(u8 direction) __banked {
    u8 rides = wPlayerState == PLAYER_RIDES_RAFT;
    u8 ahead = map_collision(wXCoord + step_x[direction], wYCoord + step_y[direction]);
    wScriptRunning = SCRIPT_TALK;
    switch (ahead) {
    case COLLISION_CUT_TREE:
        if (agreed(HM_CUT, TEXT_ASK_CUT, TEXT_IS_TREE)) clear_ahead(direction);
        break;
    case COLLISION_WHIRLPOOL:
        if (agreed(HM_WHIRLPOOL, TEXT_ASK_WHIRLPOOL, TEXT_IS_WHIRLPOOL)) clear_ahead(direction);
        break;
    case COLLISION_WATERFALL:
        if (!rides || direction != UP) goto nothing;
        if (agreed(HM_WATERFALL, TEXT_ASK_WATERFALL, TEXT_IS_WATERFALL)) climb();
        break;
    case COLLISION_SEA:
    case COLLISION_WATER:
        if (rides || (ahead == COLLISION_WATER && !is_able(HM_SURF))) goto nothing;
        if (agreed(HM_SURF, TEXT_ASK_SURF, TEXT_IS_SEA)) ride_out(direction);
        break;
    default: goto nothing;
    }
    text_close();
    wScriptRunning = SCRIPT_NONE;
    return 1;
nothing:
    wScriptRunning = SCRIPT_NONE;
    return 0;
}

void field_move_boulder(void) __banked {
    wScriptRunning = SCRIPT_TALK;
    if (wBikeFlags & STRENGTH_ON) say(TEXT_STRONG_NOW);
    else if (agreed(HM_STRENGTH, TEXT_ASK_STRENGTH, TEXT_IS_BOULDER)) {
        wBikeFlags |= STRENGTH_ON;
        say(TEXT_STRONG_NOW);
    }
    text_close();
    wScriptRunning = SCRIPT_NONE;
}

static void light(void) {
    if (wTimeOfDayPalset != PALSET_DARK) {
        say(TEXT_NOT_HERE);
        return;
    }
    use_told(HM_FLASH);
    wStatusFlags |= STATUS_FLASH;
    map_darkness_publish();
    view_colours();
    say(TEXT_FLASH_LIT);
}

static void fly(void) {
    u8 place, row[2];
    if (map.environment > ENVIRONMENT_ROUTE) {
        say(TEXT_NOT_HERE);
        return;
    }
    place = fly_screen();
    if (place == NO_PLACE) {
        view_load();
        return;
    }
    rom_copy(FLY_PLACES_BANK, row, FLY_PLACES + place * 2, sizeof row);
    player_state_set(PLAYER_WALKS);
    entry_begin(MAPSETUP_FLY);
    map_read(row[0], row[1]);
    view_is_pale = 1;
    entry_show(map.home_x, map.home_y, DOWN);
}

void field_move_chosen(u8 machine, u8 index) __banked {
    u8 direction = player_facing();
    u8 ahead = map_collision(wXCoord + step_x[direction], wYCoord + step_y[direction]);
    wScriptRunning = SCRIPT_TALK;
    user = index;
    names(machine);
    if (!badge_is_won(machine)) say(TEXT_BADGE_MISSING);
    else if (machine == HM_FLASH) light();
    else if (machine == HM_FLY) fly();
    else if (machine == HM_STRENGTH) {
        use_told(machine);
        wBikeFlags |= STRENGTH_ON;
        say(TEXT_STRONG_NOW);
    } else if ((machine == HM_CUT && ahead == COLLISION_CUT_TREE) ||
               (machine == HM_WHIRLPOOL && ahead == COLLISION_WHIRLPOOL)) {
        use_told(machine);
        clear_ahead(direction);
    } else if (machine == HM_SURF && (ahead == COLLISION_WATER || ahead == COLLISION_SEA) &&
               wPlayerState != PLAYER_RIDES_RAFT) {
        use_told(machine);
        ride_out(direction);
    } else if (machine == HM_WATERFALL && ahead == COLLISION_WATERFALL && direction == UP &&
               wPlayerState == PLAYER_RIDES_RAFT) {
        use_told(machine);
        climb();
    } else say(TEXT_NOT_HERE);
    text_close();
    wScriptRunning = SCRIPT_NONE;
}

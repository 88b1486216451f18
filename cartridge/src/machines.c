#pragma bank 4
#include "machines.h"
#include <string.h>
#include "data.h"
#include "experience.h"
#include "menu.h"
#include "party_screen.h"

/* Whether this pal can be taught; says why not. */
static u8 may_learn(u8 index, u8 machine, u8 move) {
    memcpy(wStringBuffer1, wPartyMonNicknames + index * NICKNAME_SIZE, NICKNAME_SIZE);
    if (!party_can_learn(index, machine)) say(TEXT_CANNOT_LEARN);
    else if (move_known(PARTY_MON(index), move)) say(TEXT_KNOWS_ALREADY);
    else return 1;
    return 0;
}

void machine_use(u8 item) {
    u8 machine = item - ITEM_HM_CUT, move = MOVE_CUT + machine, index;
    move_name(move, wStringBuffer2);
    say(TEXT_MACHINE_ON);
    say_asking(TEXT_MACHINE_TEACH);
    if (!yes_no()) return;
    do {
        index = party_screen_machine(machine);
        if (index == MENU_CANCELLED) return;
        move_name(move, wStringBuffer2);
    } while (!may_learn(index, machine, move));
    move_learn(index, PARTY_MON(index), move);
}

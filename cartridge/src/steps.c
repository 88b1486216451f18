#pragma bank 3
#include <string.h>
#include "steps.h"
#include "battle_side.h"
#include "data.h"
#include "faint.h"
#include "numbers.h"
#include "party.h"
#include "player_event.h"
#include "text.h"

enum { POISON_STEPS = 4 };

static void tell(u16 text) {
    wScriptRunning = SCRIPT_TALK;
    say(text);
    text_close();
    wScriptRunning = SCRIPT_NONE;
}

/* One point from everyone poisoned; whoever faints of it is named. */
static u8 poison_bite(void) {
    u8 i, told = 0;
    u8 *record = wPartyMons;
    u16 hp;
    for (i = 0; i < wPartyCount; i++, record += PARTY_SIZE) {
        hp = be16(record + PARTY_HP);
        if (!hp || !(record[PARTY_STATUS] & STATUS_POISON)) continue;
        be16_put(record + PARTY_HP, hp - 1);
        if (hp > 1) continue;
        record[PARTY_STATUS] = 0;
        memcpy(wStringBuffer1, wPartyMonNicknames + i * NICKNAME_SIZE, NICKNAME_SIZE);
        tell(TEXT_FAINTED);
        told = 1;
    }
    if (told && party_first_able() == PARTY_MAX) white_out();
    return told;
}

u8 steps_count(void) __banked {
    if (wRepelEffect && !--wRepelEffect) {
        tell(TEXT_REPEL_OVER);
        return 1;
    }
    if (++wPoisonStepCount < POISON_STEPS) return 0;
    wPoisonStepCount = 0;
    return poison_bite();
}

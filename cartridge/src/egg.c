#pragma bank 3
#include <string.h>
#include "egg.h"
#include "box.h"
#include "data.h"
#include "flags.h"
#include "keyboard.h"
#include "menu.h"
#include "numbers.h"
#include "party.h"
#include "player_event.h"

enum { EGG_LEVEL = 5, HATCH_STEP = 128, HATCHED_HAPPINESS = 120, NICKNAME_LETTERS = 10 };

/* An egg has no HP, so it neither fights nor faints. Its happiness counts the cycles of 256 steps that are left. */
u8 egg_give(u8 species, u8 cycles) __banked {
    u8 place = wPartyCount, given = 1;
    u8 *record;
    if (place == PARTY_MAX) {
        if (wPartySpecies[--place] == EGG) return 0;
        memcpy(wStringBuffer1, wPartyMonNicknames + place * NICKNAME_SIZE, NICKNAME_SIZE);
        if (!box_add(PARTY_MON(place), wStringBuffer1)) return 0;
        party_remove(place);
        given = 2;
    }
    record = PARTY_MON(place);
    party_add(species, EGG_LEVEL);
    wPartySpecies[place] = EGG;
    record[PARTY_HAPPINESS] = cycles;
    be16_put(record + PARTY_HP, 0);
    text_copy(TEXT_EGG, wPartyMonNicknames + place * NICKNAME_SIZE, NICKNAME_SIZE);
    return given;
}

static void hatch(u8 place) {
    u8 *record = PARTY_MON(place);
    u8 *nickname = wPartyMonNicknames + place * NICKNAME_SIZE;
    wScriptRunning = SCRIPT_EGG;
    say(TEXT_EGG_HUH);
    wPartySpecies[place] = record[PARTY_SPECIES];
    record[PARTY_HAPPINESS] = HATCHED_HAPPINESS;
    memcpy(record + PARTY_HP, record + PARTY_MAX_HP, 2);
    species_name(record[PARTY_SPECIES], nickname);
    memcpy(wStringBuffer1, nickname, NICKNAME_SIZE);
    dex_catch(record[PARTY_SPECIES]);
    flag_set(FLAG_EVENT_EGG_HATCHED);
    say(TEXT_EGG_HATCHED);
    say_asking(TEXT_EGG_NICKNAME);
    if (yes_no()) {
        keyboard(NAME_OF_PAL, TEXT_EGG_NAME, nickname, NICKNAME_LETTERS);
        if (*nickname == TEXT_END) species_name(record[PARTY_SPECIES], nickname);
    }
    text_close();
    wScriptRunning = SCRIPT_NONE;
}

u8 egg_step(void) __banked {
    u8 i, hatched = 0;
    if (wStepCount != HATCH_STEP) return 0;
    for (i = 0; i < wPartyCount; i++) {
        if (wPartySpecies[i] != EGG || --PARTY_MON(i)[PARTY_HAPPINESS]) continue;
        hatch(i);
        hatched = 1;
    }
    return hatched;
}

#pragma bank 4
#include <string.h>
#include "evolution.h"
#include "battle_screen.h"
#include "buttons.h"
#include "data.h"
#include "experience.h"
#include "numbers.h"
#include "text.h"

enum { WATCH_FRAMES = 100, PORTRAIT_X = 7, PORTRAIT_Y = 4 };

/* Too large for the stack. */
static __at(SCRATCH_BEFORE) species_t before;
static __at(SCRATCH_AFTER) species_t after;

/* B holds it back. */
static u8 watched(void) {
    u8 frames;
    buttons_forget();
    for (frames = WATCH_FRAMES; frames; frames--) {
        wait_frame();
        buttons_poll();
        if (hJoyPressed & BUTTON_B) return 0;
    }
    return 1;
}

/* A pal that was never given a name of its own takes the new kind's. */
static void rename(u8 index, const u8 *before, const u8 *after) {
    u8 *nickname = wPartyMonNicknames + index * NICKNAME_SIZE;
    if (!memcmp(nickname, before, NICKNAME_SIZE)) memcpy(nickname, after, NICKNAME_SIZE);
}

static void change(u8 index, u8 *record) {
    u16 max = be16(record + PARTY_MAX_HP);
    species_read(before.evolve_to, &after);
    record[PARTY_SPECIES] = wPartySpecies[index] = before.evolve_to;
    creature_stats(record, &after);
    be16_put(record + PARTY_HP, be16(record + PARTY_HP) + be16(record + PARTY_MAX_HP) - max);
    dex_catch(before.evolve_to);
    battle_screen_portrait(before.evolve_to, PORTRAIT_X, PORTRAIT_Y);
    memcpy(wStringBuffer2, after.name, NICKNAME_SIZE);
    say(TEXT_EVOLVED);
    rename(index, before.name, after.name);
    moves_of_level(index, record, &after);
}

static void evolve(u8 index) {
    u8 *record = PARTY_MON(index);
    species_read(record[PARTY_SPECIES], &before);
    if (!before.evolve_level || record[PARTY_LEVEL] < before.evolve_level) return;
    memcpy(wStringBuffer1, wPartyMonNicknames + index * NICKNAME_SIZE, NICKNAME_SIZE);
    battle_screen_portrait(record[PARTY_SPECIES], PORTRAIT_X, PORTRAIT_Y);
    say_asking(TEXT_EVOLVING);
    if (watched()) change(index, record);
    else say(TEXT_NOT_EVOLVED);
}

void evolve_party(void) __banked {
    u8 i;
    for (i = 0; i < wPartyCount; i++)
        if (wEvolvableFlags & 1 << i && be16(PARTY_MON(i) + PARTY_HP)) evolve(i);
    wEvolvableFlags = 0;
}

#pragma bank 4
#include <string.h>
#include "day_care.h"
#include "data.h"
#include "menu.h"
#include "money.h"
#include "numbers.h"
#include "party.h"
#include "party_screen.h"
#include "view.h"

enum { HAS_PAL = 0x01, ACTIVE = 0x80 }; /* wDayCareMan */
enum { RECORD_SIZE = 32, PRICE = 100 };

static u8 fighters(void) {
    u8 i, count = 0;
    for (i = 0; i < wPartyCount; i++)
        if (be16(PARTY_MON(i) + PARTY_HP)) count++;
    return count;
}

/* 255: nobody. The map is shown again. */
static u8 chosen(void) {
    u8 index;
    text_close();
    wSpriteUpdatesEnabled = 0;
    index = party_screen(TEXT_CHOOSE_PAL, 1);
    wSpriteUpdatesEnabled = 1;
    view_load();
    return index;
}

static void leave(void) {
    u8 index;
    say_asking(TEXT_CARE_ASK);
    if (!yes_no()) {
        say(TEXT_CARE_BYE);
        return;
    }
    index = chosen();
    if (index == MENU_CANCELLED) {
        say(TEXT_CARE_BYE);
        return;
    }
    if (wPartySpecies[index] == EGG || fighters() < 2 || !be16(PARTY_MON(index) + PARTY_HP)) {
        say(TEXT_CARE_NOT_THAT);
        return;
    }
    memcpy(wBreedMon1, PARTY_MON(index), RECORD_SIZE);
    memcpy(wBreedMon1Nickname, wPartyMonNicknames + index * NICKNAME_SIZE, NICKNAME_SIZE);
    memcpy(wStringBuffer1, wBreedMon1Nickname, NICKNAME_SIZE);
    party_remove(index);
    wDayCareMan |= ACTIVE | HAS_PAL;
    say(TEXT_CARE_LEFT);
}

/* The level that its experience makes. */
static u8 grown(void) {
    u8 level = wBreedMon1[PARTY_LEVEL];
    u32 exp = be24(wBreedMon1 + PARTY_EXP);
    while (level < LEVEL_MAX && exp >= level_exp(level + 1)) level++;
    return level;
}

static void take(void) {
    u8 level = grown();
    u16 price = PRICE + (u16)(level - wBreedMon1[PARTY_LEVEL]) * PRICE;
    memcpy(wStringBuffer1, wBreedMon1Nickname, NICKNAME_SIZE);
    number_text(wStringBuffer2, price);
    say_asking(TEXT_CARE_TAKE);
    if (!yes_no()) {
        say(TEXT_CARE_STAYS);
        return;
    }
    if (wPartyCount == PARTY_MAX) {
        say(TEXT_PARTY_FULL);
        return;
    }
    if (!money_take(price)) {
        say(TEXT_CARE_NO_MONEY);
        return;
    }
    wBreedMon1[PARTY_LEVEL] = level;
    party_take(wBreedMon1, wBreedMon1Nickname);
    wDayCareMan &= ~HAS_PAL;
    say(TEXT_CARE_TAKEN);
}

void day_care(void) __banked {
    if (wDayCareMan & HAS_PAL) take();
    else leave();
}

void day_care_step(void) __banked {
    u32 exp;
    if (!(wDayCareMan & HAS_PAL)) return;
    exp = be24(wBreedMon1 + PARTY_EXP);
    if (exp < level_exp(LEVEL_MAX)) be24_put(wBreedMon1 + PARTY_EXP, exp + 1);
}

#pragma bank 4
#include <string.h>
#include "box.h"
#include "data.h"
#include "list.h"
#include "party.h"
#include "party_screen.h"
#include "save.h"
#include "view.h"

/* A kept record is a party record without status, HP and stats. Owners' names follow the records, then nicknames. */
enum { RECORD_SIZE = 32, LIST_END = 255, WITHDRAW = 0, DEPOSIT };
#define BOX_MON(i) (sBoxMons + (u16)(i) * RECORD_SIZE)
#define BOX_OT(i) (sBoxMons + BOX_MAX * RECORD_SIZE + (u16)(i) * NICKNAME_SIZE)
#define BOX_NICKNAME(i) (sBoxMons + BOX_MAX * (RECORD_SIZE + NICKNAME_SIZE) + (u16)(i) * NICKNAME_SIZE)

void box_clear(void) __banked {
    CARTRIDGE_RAM_OPEN();
    sBoxCount[0] = 0;
    sBoxSpecies[0] = LIST_END;
    CARTRIDGE_RAM_CLOSE();
}

u8 box_count(void) __banked {
    u8 count;
    CARTRIDGE_RAM_OPEN();
    count = sBoxCount[0];
    CARTRIDGE_RAM_CLOSE();
    return count;
}

u8 box_add(const u8 *record, const u8 *nickname) __banked {
    u8 place = box_count();
    if (place >= BOX_MAX) return 0;
    CARTRIDGE_RAM_OPEN();
    sBoxSpecies[place] = record[PARTY_SPECIES];
    sBoxSpecies[place + 1] = LIST_END;
    memcpy(BOX_MON(place), record, RECORD_SIZE);
    memcpy(BOX_OT(place), wPlayerName, NICKNAME_SIZE);
    memcpy(BOX_NICKNAME(place), nickname, NICKNAME_SIZE);
    sBoxCount[0] = place + 1;
    CARTRIDGE_RAM_CLOSE();
    dex_catch(record[PARTY_SPECIES]);
    return 1;
}

static void box_remove(u8 place) {
    CARTRIDGE_RAM_OPEN();
    for (sBoxCount[0]--; place < sBoxCount[0]; place++) {
        sBoxSpecies[place] = sBoxSpecies[place + 1];
        memcpy(BOX_MON(place), BOX_MON(place + 1), RECORD_SIZE);
        memcpy(BOX_OT(place), BOX_OT(place + 1), NICKNAME_SIZE);
        memcpy(BOX_NICKNAME(place), BOX_NICKNAME(place + 1), NICKNAME_SIZE);
    }
    sBoxSpecies[place] = LIST_END;
    CARTRIDGE_RAM_CLOSE();
}

/* A pal comes out of the box well. Its record passes through the foe's, because the stack is small. */
static void withdraw(u8 place) {
    CARTRIDGE_RAM_OPEN();
    memcpy(wOTPartyMons, BOX_MON(place), RECORD_SIZE);
    memcpy(wStringBuffer1, BOX_NICKNAME(place), NICKNAME_SIZE);
    CARTRIDGE_RAM_CLOSE();
    if (!party_take(wOTPartyMons, wStringBuffer1)) {
        say(TEXT_PARTY_FULL);
        return;
    }
    box_remove(place);
    say(TEXT_WITHDREW);
}

static void deposit(u8 index) {
    memcpy(wStringBuffer1, wPartyMonNicknames + index * NICKNAME_SIZE, NICKNAME_SIZE);
    if (wPartyCount == 1) say(TEXT_LAST_PAL);
    else if (wPartySpecies[index] == EGG) say(TEXT_EGG_STAYS);
    else if (!box_add(PARTY_MON(index), wStringBuffer1)) say(TEXT_BOX_FULL);
    else {
        party_remove(index);
        say(TEXT_DEPOSITED);
    }
}

static void kept_row(u8 index, u8 y) {
    u8 nickname[NICKNAME_SIZE], level;
    CARTRIDGE_RAM_OPEN();
    memcpy(nickname, BOX_NICKNAME(index), NICKNAME_SIZE);
    level = BOX_MON(index)[PARTY_LEVEL];
    CARTRIDGE_RAM_CLOSE();
    screen_text(LIST_X + 1, y, nickname);
    screen_put(LIST_X + 10, y + 1, TILE_LEVEL);
    screen_number(LIST_X + 11, y + 1, level, 3);
}

static void withdraw_some(void) {
    list_t list;
    list.row = kept_row;
    for (;;) {
        list.count = box_count();
        screen_fill(0, 0, SCREEN_COLUMNS, SCREEN_ROWS, TILE_SPACE);
        screen_box(LIST_X - 1, LIST_Y - 1, LIST_WIDTH + 2, LIST_ROWS * 2 + 2);
        if (list_run(&list, 0, BUTTON_A | BUTTON_B) & BUTTON_B || wScrollingMenuCursorPosition == list.count) return;
        withdraw(wScrollingMenuCursorPosition);
    }
}

static void deposit_some(void) {
    u8 index;
    while ((index = party_screen(TEXT_CHOOSE_PAL, 1)) != MENU_CANCELLED) deposit(index);
}

void box_screen(void) __banked {
    u8 choice;
    for (;;) {
        say_asking(TEXT_BOX_WHAT);
        choice = menu_list(0, 0, 12, 3, TEXT_BOX_WITHDRAW, 1);
        if (choice == MENU_CANCELLED || choice > DEPOSIT) break;
        wSpriteUpdatesEnabled = 0;
        sprites_hide();
        if (choice == WITHDRAW) withdraw_some();
        else deposit_some();
        wSpriteUpdatesEnabled = 1;
        view_load();
    }
    text_close();
}

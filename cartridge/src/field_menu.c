#pragma bank 4
#include "field_menu.h"
#include "data.h"
#include "item_use.h"
#include "menu.h"
#include "pack_screen.h"
#include "party.h"
#include "party_screen.h"
#include "stats_screen.h"
#include "view.h"

enum { SWITCH, STATS_PAGE, PAL_CHOICES = 3, USE = 0, TOSS };

static void enter(void) {
    wSpriteUpdatesEnabled = 0;
    sprites_hide();
}

/* Back to the map, whose palettes the lists have replaced. */
static void leave(void) {
    wSpriteUpdatesEnabled = 1;
    view_load();
}

void field_party(void) __banked {
    u8 index, choice, other;
    enter();
    while ((index = party_screen(TEXT_CHOOSE_PAL, 1)) != MENU_CANCELLED) {
        choice = menu_list(10, 9, 10, PAL_CHOICES, TEXT_PAL_SWITCH, 1);
        if (choice == STATS_PAGE) stats_screen(index);
        if (choice != SWITCH) continue;
        other = party_screen(TEXT_MOVE_WHERE, 1);
        if (other != MENU_CANCELLED) party_swap(index, other);
    }
    leave();
}

static void treat(u8 number, const item_t *item) {
    u8 index = party_screen(TEXT_USE_ON_WHICH, 1);
    if (index == MENU_CANCELLED) return;
    if (!item_treat(index, item)) {
        say(TEXT_NO_USE);
        return;
    }
    bag_take(number, 1);
    say(TEXT_USED_ITEM);
}

static void repel(u8 number, const item_t *item) {
    if (wRepelEffect) {
        say(TEXT_REPEL_STILL);
        return;
    }
    wRepelEffect = item->amount;
    bag_take(number, 1);
    say(TEXT_USED_ITEM);
}

static void toss(u8 number, const item_t *item) {
    if (item->pocket == POCKET_KEY_ITEMS) {
        say(TEXT_TOO_IMPORTANT);
        return;
    }
    say_asking(TEXT_TOSS_ASK);
    if (yes_no() && bag_take(number, 1)) say(TEXT_TOSSED);
}

static void item_chosen(u8 number) {
    item_t item;
    u8 choice = menu_list(11, 11, 9, 3, TEXT_ITEM_USE, 1);
    item_read(number, &item);
    item_name(number, wStringBuffer1);
    if (choice == TOSS) toss(number, &item);
    else if (choice == USE) {
        if (item_is_medicine(&item) && wPartyCount) treat(number, &item);
        else if (item.effect == ITEM_EFFECT_REPEL) repel(number, &item);
        else say(TEXT_NOT_NOW);
    }
}

void field_pack(void) __banked {
    u8 item;
    enter();
    while ((item = pack_screen()) != NO_ITEM) item_chosen(item);
    leave();
}

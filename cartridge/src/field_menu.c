#pragma bank 4
#include "field_menu.h"
#include "data.h"
#include "item_use.h"
#include "machines.h"
#include "menu.h"
#include "pack_screen.h"
#include "party.h"
#include "party_screen.h"
#include "stats_screen.h"
#include "view.h"

enum { SWITCH, STATS_PAGE, PAL_CHOICES = 3, USE = 0, TOSS };
enum { CHOICES_X = 7, CHOICES_WIDTH = 13 };

static void enter(void) {
    wSpriteUpdatesEnabled = 0;
    sprites_hide();
}

/* Back to the map, whose palettes the lists have replaced. */
static void leave(void) {
    wSpriteUpdatesEnabled = 1;
    view_load();
}

/* The moves of a pal that machines teach, as their numbers; returns how many. */
static u8 machine_moves(u8 index, u8 *machines) {
    const u8 *move = PARTY_MON(index) + PARTY_MOVES;
    u8 count = 0, slot;
    for (slot = 0; slot < MOVE_SLOTS; slot++, move++)
        if ((u8)(*move - MOVE_CUT) < HM_COUNT) machines[count++] = *move - MOVE_CUT;
    return count;
}

/* What can be done with a pal, moves for the way first. */
static u8 choices(const u8 *machines, u8 moves) {
    menu_t menu = {CHOICES_X + 1, 0, 0, 1, 2, 0, 0};
    u8 i, y, label[NAME_LONG];
    menu.rows = moves + PAL_CHOICES;
    y = SCREEN_ROWS - 1 - menu.rows * 2;
    menu.y = y + 1;
    screen_box(CHOICES_X, y, CHOICES_WIDTH, menu.rows * 2 + 1);
    for (i = 0; i < menu.rows; i++) {
        if (i < moves) move_name(MOVE_CUT + machines[i], label);
        else text_copy(TEXT_PAL_SWITCH + i - moves, label, NAME_LONG);
        screen_text(CHOICES_X + 2, y + 1 + i * 2, label);
    }
    window_show();
    i = menu_run(&menu, 0, BUTTON_A | BUTTON_B);
    return wMenuJoypad & BUTTON_B ? MENU_CANCELLED : i;
}

u8 field_party(void) __banked {
    u8 index, choice, other, moves, machines[MOVE_SLOTS];
    enter();
    while ((index = party_screen(TEXT_CHOOSE_PAL, 1)) != MENU_CANCELLED) {
        moves = machine_moves(index, machines);
        choice = moves ? choices(machines, moves) : menu_list(10, 9, 10, PAL_CHOICES, TEXT_PAL_SWITCH, 1);
        if (choice < moves) {
            leave();
            wCurPartyMon = index;
            return machines[choice] + 1;
        }
        if (choice != MENU_CANCELLED) choice -= moves;
        if (choice == STATS_PAGE) stats_screen(index);
        if (choice != SWITCH) continue;
        other = party_screen(TEXT_MOVE_WHERE, 1);
        if (other != MENU_CANCELLED) party_swap(index, other);
    }
    leave();
    return 0;
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
    if (item->pocket == POCKET_KEY_ITEMS || item->pocket == POCKET_MACHINES) {
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
        else if (item.effect == ITEM_EFFECT_TEACH && wPartyCount) machine_use(number);
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

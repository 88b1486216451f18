#pragma bank 2
/* The course of a battle: who comes out, who acts first, who faints, how it ends. */
#include <string.h>
#include "battle.h"
#include "battle_foe.h"
#include "battle_items.h"
#include "battle_menu.h"
#include "battle_screen.h"
#include "data.h"
#include "evolution.h"
#include "experience.h"
#include "menu.h"
#include "money.h"
#include "moves.h"
#include "numbers.h"
#include "party.h"
#include "party_screen.h"
#include "view.h"

enum { GOES_ON = 255, STATE_TEXT = 0x40, FLED_LIMIT = 255 };
enum { ACTION_MOVE, ACTION_ITEM, ACTION_SWITCH }; /* wBattlePlayerAction */

static u8 own_move;

/* ---------------------------------------------------------------- coming out */

static void own_out(u8 index) {
    side_enter(OWN, index);
    battle_screen_side(OWN);
    side_name(OWN, wStringBuffer1);
    say_passing(TEXT_GO);
}

static u8 foe_first_able(void) {
    u8 i;
    for (i = 0; i < wOTPartyCount; i++)
        if (be16(wOTPartyMons + (u16)i * PARTY_SIZE + PARTY_HP)) return i;
    return PARTY_MAX;
}

/* Asks until the answer can fight; the party screen took over the picture. */
static u8 choose_pal(u8 can_cancel) {
    u8 index;
    for (;;) {
        index = party_screen(TEXT_WHICH_NEXT, can_cancel);
        if (index == MENU_CANCELLED) break;
        memcpy(wStringBuffer1, wPartyMonNicknames + index * NICKNAME_SIZE, NICKNAME_SIZE);
        if (index == wCurBattleMon && side_hp(OWN)) say(TEXT_IS_OUT);
        else if (!be16(PARTY_MON(index) + PARTY_HP)) say(TEXT_NO_WILL);
        else break;
    }
    return index;
}

/* ---------------------------------------------------------------- one turn */

static u8 try_flee(void) {
    u16 chance;
    if (wBattleMode == BATTLE_TRAINER) {
        say(TEXT_NO_RUNNING);
        return 0;
    }
    wNumFleeAttempts++;
    chance =
        be16(wBattleMon + BATTLE_SPEED) * 32 / (be16(wEnemyMon + BATTLE_SPEED) / 4 + 1) + 30 * (wNumFleeAttempts - 1);
    if (be16(wBattleMon + BATTLE_SPEED) >= be16(wEnemyMon + BATTLE_SPEED) || chance > FLED_LIMIT ||
        random_byte() < chance) {
        wBattleResult = BATTLE_FLED;
        say(TEXT_FLED);
        return 1;
    }
    say(TEXT_CANNOT_FLEE);
    return 0;
}

static u8 own_has_pp(void) {
    u8 i;
    for (i = 0; i < MOVE_SLOTS; i++)
        if (wBattleMon[BATTLE_PP + i]) return 1;
    return 0;
}

static u8 choose_move(void) {
    u8 slot;
    if (!own_has_pp()) {
        side_name(OWN, wStringBuffer1);
        say(TEXT_STRUGGLE);
        own_move = MOVE_STRUGGLE;
        return 1;
    }
    slot = battle_move_menu();
    if (slot == NO_MOVE) return 0;
    own_move = wBattleMon[BATTLE_MOVES + slot];
    return 1;
}

static u8 choose_switch(void) {
    u8 index;
    side_save(OWN);
    index = choose_pal(1);
    if (index == MENU_CANCELLED) {
        battle_screen_open();
        return 0;
    }
    side_name(OWN, wStringBuffer1);
    side_enter(OWN, index);
    battle_screen_open();
    say_passing(TEXT_COME_BACK);
    side_name(OWN, wStringBuffer1);
    say_passing(TEXT_GO);
    return 1;
}

/* Asks for an action until one is taken. GOES_ON: the turn is fought; otherwise the battle is over. */
static u8 choose_action(void) {
    u8 used;
    for (;;) {
        switch (battle_menu()) {
        case CHOICE_FIGHT:
            wBattlePlayerAction = ACTION_MOVE;
            if (choose_move()) return GOES_ON;
            break;
        case CHOICE_PALS:
            wBattlePlayerAction = ACTION_SWITCH;
            if (choose_switch()) return GOES_ON;
            break;
        case CHOICE_PACK:
            wBattlePlayerAction = ACTION_ITEM;
            used = battle_pack();
            if (used == ITEM_CAUGHT) return BATTLE_WON;
            if (used == ITEM_USED) return GOES_ON;
            break;
        default:
            wBattlePlayerAction = ACTION_ITEM; /* a failed flight costs the turn, as an item does */
            if (try_flee()) return BATTLE_FLED;
            if (wBattleMode == BATTLE_WILD) return GOES_ON;
        }
    }
}

static u8 own_is_first(u8 foe_move) {
    u8 own_priority = move_priority(own_move), foe_priority = move_priority(foe_move);
    u16 own_speed = be16(wBattleMon + BATTLE_SPEED), foe_speed = be16(wEnemyMon + BATTLE_SPEED);
    if (own_priority != foe_priority) return own_priority > foe_priority;
    if (own_speed != foe_speed) return own_speed > foe_speed;
    return random_byte() & 1;
}

static void own_acts(void) {
    if (!move_may_act(OWN)) return;
    if (own_move != MOVE_STRUGGLE) wBattleMon[BATTLE_PP + wCurMoveNum]--;
    move_use(OWN, own_move);
}

static void foe_acts(u8 move) {
    if (foe_plan != FOE_MOVES) foe_carry_out();
    else if (move_may_act(FOE)) move_use(FOE, move);
}

static u8 both_stand(void) { return side_hp(OWN) && side_hp(FOE); }

static void fight_turn(void) {
    u8 move = foe_choose();
    if (wBattlePlayerAction != ACTION_MOVE) foe_acts(move);
    else if (foe_plan == FOE_MOVES && own_is_first(move)) {
        own_acts();
        if (both_stand()) foe_acts(move);
    } else {
        foe_acts(move);
        if (both_stand()) own_acts();
    }
    if (both_stand()) turn_end(OWN);
    if (both_stand()) turn_end(FOE);
    side_save(OWN);
    side_save(FOE);
}

/* ---------------------------------------------------------------- fainting */

/* BATTLE_WON, or GOES_ON when the trainer has another creature. */
static u8 foe_faints(void) {
    u8 next;
    wBattleResult = BATTLE_WON;
    battle_screen_gone(FOE);
    side_name(FOE, wStringBuffer1);
    say_passing(TEXT_FOE_FAINTED);
    experience_share();
    if (wBattleMode == BATTLE_WILD) return BATTLE_WON;
    next = foe_first_able();
    if (next == PARTY_MAX) return BATTLE_WON;
    foe_out(next);
    return GOES_ON;
}

static u8 own_faints(void) {
    u8 index;
    wBattleResult = BATTLE_LOST;
    wBattleParticipantsNotFainted &= ~(1 << wCurBattleMon);
    battle_screen_gone(OWN);
    side_name(OWN, wStringBuffer1);
    say(TEXT_FAINTED);
    if (party_first_able() == PARTY_MAX) return BATTLE_LOST;
    if (wBattleMode == BATTLE_WILD && side_hp(FOE)) {
        say_asking(TEXT_USE_NEXT);
        if (!yes_no() && try_flee()) return BATTLE_FLED;
    }
    index = choose_pal(0);
    side_enter(OWN, index);
    battle_screen_open();
    side_name(OWN, wStringBuffer1);
    say_passing(TEXT_GO);
    return GOES_ON;
}

static u8 after_turn(void) {
    u8 result = GOES_ON;
    if (!side_hp(FOE)) {
        result = foe_faints();
        if (result == BATTLE_WON) return BATTLE_WON;
    }
    if (!side_hp(OWN)) result = own_faints();
    return result;
}

/* ---------------------------------------------------------------- the whole battle */

static void opening(void) {
    if (wBattleMode == BATTLE_WILD) {
        side_name(FOE, wStringBuffer1);
        say(TEXT_WILD_APPEARED);
    } else {
        foe_name(wStringBuffer1);
        say(TEXT_TRAINER_WANTS);
    }
    side_name(OWN, wStringBuffer1);
    say_passing(TEXT_GO);
}

/* The picture closes from above and below before the battle screen opens. */
static void curtain(void) {
    u8 row;
    view_flash();
    if (hWY & WINDOW_HIDDEN) view_capture();
    wStateFlags |= STATE_TEXT;
    window_show();
    sprites_hide();
    for (row = 0; row < SCREEN_ROWS / 2; row++) {
        screen_fill(0, row, SCREEN_COLUMNS, 1, TILE_SPACE);
        screen_fill(0, SCREEN_ROWS - 1 - row, SCREEN_COLUMNS, 1, TILE_SPACE);
        wait_frame();
    }
}

static u8 fight(u8 mode) {
    u8 result;
    curtain();
    wSpriteUpdatesEnabled = 0;
    wBattleResult = wBattleEnded = wNumFleeAttempts = wBattleMenuCursorPosition = wCurMoveNum = 0;
    wBattleParticipantsNotFainted = wEvolvableFlags = 0;
    side_enter(OWN, party_first_able());
    side_enter(FOE, 0);
    wBattleMode = mode;
    battle_screen_open();
    opening();
    do {
        result = choose_action();
        if (result != GOES_ON) break;
        fight_turn();
        result = after_turn();
    } while (result == GOES_ON);
    wBattleEnded = 1;
    if (side_hp(OWN)) side_save(OWN);
    return result;
}

static void clear(void) {
    wBattleMode = BATTLE_NONE;
    wSpriteUpdatesEnabled = 1;
    wBattleType = wTempWildMonSpecies = wOtherTrainerClass = 0;
}

u8 battle_wild(u8 species, u8 level) __banked {
    u8 result;
    wTempWildMonSpecies = species;
    wOTPartyCount = 1;
    wOTPartySpecies[0] = species;
    creature_make(wOTPartyMons, species, level);
    result = fight(BATTLE_WILD);
    if (result == BATTLE_WON) evolve_party();
    clear();
    return result;
}

/* The prize is four times the class's reward and the level of the last creature. */
static void prize(void) {
    u16 amount = 4 * (u16)trainer.reward * wOTPartyMons[(u16)(trainer.count - 1) * PARTY_SIZE + PARTY_LEVEL];
    money_give(amount);
    foe_name(wStringBuffer1);
    say(TEXT_BEAT);
    number_text(wStringBuffer2, amount);
    say(TEXT_MONEY_WON);
}

u8 battle_trainer(u8 class, u8 number) __banked {
    u8 result;
    wOtherTrainerClass = wTrainerClass = class;
    wOtherTrainerID = number;
    foe_read(class, number);
    result = fight(BATTLE_TRAINER);
    if (result == BATTLE_WON) {
        prize();
        evolve_party();
    }
    clear();
    return result;
}

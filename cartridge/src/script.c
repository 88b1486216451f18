#pragma bank 1
#include <string.h>
#include "script.h"
#include "bag.h"
#include "battle.h"
#include "box.h"
#include "clock_screen.h"
#include "credits.h"
#include "data.h"
#include "day_care.h"
#include "egg.h"
#include "entry.h"
#include "faint.h"
#include "flags.h"
#include "gear_cards.h"
#include "keyboard.h"
#include "menu.h"
#include "money.h"
#include "party.h"
#include "people.h"
#include "player.h"
#include "player_event.h"
#include "quiet.h"
#include "player_path.h"
#include "shop.h"
#include "view.h"

enum { BOAT_LETTERS = 7, EGG_CYCLES = 2 };
enum { MODE_OFF, MODE_READ, MODE_WAIT_MOVEMENT, MODE_WAIT };

static void pause(u8 frames) {
    text_close();
    wScriptMode = MODE_WAIT;
    while (frames--) wait_frame();
    wScriptMode = MODE_READ;
}

static void walk(u8 object) {
    u8 direction;
    text_close();
    wScriptMode = MODE_WAIT_MOVEMENT;
    wStateFlags |= 0x80;
    while ((direction = script_next()) != NO_DIRECTION) people_walk(object, direction);
    wStateFlags &= ~0x80;
    wScriptMode = MODE_READ;
}

/* wScriptVar: 1 it walks with the party, 2 it waits in the box, 0 there is no room. */
static void give_creature(u8 species, u8 level) {
    wScriptVar = party_add(species, level);
    if (wScriptVar) return;
    creature_make(wOTPartyMons, species, level);
    species_name(species, wStringBuffer1);
    if (box_add(wOTPartyMons, wStringBuffer1)) wScriptVar = 2;
}

static void shop_open(void) {
    u8 i;
    wCurMartCount = script_next();
    for (i = 0; i < wCurMartCount; i++) wCurMartItems[i] = script_next();
    wCurMartItems[i] = 255;
    shop();
}

/* Nobody typed a name: the boat has one of its own. */
static void name_boat(u16 prompt, u16 own) {
    keyboard(NAME_OF_BOAT, prompt, wMomsName, BOAT_LETTERS);
    if (*wMomsName == TEXT_END) text_copy(own, wMomsName, NAME_SIZE);
}

/* The chosen floor is where the elevator's door leads now. Each is followed by its warp and map. */
static void choose_floor(void) {
    u8 count = script_next(), floor, i;
    say_asking(TEXT_WHICH_FLOOR);
    floor = menu_list(0, 0, 8, count, script_next16(), 1);
    for (i = 0; i < count; i++) {
        u8 warp = script_next(), group = script_next(), number = script_next();
        if (i != floor) continue;
        wBackupWarpNumber = warp;
        wBackupMapGroup = group;
        wBackupMapNumber = number;
    }
    wScriptVar = floor != MENU_CANCELLED;
}

static void call_later(u8 call) { wSpecialPhoneCallID = wPhoneList[0] = call; }

static void item_names(u8 item) { item_name(item, wStringBuffer1); }

/* A lost battle ends the script: the player is already somewhere else. */
static u8 fight(u8 result) {
    if (result == BATTLE_LOST) {
        white_out();
        return 0;
    }
    overworld_reload();
    return 1;
}

static void run(void) {
    u8 a, b, operation;
    for (;;) {
        operation = script_next();
        if (quiet_operation(operation)) continue;
        switch (operation) {
        case OP_SAY: say(script_next16()); break;
        case OP_ASK:
            say_asking(script_next16());
            wScriptVar = yes_no();
            break;
        case OP_MENU:
            a = script_next();
            wScriptVar = menu_list(9, 3, 11, a, script_next16(), 0);
            break;
        case OP_CLOSE: text_close(); break;
        case OP_IF_ITEM:
            a = script_next();
            script_jump_if(bag_count(a));
            break;
        case OP_IF_BADGE:
            a = script_next();
            script_jump_if((wJohtoBadges >> a) & 1);
            break;
        case OP_IF_PARTY:
            a = script_next();
            script_jump_if(wPartyCount >= a);
            break;
        case OP_GIVE_CREATURE:
            a = script_next();
            b = script_next();
            give_creature(a, b);
            break;
        case OP_GIVE_ITEM:
            a = script_next();
            b = script_next();
            wScriptVar = bag_add(a, b);
            item_names(a);
            break;
        case OP_TAKE_ITEM:
            a = script_next();
            b = script_next();
            wScriptVar = bag_take(a, b);
            item_names(a);
            break;
        case OP_GIVE_MONEY: money_give(script_next16()); break;
        case OP_BADGE: wJohtoBadges |= 1 << script_next(); break;
        case OP_HEAL: party_heal(); break;
        case OP_FACE_PLAYER: people_face(hLastTalked, player_facing() ^ 1); break;
        case OP_FACE:
            a = script_next();
            people_face(a, script_next());
            break;
        case OP_WALK: walk(script_next()); break;
        case OP_REFRESH:
            text_close();
            people_masks();
            people_draw();
            if (map.change_count) {
                map_changes();
                view_changed();
            }
            break;
        case OP_PAUSE: pause(script_next()); break;
        case OP_TRAINER:
            a = script_next();
            text_close();
            if (!fight(battle_trainer(a, script_next()))) return;
            break;
        case OP_WILD:
            a = script_next();
            text_close();
            if (!fight(battle_wild(a, script_next()))) return;
            break;
        case OP_WARP:
            a = script_next();
            b = script_next();
            text_close();
            warp_to(a, b, script_next(), MAPSETUP_WARP);
            break;
        case OP_SHOP: shop_open(); break;
        case OP_IF_DARK: script_jump_if(wTimeOfDayPalset == PALSET_DARK); break;
        case OP_STEP_BACK:
            text_close();
            player_step_forced(player_facing() ^ 1);
            break;
        case OP_CREDITS: credits(); break;
        case OP_BOX: box_screen(); break;
        case OP_NAME_BOAT: {
            u16 prompt = script_next16();
            name_boat(prompt, script_next16());
        }
        case OP_BOAT: memcpy(wStringBuffer1, wMomsName, NAME_SIZE); break;
        case OP_CLOCK: clock_set(script_next()); break;
        case OP_IF_HOURS:
            a = script_next();
            b = script_next();
            script_jump_if(hHours >= a && hHours < b);
            break;
        case OP_GEAR: wPokegearFlags |= GEAR_OWNED | 1 << script_next(); break;
        case OP_CALL: call_later(script_next()); break;
        case OP_IF_RADIO:
            a = script_next();
            script_jump_if(wMapMusic && wRadioTuningKnob == a);
            break;
        case OP_ELEVATOR: choose_floor(); break;
        case OP_DAY_CARE: day_care(); break;
        case OP_GIVE_EGG: wScriptVar = egg_give(script_next(), EGG_CYCLES); break;
        default: return;
        }
    }
}

void script_run(u16 address, u8 kind) __banked {
    wScriptRunning = kind;
    script_run_at(map.events_bank, address);
}

void script_run_at(u8 bank, u16 address) __banked {
    wScriptMode = MODE_READ;
    wScriptFlags |= 4;
    wScriptBank = bank;
    script_at = address;
    run();
    text_close();
    people_masks();
    people_draw();
    wScriptFlags &= ~4;
    wScriptMode = MODE_OFF;
    wScriptRunning = SCRIPT_NONE;
}

static void item_found(u8 item, u8 count, u16 flag) {
    wCurItem = item;
    item_names(item);
    if (bag_add(item, count)) {
        flag_set(flag);
        people_masks();
        say(TEXT_FOUND_ITEM);
    } else say(TEXT_BAG_FULL);
    text_close();
    wScriptRunning = SCRIPT_NONE;
}

/* The script pointer of an item ball leads to an item and a quantity. */
void script_item_ball(u8 object) __banked {
    const u8 *map_object = MAP_OBJECT(object);
    u8 pair[2];
    wScriptRunning = SCRIPT_ITEM_BALL;
    rom_copy(map.events_bank, pair,
        (const u8 *)(map_object[MAPOBJECT_SCRIPT] | (u16)map_object[MAPOBJECT_SCRIPT + 1] << 8), 2);
    item_found(pair[0], pair[1], map_object[MAPOBJECT_EVENT_FLAG] | (u16)map_object[MAPOBJECT_EVENT_FLAG + 1] << 8);
}

/* That of a hidden item leads to its flag and the item. */
u8 script_hidden_item(u16 address) __banked {
    u8 record[3];
    u16 flag;
    rom_copy(map.events_bank, record, (const u8 *)address, sizeof record);
    flag = record[0] | (u16)record[1] << 8;
    if (flag_get(flag)) return 0;
    wScriptRunning = SCRIPT_TALK;
    item_found(record[2], 1, flag);
    return 1;
}

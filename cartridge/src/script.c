#pragma bank 1
#include "script.h"
#include "bag.h"
#include "battle.h"
#include "box.h"
#include "credits.h"
#include "data.h"
#include "entry.h"
#include "faint.h"
#include "flags.h"
#include "menu.h"
#include "money.h"
#include "party.h"
#include "people.h"
#include "player.h"
#include "player_event.h"
#include "player_path.h"
#include "shop.h"

enum { MODE_OFF, MODE_READ, MODE_WAIT_MOVEMENT, MODE_WAIT };

static u16 at;

static u8 next(void) { return rom_byte(wScriptBank, (const u8 *)at++); }

static u16 next16(void) {
    u8 low = next();
    return low | (u16)next() << 8;
}

static void jump_if(u8 condition) {
    u16 target = next16();
    if (condition) at = target;
}

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
    while ((direction = next()) != NO_DIRECTION) people_walk(object, direction);
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
    wCurMartCount = next();
    for (i = 0; i < wCurMartCount; i++) wCurMartItems[i] = next();
    wCurMartItems[i] = 255;
    shop();
}

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
    u8 a, b;
    for (;;) {
        switch (next()) {
        case OP_SAY: say(next16()); break;
        case OP_ASK:
            say_asking(next16());
            wScriptVar = yes_no();
            break;
        case OP_MENU:
            a = next();
            wScriptVar = menu_list(9, 3, 11, a, next16(), 0);
            break;
        case OP_CLOSE: text_close(); break;
        case OP_JUMP: at = next16(); break;
        case OP_IF_SET: jump_if(flag_get(next16())); break;
        case OP_IF_VAR:
            a = next();
            jump_if(wScriptVar == a);
            break;
        case OP_IF_ITEM:
            a = next();
            jump_if(bag_count(a));
            break;
        case OP_IF_BADGE:
            a = next();
            jump_if((wJohtoBadges >> a) & 1);
            break;
        case OP_IF_PARTY:
            a = next();
            jump_if(wPartyCount >= a);
            break;
        case OP_SET: flag_set(next16()); break;
        case OP_CLEAR: flag_clear(next16()); break;
        case OP_GIVE_CREATURE:
            a = next();
            b = next();
            give_creature(a, b);
            break;
        case OP_GIVE_ITEM:
            a = next();
            b = next();
            wScriptVar = bag_add(a, b);
            item_names(a);
            break;
        case OP_TAKE_ITEM:
            a = next();
            b = next();
            wScriptVar = bag_take(a, b);
            item_names(a);
            break;
        case OP_GIVE_MONEY: money_give(next16()); break;
        case OP_BADGE: wJohtoBadges |= 1 << next(); break;
        case OP_HEAL: party_heal(); break;
        case OP_FACE_PLAYER: people_face(hLastTalked, player_facing() ^ 1); break;
        case OP_FACE:
            a = next();
            people_face(a, next());
            break;
        case OP_WALK: walk(next()); break;
        case OP_REFRESH:
            text_close();
            people_masks();
            people_draw();
            break;
        case OP_PAUSE: pause(next()); break;
        case OP_TRAINER:
            a = next();
            text_close();
            if (!fight(battle_trainer(a, next()))) return;
            break;
        case OP_WILD:
            a = next();
            text_close();
            if (!fight(battle_wild(a, next()))) return;
            break;
        case OP_WARP:
            a = next();
            b = next();
            text_close();
            warp_to(a, b, next(), MAPSETUP_WARP);
            break;
        case OP_SHOP: shop_open(); break;
        case OP_IF_DARK: jump_if(wTimeOfDayPalset == PALSET_DARK); break;
        case OP_STEP_BACK:
            text_close();
            player_step_forced(player_facing() ^ 1);
            break;
        case OP_CREDITS: credits(); break;
        case OP_BOX: box_screen(); break;
        default: return;
        }
    }
}

void script_run(u16 address, u8 kind) __banked {
    wScriptRunning = kind;
    wScriptMode = MODE_READ;
    wScriptFlags |= 4;
    wScriptBank = map.events_bank;
    at = address;
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

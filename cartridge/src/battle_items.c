#pragma bank 4
#include <string.h>
#include "battle_items.h"
#include "bag.h"
#include "battle_screen.h"
#include "box.h"
#include "data.h"
#include "item_use.h"
#include "menu.h"
#include "numbers.h"
#include "pack_screen.h"
#include "party_screen.h"

/* Crystal's idea: weak, sleeping and common creatures are easier. */
static u8 catch_chance(u8 ball_tenths) {
    u16 max = be16(wEnemyMon + BATTLE_MAX_HP), hp = side_hp(FOE), rate = (u16)wEnemyMonCatchRate * ball_tenths / 10;
    u16 chance;
    if (rate > 255) rate = 255;
    chance = (u32)(3 * max - 2 * hp) * rate / (3 * max);
    if (wEnemyMon[BATTLE_STATUS] & STATUS_SLEEP) chance += 10;
    else if (wEnemyMon[BATTLE_STATUS]) chance += 5;
    return chance > 255 ? 255 : chance ? chance : 1;
}

/* The caught creature keeps its wounds. */
static void keep(void) {
    u8 place = wPartyCount;
    side_save(FOE);
    if (place == PARTY_MAX) {
        memcpy(wOTPartyMons + PARTY_OT_ID, wPlayerID, 2);
        box_add(wOTPartyMons, wEnemyMonNickname);
        return;
    }
    party_add(wEnemyMon[BATTLE_SPECIES], wEnemyMon[BATTLE_LEVEL]);
    memcpy(PARTY_MON(place), wOTPartyMons, PARTY_SIZE);
    memcpy(PARTY_MON(place) + PARTY_OT_ID, wPlayerID, 2);
}

static u8 throw_ball(u8 item, const item_t *data) {
    u8 boxed;
    if (wBattleMode == BATTLE_TRAINER) {
        say(TEXT_NOT_NOW);
        return ITEM_NOT_USED;
    }
    if (wPartyCount == PARTY_MAX && box_count() == BOX_MAX) {
        say(TEXT_BOX_FULL);
        return ITEM_NOT_USED;
    }
    bag_take(item, 1);
    item_name(item, wStringBuffer1);
    say_passing(TEXT_THREW);
    battle_screen_gone(FOE);
    side_name(FOE, wStringBuffer1);
    if (random_byte() > catch_chance(data->amount)) {
        battle_screen_side(FOE);
        say(TEXT_BROKE_FREE);
        return ITEM_USED;
    }
    boxed = wPartyCount == PARTY_MAX;
    keep();
    say(TEXT_CAUGHT);
    if (boxed) say(TEXT_TO_THE_BOX);
    return ITEM_CAUGHT;
}

static u8 use_on_pal(u8 item, const item_t *data) {
    u8 index = party_screen(TEXT_USE_ON_WHICH, 1), works;
    if (index == MENU_CANCELLED) {
        battle_screen_open();
        return ITEM_NOT_USED;
    }
    works = item_treat(index, data);
    battle_screen_open();
    item_name(item, wStringBuffer1);
    if (!works) {
        say(TEXT_NO_USE);
        return ITEM_NOT_USED;
    }
    bag_take(item, 1);
    say(TEXT_USED_ITEM);
    return ITEM_USED;
}

u8 battle_pack(void) __banked {
    item_t data;
    u8 item;
    side_save(OWN);
    item = pack_screen();
    if (item == NO_ITEM) {
        battle_screen_open();
        return ITEM_NOT_USED;
    }
    item_read(item, &data);
    if (item_is_medicine(&data)) return use_on_pal(item, &data);
    battle_screen_open();
    if (data.effect == ITEM_EFFECT_CATCH) return throw_ball(item, &data);
    say(TEXT_NOT_NOW);
    return ITEM_NOT_USED;
}

#pragma bank 4
#include "shop.h"
#include "bag.h"
#include "buttons.h"
#include "data.h"
#include "list.h"
#include "money.h"
#include "numbers.h"
#include "pack_screen.h"
#include "view.h"

enum { BUY, SELL };
enum { QUANTITY_X = 7, QUANTITY_Y = 9, QUANTITY_WIDTH = 13, TENS = 10 };

static void ware_row(u8 index, u8 y) {
    item_t item;
    item_read(wCurMartItems[index], &item);
    screen_text(LIST_X + 1, y, item.name);
    money_put(LIST_X + LIST_WIDTH - 1, y + 1, item.price);
}

static u8 fewer(u8 quantity, u8 step, u8 most) {
    if (quantity > step) return quantity - step;
    return step == 1 && quantity == 1 ? most : 1;
}

static u8 more(u8 quantity, u8 step, u8 most) {
    if (quantity + step <= most) return quantity + step;
    return step == 1 ? 1 : most;
}

/* Up and down by one, right and left by ten. 0: given up. */
static u8 quantity_ask(u16 price, u8 most) {
    u8 pressed, quantity = 1;
    for (;;) {
        screen_box(QUANTITY_X, QUANTITY_Y, QUANTITY_WIDTH, 3);
        screen_put(QUANTITY_X + 1, QUANTITY_Y + 1, TILE_TIMES);
        screen_number(QUANTITY_X + 2, QUANTITY_Y + 1, quantity, 2);
        money_put(QUANTITY_X + QUANTITY_WIDTH - 1, QUANTITY_Y + 1, (u32)price * quantity);
        pressed = buttons_wait(BUTTON_A | BUTTON_B | BUTTON_UP | BUTTON_DOWN | BUTTON_LEFT | BUTTON_RIGHT);
        if (pressed & BUTTON_A) return quantity;
        if (pressed & BUTTON_B) return 0;
        if (pressed & BUTTON_UP) quantity = more(quantity, 1, most);
        else if (pressed & BUTTON_DOWN) quantity = fewer(quantity, 1, most);
        else if (pressed & BUTTON_RIGHT) quantity = more(quantity, TENS, most);
        else quantity = fewer(quantity, TENS, most);
    }
}

static void wares_frame(void) {
    screen_fill(0, 0, SCREEN_COLUMNS, SCREEN_ROWS, TILE_SPACE);
    screen_box(LIST_X - 1, LIST_Y - 1, LIST_WIDTH + 2, LIST_ROWS * 2 + 2);
    money_put(SCREEN_COLUMNS - 1, 0, be24(wMoney));
}

static void buy_one(u8 number) {
    item_t item;
    u32 cost;
    u8 quantity;
    item_read(number, &item);
    wCurItem = number;
    quantity = quantity_ask(item.price, STACK_MAX);
    if (!quantity) return;
    cost = (u32)item.price * quantity;
    item_name(number, wStringBuffer1);
    money_number(wStringBuffer2, cost);
    say_asking(TEXT_SHOP_COSTS);
    if (!yes_no()) return;
    if (!money_take(cost)) say(TEXT_SHOP_TOO_DEAR);
    else if (bag_add(number, quantity)) say(TEXT_SHOP_THANKS);
    else {
        money_give(cost);
        say(TEXT_SHOP_BAG_FULL);
    }
}

static void buy(void) {
    list_t list;
    u8 position = 0;
    list.count = wCurMartCount;
    list.row = ware_row;
    for (;;) {
        wares_frame();
        if (list_run(&list, position, BUTTON_A | BUTTON_B) & BUTTON_B || wScrollingMenuCursorPosition == list.count)
            return;
        position = wScrollingMenuCursorPosition;
        buy_one(wCurMartItems[position]);
    }
}

static void sell_one(u8 number) {
    item_t item;
    u8 quantity;
    item_read(number, &item);
    item_name(number, wStringBuffer1);
    if (item.pocket == POCKET_KEY_ITEMS || !item.price) {
        say(TEXT_SHOP_NOT_THIS);
        return;
    }
    money_put(SCREEN_COLUMNS - 1, 0, be24(wMoney));
    quantity = quantity_ask(item.price >> 1, bag_count(number));
    if (!quantity) return;
    money_number(wStringBuffer2, (u32)(item.price >> 1) * quantity);
    say_asking(TEXT_SHOP_PAYS);
    if (!yes_no()) return;
    bag_take(number, quantity);
    money_give((u32)(item.price >> 1) * quantity);
}

static void sell(void) {
    u8 item;
    while ((item = pack_screen()) != NO_ITEM) sell_one(item);
}

void shop(void) __banked {
    u8 choice;
    for (;;) {
        say_asking(TEXT_SHOP_WELCOME);
        choice = menu_list(0, 0, 8, 3, TEXT_SHOP_BUY, 1);
        if (choice == MENU_CANCELLED || choice > SELL) break;
        wSpriteUpdatesEnabled = 0;
        sprites_hide();
        if (choice == BUY) buy();
        else sell();
        wSpriteUpdatesEnabled = 1;
        view_load();
    }
    say(TEXT_SHOP_BYE);
}

#pragma bank 1
#include "player_card.h"
#include "buttons.h"
#include "data.h"
#include "money.h"
#include "numbers.h"
#include "text.h"
#include "view.h"

enum { CARD_RIGHT = 15, CARD_X = 2, CARD_Y = 2 };

static u8 bits(const u8 *bytes, u8 size) {
    u8 count = 0, byte;
    for (; size; size--)
        for (byte = *bytes++; byte; byte &= byte - 1) count++;
    return count;
}

void player_summary(u8 x, u8 y) __banked {
    text_label(x, y, TEXT_CARD_NAME);
    screen_text(x + 8, y, wPlayerName);
    text_label(x, y + 2, TEXT_CARD_BADGES);
    screen_number(x + CARD_RIGHT - 1, y + 2, bits(&wJohtoBadges, 1), 1);
    text_label(x, y + 4, TEXT_CARD_CAUGHT);
    screen_number(x + CARD_RIGHT - 3, y + 4, bits(wPokedexCaught, sizeof wPokedexCaught), 3);
    text_label(x, y + 6, TEXT_CARD_TIME);
    screen_number(x + CARD_RIGHT - 6, y + 6, be16(wGameTimeHours), 3);
    text_label(x + CARD_RIGHT - 3, y + 6, TEXT_CARD_COLON);
    screen_number(x + CARD_RIGHT - 2, y + 6, wGameTimeMinutes, 2);
    if (wGameTimeMinutes < 10) screen_put(x + CARD_RIGHT - 2, y + 6, TILE_ZERO);
}

void player_card(void) __banked {
    wSpriteUpdatesEnabled = 0;
    sprites_hide();
    screen_box(0, 0, SCREEN_COLUMNS, SCREEN_ROWS);
    player_summary(CARD_X, CARD_Y);
    text_label(CARD_X, CARD_Y + 8, TEXT_CARD_SEEN);
    screen_number(CARD_X + CARD_RIGHT - 3, CARD_Y + 8, bits(wPokedexSeen, sizeof wPokedexSeen), 3);
    text_label(CARD_X, CARD_Y + 10, TEXT_CARD_MONEY);
    money_put(CARD_X + CARD_RIGHT, CARD_Y + 10, be24(wMoney));
    buttons_wait(BUTTON_A | BUTTON_B);
    wSpriteUpdatesEnabled = 1;
}

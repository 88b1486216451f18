#pragma bank 4
#include "party_screen.h"
#include "battle_screen.h"
#include "data.h"
#include "menu.h"
#include "numbers.h"

/* Name and level in the cursor's row, health below it. */
static void pal_put(u8 index) {
    const u8 *record = PARTY_MON(index);
    u8 y = 1 + index * 2;
    u16 hp = be16(record + PARTY_HP), max = be16(record + PARTY_MAX_HP);
    screen_text(1, y, wPartyMonNicknames + index * NICKNAME_SIZE);
    if (wPartySpecies[index] == EGG) return;
    screen_put(12, y, TILE_LEVEL);
    screen_number(13, y, record[PARTY_LEVEL], 3);
    hp_bar(3, y + 1, hp, max);
    screen_number(12, y + 1, hp, 3);
    screen_put(15, y + 1, TILE_SLASH);
    screen_number(16, y + 1, max, 3);
}

u8 party_screen(u16 prompt, u8 can_cancel) __banked {
    menu_t menu = {0, 1, 0, 1, 2, 0, 1};
    u8 i, updates;
    palettes_battle();
    updates = wSpriteUpdatesEnabled; /* 0 already in a battle */
    wSpriteUpdatesEnabled = 0;
    screen_fill(0, 0, SCREEN_COLUMNS, SCREEN_ROWS, TILE_SPACE);
    sprites_hide();
    for (i = 0; i < wPartyCount; i++) pal_put(i);
    text_label(1, 16, prompt);
    window_show();
    screen_flush();
    menu.rows = wPartyCount;
    i = menu_run(&menu, wPartyMenuCursor && wPartyMenuCursor <= wPartyCount ? wPartyMenuCursor - 1 : 0,
        can_cancel ? BUTTON_A | BUTTON_B : BUTTON_A);
    wPartyMenuCursor = i + 1;
    wCurPartyMon = i;
    wSpriteUpdatesEnabled = updates;
    return wMenuJoypad & BUTTON_B ? MENU_CANCELLED : i;
}

#pragma bank 4
#include <stddef.h>
#include "party_screen.h"
#include "battle_screen.h"
#include "data.h"
#include "menu.h"
#include "numbers.h"

enum { NO_MACHINE = 255 };

static u8 species_machines(u8 species) {
    return rom_byte(SPECIES_BANK, SPECIES + (u16)(species - 1) * sizeof(species_t) + offsetof(species_t, machines));
}

u8 party_can_learn(u8 index, u8 machine) __banked {
    u8 machines = species_machines(PARTY_MON(index)[PARTY_SPECIES]);
    while (machine--) machines >>= 1; /* sdcc 4.2.0 forgets what it shifts by an argument on the stack */
    return machines & 1;
}

/* Name and level in the cursor's row, below it health, or whether a machine is of use. */
static void pal_put(u8 index, u8 machine) {
    const u8 *record = PARTY_MON(index);
    u8 y = 1 + index * 2;
    u16 hp = be16(record + PARTY_HP), max = be16(record + PARTY_MAX_HP);
    screen_text(1, y, wPartyMonNicknames + index * NICKNAME_SIZE);
    if (wPartySpecies[index] == EGG) return;
    screen_put(12, y, TILE_LEVEL);
    screen_number(13, y, record[PARTY_LEVEL], 3);
    if (machine != NO_MACHINE) {
        text_label(9, y + 1, party_can_learn(index, machine) ? TEXT_ABLE : TEXT_NOT_ABLE);
        return;
    }
    hp_bar(3, y + 1, hp, max);
    screen_number(12, y + 1, hp, 3);
    screen_put(15, y + 1, TILE_SLASH);
    screen_number(16, y + 1, max, 3);
}

static u8 choose(u16 prompt, u8 can_cancel, u8 machine) {
    menu_t menu = {0, 1, 0, 1, 2, 0, 1};
    u8 i, updates;
    palettes_battle();
    updates = wSpriteUpdatesEnabled; /* 0 already in a battle */
    wSpriteUpdatesEnabled = 0;
    screen_fill(0, 0, SCREEN_COLUMNS, SCREEN_ROWS, TILE_SPACE);
    sprites_hide();
    for (i = 0; i < wPartyCount; i++) pal_put(i, machine);
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

u8 party_screen(u16 prompt, u8 can_cancel) __banked { return choose(prompt, can_cancel, NO_MACHINE); }

u8 party_screen_machine(u8 machine) __banked { return choose(TEXT_TEACH_WHICH, 1, machine); }

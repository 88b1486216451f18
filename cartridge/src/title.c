#pragma bank 1
#include <string.h>
#include "title.h"
#include "box.h"
#include "buttons.h"
#include "clock.h"
#include "data.h"
#include "flags.h"
#include "menu.h"
#include "numbers.h"
#include "people.h"
#include "player.h"
#include "player_card.h"
#include "save.h"

enum { TEXT_SPEED_MIDDLE = 3, TIMER_RUNS = 1, START_MONEY = 3000, LIST_END = 255 };

static const u8 player_name[] = {0x89, 0x94, 0x8D, 0x88, 0x8F, TEXT_END}; /* JUNIP */
static const u8 rival_name[] = {0x96, 0x84, 0x92, 0x93, TEXT_END};        /* WEST */

static void picture(void) {
    lcd_off();
    palettes_load(PALETTES_TITLE);
    video_copy(TITLE_TILES_BANK, TITLE_TILES, 0x9000, TITLE_TILES_SIZE);
    video_copy(FONT_BANK, FONT, 0x8800, 2048);
    video_copy(FRAME_BANK, FRAME, 0x9600, 512);
    rom_copy(TITLE_MAP_BANK, wTilemap, TITLE_MAP, sizeof wTilemap);
    rom_copy(TITLE_MAP_BANK, wAttrmap, TITLE_MAP + sizeof wTilemap, sizeof wAttrmap);
    sprites_hide();
    lcd_on();
    window_show();
}

/* What a new game begins with, as in Crystal: 3000 coins, an empty bag, nobody in the party. */
static void new_game(void) {
    memset(wPlayerID, 0, GAME_DATA_SIZE);
    box_clear();
    wOptions = TEXT_SPEED_MIDDLE;
    be24_put(wMoney, START_MONEY);
    wItems[0] = wBalls[0] = wKeyItems[0] = wPartySpecies[0] = LIST_END;
    wPlayerID[0] = random_byte();
    wPlayerID[1] = random_byte();
    memcpy(wPlayerName, player_name, sizeof player_name);
    memcpy(wRivalName, rival_name, sizeof rival_name);
    hHours = FIRST_HOUR;
    player_state_set(PLAYER_WALKS);
    flag_set(FLAG_EVENT_INITIALIZED);
}

/* The saved game's summary; A goes on, B returns to the choice. */
static u8 saved_game(void) {
    save_load();
    screen_fill(0, 0, SCREEN_COLUMNS, SCREEN_ROWS, TILE_SPACE);
    screen_box(1, 4, 18, 9);
    player_summary(2, 5);
    if (buttons_wait(BUTTON_A | BUTTON_B) & BUTTON_B) return 0;
    wSaveFileExists = 1;
    if (wSpawnAfterChampion) {
        wSpawnAfterChampion = 0;
        player_state_set(PLAYER_WALKS);
        wMapGroup = START_GROUP;
        wMapNumber = START_NUMBER;
        wXCoord = START_X;
        wYCoord = START_Y;
    }
    return 1;
}

static u8 choose(void) {
    for (;;) {
        screen_fill(0, 0, SCREEN_COLUMNS, SCREEN_ROWS, TILE_SPACE);
        if (!save_exists()) {
            menu_list(0, 0, 13, 1, TEXT_NEW_GAME, 0);
            return 0;
        }
        if (menu_list(0, 0, 13, 2, TEXT_CONTINUE, 0)) return 0;
        if (saved_game()) return 1;
    }
}

u8 title(void) __banked {
    u8 goes_on;
    picture();
    buttons_wait(BUTTON_A | BUTTON_START);
    goes_on = choose();
    screen_fill(0, 0, SCREEN_COLUMNS, SCREEN_ROWS, TILE_SPACE);
    if (!goes_on) {
        new_game();
        say(TEXT_INTRO);
    }
    wTextboxFlags = 0;
    wStateFlags = wSpriteUpdatesEnabled = 1;
    wGameTimerPaused = TIMER_RUNS;
    return goes_on;
}

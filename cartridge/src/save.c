#pragma bank 1
#include <string.h>
#include "save.h"
#include "data.h"
#include "menu.h"

enum { MARK_1 = 99, MARK_2 = 127, SAVING_FRAMES = 30, CLOCK = 6 };

static u16 sum(void) {
    const u8 *byte = sGameData;
    u16 total = 0, left;
    for (left = GAME_DATA_SIZE; left; left--) total += *byte++;
    return total;
}

u8 save_exists(void) __banked {
    u8 found;
    u16 total;
    CARTRIDGE_RAM_OPEN();
    total = sum();
    found = sCheckValue1[0] == MARK_1 && sCheckValue2[0] == MARK_2 && sChecksum[0] == (u8)total &&
            sChecksum[1] == total >> 8;
    CARTRIDGE_RAM_CLOSE();
    return found;
}

void save_write(void) __banked {
    u16 total;
    u8 frames;
    wGameLogicPaused = 1;
    CARTRIDGE_RAM_OPEN();
    sCheckValue1[0] = 0; /* half a save is none */
    sOptions[0] = wOptions;
    sOptions[CLOCK] = hHours;
    sOptions[CLOCK + 1] = hMinutes;
    memcpy(sGameData, wPlayerID, GAME_DATA_SIZE);
    total = sum();
    sChecksum[0] = (u8)total;
    sChecksum[1] = total >> 8;
    sCheckValue2[0] = MARK_2;
    sCheckValue1[0] = MARK_1;
    CARTRIDGE_RAM_CLOSE();
    for (frames = SAVING_FRAMES; frames; frames--) wait_frame();
    wGameLogicPaused = 0;
    wSaveFileExists = 1;
}

void save_load(void) __banked {
    CARTRIDGE_RAM_OPEN();
    wOptions = sOptions[0];
    hHours = sOptions[CLOCK];
    hMinutes = sOptions[CLOCK + 1];
    memcpy(wPlayerID, sGameData, GAME_DATA_SIZE);
    CARTRIDGE_RAM_CLOSE();
}

u8 save_ask(void) __banked {
    say_asking(TEXT_SAVE_ASK);
    if (!yes_no()) return 0;
    if (save_exists()) {
        say_asking(TEXT_SAVE_OVER);
        if (!yes_no()) return 0;
    }
    say_asking(TEXT_SAVING);
    save_write();
    say(TEXT_SAVED);
    return 1;
}

#pragma bank 1
#include "gear.h"
#include "buttons.h"
#include "data.h"
#include "map.h"
#include "player_event.h"
#include "script.h"
#include "text.h"
#include "view.h"

enum { CARD_CLOCK, CARD_PHONE = 2, CARD_RADIO }; /* wPokegearCard; 1 is Crystal's map */
enum { TITLE_X = 2, TITLE_Y = 2, LINE_Y = 6, STATION_Y = 9, NUMBER_X = 6, TWO_DIGITS = 10 };
enum { KNOB_STEP = 2, KNOB_LAST = 80, RING_FRAMES = 30 };

typedef struct {
    u8 knob, text;
} station_t;

static const station_t stations[] = {{16, 0}, {28, 1}, {52, 2}};

static u8 owns(u8 card) {
    if (card == CARD_PHONE) return wPokegearFlags & GEAR_HAS_PHONE;
    return card == CARD_CLOCK || (card == CARD_RADIO && wPokegearFlags & GEAR_HAS_RADIO);
}

/* The station at the knob plays on when the gear is put away, until the map or a fight has music of its own. */
static void radio_put(void) {
    u8 i;
    u16 text = TEXT_GEAR_NO_STATION;
    wMapMusic = 0;
    for (i = 0; i < sizeof stations / sizeof *stations; i++) {
        if (stations[i].knob != wRadioTuningKnob) continue;
        wMapMusic = i + 1;
        text = TEXT_GEAR_TALK + stations[i].text;
    }
    screen_number(NUMBER_X, LINE_Y, (u8)(wRadioTuningKnob + 2) / 4, 2);
    text_label(NUMBER_X + 2, LINE_Y, TEXT_GEAR_DOT);
    screen_put(NUMBER_X + 3, LINE_Y, TILE_ZERO + (wRadioTuningKnob & 2 ? 0 : 5));
    screen_fill(TITLE_X, STATION_Y, SCREEN_COLUMNS - 2 * TITLE_X, 1, TILE_SPACE);
    text_label(TITLE_X, STATION_Y, text);
}

static void card_put(void) {
    screen_fill(0, 0, SCREEN_COLUMNS, SCREEN_ROWS, TILE_SPACE);
    screen_box(0, 0, SCREEN_COLUMNS, SCREEN_ROWS);
    if (wPokegearCard == CARD_PHONE) {
        text_label(TITLE_X, TITLE_Y, TEXT_GEAR_PHONE);
        text_label(TITLE_X, LINE_Y, wPhoneList[0] ? TEXT_CALLERS + wPhoneList[0] - 1 : TEXT_GEAR_NOBODY);
    } else if (wPokegearCard == CARD_RADIO) {
        text_label(TITLE_X, TITLE_Y, TEXT_GEAR_RADIO);
        radio_put();
    } else {
        text_label(TITLE_X, TITLE_Y, TEXT_GEAR_CLOCK);
        screen_number(NUMBER_X, LINE_Y, hHours, 2);
        text_label(NUMBER_X + 2, LINE_Y, TEXT_GEAR_COLON);
        screen_put(NUMBER_X + 3, LINE_Y, TILE_ZERO + hMinutes / TWO_DIGITS);
        screen_put(NUMBER_X + 4, LINE_Y, TILE_ZERO + hMinutes % TWO_DIGITS);
    }
    window_show();
}

/* The next card to one side that one owns; none: the same. */
static void card_turn(u8 pressed) {
    u8 card = wPokegearCard;
    do {
        if (pressed & BUTTON_RIGHT) {
            if (card == CARD_RADIO) return;
            card++;
        } else {
            if (card == CARD_CLOCK) return;
            card--;
        }
    } while (!owns(card));
    wPokegearCard = card;
    card_put();
}

void gear_screen(void) __banked {
    u8 pressed;
    wSpriteUpdatesEnabled = 0;
    palettes_battle();
    wCursorCurrentTile[0] = wCursorCurrentTile[1] = 0;
    wPokegearCard = CARD_CLOCK;
    card_put();
    while (!((pressed = buttons_wait(BUTTON_B | BUTTON_UP | BUTTON_DOWN | BUTTON_LEFT | BUTTON_RIGHT)) & BUTTON_B)) {
        if (pressed & (BUTTON_LEFT | BUTTON_RIGHT)) card_turn(pressed);
        else if (wPokegearCard == CARD_RADIO) {
            if (pressed & BUTTON_UP && wRadioTuningKnob < KNOB_LAST) wRadioTuningKnob += KNOB_STEP;
            if (pressed & BUTTON_DOWN && wRadioTuningKnob) wRadioTuningKnob -= KNOB_STEP;
            radio_put();
        }
    }
    wSpriteUpdatesEnabled = 1;
    view_load();
}

u8 gear_rings(void) __banked {
    u8 address[2], call = wSpecialPhoneCallID, frames = RING_FRAMES;
    if (!call || !(wPokegearFlags & GEAR_HAS_PHONE)) return 0;
    if (wEnvironment != ENVIRONMENT_TOWN && wEnvironment != ENVIRONMENT_ROUTE) return 0;
    wScriptRunning = SCRIPT_TALK;
    while (frames--) wait_frame();
    say(TEXT_RINGS);
    rom_copy(CALLS_BANK, address, CALLS + (u8)(call - 1) * 2, sizeof address);
    wSpecialPhoneCallID = 0;
    script_run_at(CALLS_BANK, address[0] | (u16)address[1] << 8);
    return 1;
}

#pragma bank 4
#include "fly_screen.h"
#include "buttons.h"
#include "data.h"
#include "text.h"

enum { MARK_X = 2, LOWEST_Y = 16 };

static u8 is_visited(u8 place) { return (wVisitedSpawns[place >> 3] >> (place & 7)) & 1; }

/* The next visited place in a direction, round and round: there is one at least. */
static u8 next(u8 place, u8 up) {
    do {
        if (up) place = place == FLY_PLACES_COUNT - 1 ? 0 : place + 1;
        else place = place ? place - 1 : FLY_PLACES_COUNT - 1;
    } while (!is_visited(place));
    return place;
}

static u8 row_of(u8 place) { return LOWEST_Y - (place << 1); }

static u8 any_visited(void) {
    u8 place;
    for (place = 0; place < FLY_PLACES_COUNT; place++)
        if (is_visited(place)) return 1;
    return 0;
}

u8 fly_screen(void) __banked {
    u8 place, pressed;
    wSpriteUpdatesEnabled = 0;
    palettes_battle();
    screen_box(0, 0, SCREEN_COLUMNS, SCREEN_ROWS);
    text_label(2, 1, TEXT_FLY_WHERE);
    for (place = 0; place < FLY_PLACES_COUNT; place++)
        if (is_visited(place)) text_label(MARK_X + 2, row_of(place), TEXT_FLY_PLACES + place);
    wStartFlypoint = 0;
    wEndFlypoint = FLY_PLACES_COUNT - 1;
    wCursorCurrentTile[0] = wCursorCurrentTile[1] = 0; /* a mark on a map, no cursor of a menu */
    place = NO_PLACE;
    if (any_visited()) {
        wTownMapPlayerIconLandmark = next(FLY_PLACES_COUNT - 1, 1);
        do {
            screen_put(MARK_X, row_of(wTownMapPlayerIconLandmark), TILE_CURSOR);
            window_show();
            pressed = buttons_wait(BUTTON_A | BUTTON_B | BUTTON_UP | BUTTON_DOWN);
            screen_put(MARK_X, row_of(wTownMapPlayerIconLandmark), TILE_SPACE);
            if (pressed & (BUTTON_UP | BUTTON_DOWN))
                wTownMapPlayerIconLandmark = next(wTownMapPlayerIconLandmark, pressed & BUTTON_UP);
        } while (!(pressed & (BUTTON_A | BUTTON_B)));
        if (pressed & BUTTON_A) place = wTownMapPlayerIconLandmark;
    }
    wSpriteUpdatesEnabled = 1;
    return place;
}

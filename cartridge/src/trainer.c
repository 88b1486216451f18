#pragma bank 1
#include "trainer.h"
#include "battle.h"
#include "data.h"
#include "entry.h"
#include "faint.h"
#include "flags.h"
#include "people.h"
#include "player_event.h"
#include "text.h"

/* Where a trainer object's script pointer leads. */
typedef struct {
    u8 class, number;
    u16 beaten_flag, seen_text, beaten_text, after_text;
} record_t;

enum { EMOTE_FRAMES = 32 };

static record_t record;

static void record_read(u8 object) {
    const u8 *map_object = MAP_OBJECT(object);
    rom_copy(map.events_bank, &record,
        (const u8 *)(map_object[MAPOBJECT_SCRIPT] | (u16)map_object[MAPOBJECT_SCRIPT + 1] << 8), sizeof record);
}

static void fight(void) {
    wOtherTrainerClass = record.class;
    wOtherTrainerID = record.number;
    say(record.seen_text);
    text_close();
    if (battle_trainer(record.class, record.number) == BATTLE_LOST) {
        white_out();
        return;
    }
    flag_set(record.beaten_flag);
    overworld_reload();
    say(record.beaten_text);
    text_close();
}

/* A mark over the trainer's head, in the sprites behind those of the people. */
static void emote(u8 object) {
    const u8 *walker = OBJECT(MAP_OBJECT(object)[MAPOBJECT_OBJECT_STRUCT_ID]);
    u8 *sprite = wShadowOAM + OBJECT_STRUCTS * 8;
    u8 frames;
    sprite[0] = sprite[4] = walker[OBJECT_SPRITE_Y];
    sprite[1] = walker[OBJECT_SPRITE_X] + 8;
    sprite[5] = walker[OBJECT_SPRITE_X] + 16;
    sprite[2] = TILE_EMOTE;
    sprite[6] = TILE_EMOTE + 2;
    sprite[3] = sprite[7] = PALETTE_EMOTE;
    for (frames = EMOTE_FRAMES; frames; frames--) wait_frame();
    sprite[0] = sprite[4] = 0;
}

u8 trainer_sees(u8 object, u8 distance) __banked {
    u8 direction = OBJECT(MAP_OBJECT(object)[MAPOBJECT_OBJECT_STRUCT_ID])[OBJECT_DIRECTION] >> 2;
    record_read(object);
    if (flag_get(record.beaten_flag) || !wPartyCount) return 0;
    wScriptRunning = SCRIPT_SEEN_BY_TRAINER;
    wOtherTrainerClass = record.class;
    hLastTalked = object;
    emote(object);
    while (--distance) people_walk(object, direction);
    wPlayerDirection = (direction ^ 1) << 2;
    people_draw();
    fight();
    wScriptRunning = SCRIPT_NONE;
    return 1;
}

void trainer_talk(u8 object) __banked {
    record_read(object);
    wScriptRunning = SCRIPT_TALK_TRAINER;
    if (flag_get(record.beaten_flag) || !wPartyCount) {
        say(record.after_text);
        text_close();
    } else fight();
    wScriptRunning = SCRIPT_NONE;
}

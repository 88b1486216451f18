#pragma bank 1
#include "quiet.h"
#include "data.h"
#include "flags.h"
#include "people.h"
#include "player.h"

u16 script_at;

u8 script_next(void) { return rom_byte(wScriptBank, (const u8 *)script_at++); }

u16 script_next16(void) {
    u8 low = script_next();
    return low | (u16)script_next() << 8;
}

void script_jump_if(u8 condition) {
    u16 target = script_next16();
    if (condition) script_at = target;
}

u8 quiet_operation(u8 operation) {
    u8 a, b;
    u8 *variable;
    switch (operation) {
    case OP_JUMP: script_at = script_next16(); break;
    case OP_IF_SET: script_jump_if(flag_get(script_next16())); break;
    case OP_IF_VAR:
        a = script_next();
        script_jump_if(wScriptVar == a);
        break;
    case OP_IF_FACING:
        a = script_next();
        script_jump_if(player_facing() == a);
        break;
    case OP_IF_RAM:
        variable = (u8 *)script_next16();
        a = script_next();
        script_jump_if(*variable == a);
        break;
    case OP_SET_RAM:
        variable = (u8 *)script_next16();
        *variable = script_next();
        break;
    case OP_SET: flag_set(script_next16()); break;
    case OP_CLEAR: flag_clear(script_next16()); break;
    case OP_MOVE_PERSON:
        a = script_next();
        b = script_next();
        people_move(a, b, script_next());
        break;
    default: return 0;
    }
    return 1;
}

/* The script whose warp has led to this map goes on where it was. */
void quiet_run(u16 address) __banked {
    u16 resume = script_at;
    u8 bank = wScriptBank;
    wScriptBank = map.events_bank;
    script_at = address;
    while (quiet_operation(script_next())) {}
    script_at = resume;
    wScriptBank = bank;
}

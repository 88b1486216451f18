"""Two cartridges made for measuring: one never rests, the other does nothing but wait for the next frame.

The first is the emulator at its slowest, where an env's share of the time is smallest; the second at its fastest.

Fernvale halts the processor between frames, and so do most games most of the time. The busy ROM computes without a
pause, as a game does while it decompresses or redraws. It shows the env a free player who takes a step back and forth
every 16 frames. The assembly below is all there is to either; every benchmark makes them again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from core.game.profile import game_named

ROM_BYTES: Final = 0x8000
CODE_START: Final = 0x150
FIRST_MAP: Final = (1, 1)
"""A map that Fernvale's world knows."""
RAM: Final = {
    "wMapStatus": 2,
    "wGameTimerPaused": 1,
    "wSpriteUpdatesEnabled": 1,
    "wMapGroup": FIRST_MAP[0],
    "wMapNumber": FIRST_MAP[1],
    "wMapWidth": 10,
    "wMapHeight": 9,
    "wXCoord": 8,
    "wYCoord": 8,
}
CLEAR_RAM: Final = bytes.fromhex(
    "f3"  #      di
    "2100c0"  #  ld hl, $c000
    "af"  #      clear: xor a
    "22"  #      ld [hl+], a
    "7c"  #      ld a, h
    "fee0"  #    cp $e0
    "20f9"  #    jr nz, clear
    "af"  #      xor a
    "e09f"  #    ldh [hMapEntryMethod], a
    "e082"  #    ldh [frames], a
    "e083"  #    ldh [counted], a
    "2100c0"  #  ld hl, $c000
)
WORK: Final = bytes.fromhex(
    "0610"  #    work: ld b, 16
    "2a"  #      sum: ld a, [hl+]
    "a9"  #      xor c
    "07"  #      rlca
    "80"  #      add b
    "4f"  #      ld c, a
    "e081"  #    ldh [result], a
    "05"  #      dec b
    "20f6"  #    jr nz, sum
    "7c"  #      ld a, h
    "f6c0"  #    or $c0
    "e6df"  #    and $df
    "67"  #      ld h, a             ; stay within work RAM
    "f044"  #    ldh a, [rLY]
    "fe90"  #    cp 144
    "381c"  #    jr c, visible
    "f083"  #    ldh a, [counted]
    "a7"  #      and a
    "20e3"  #    jr nz, work
    "3e01"  #    ld a, 1
    "e083"  #    ldh [counted], a    ; once a frame
    "f082"  #    ldh a, [frames]
    "3c"  #      inc a
    "e082"  #    ldh [frames], a
    "e60f"  #    and 15
    "20d6"  #    jr nz, work
    "fab8dc"  #  ld a, [wXCoord]
    "ee01"  #    xor 1
    "eab8dc"  #  ld [wXCoord], a
    "18cc"  #    jr work
    "af"  #      visible: xor a
    "e083"  #    ldh [counted], a
    "18c7"  #    jr work
)


REST: Final = bytes.fromhex(
    "f3"  #      di
    "3e91"  #    ld a, $91           ; screen on
    "e040"  #    ldh [rLCDC], a
    "3e01"  #    ld a, 1
    "e0ff"  #    ldh [rIE], a        ; vblank ends a halt
    "af"  #      rest: xor a
    "e00f"  #    ldh [rIF], a
    "76"  #      halt
    "00"  #      nop
    "18f9"  #    jr rest
)


def write_busy_rom(path: Path) -> Path:
    """Write the cartridge that never rests, with what the env looks at in its RAM."""
    layout = game_named("fernvale").layout
    fill = b"".join(
        bytes((0x3E, value, 0xEA)) + layout.symbol(name).address.to_bytes(2, "little") for name, value in RAM.items()
    )
    path.write_bytes(cartridge_with(CLEAR_RAM + fill + WORK))
    return path


def write_resting_rom(path: Path) -> Path:
    """Write the cartridge that only waits for frames, with its screen on."""
    path.write_bytes(cartridge_with(REST))
    return path


def cartridge_with(code: bytes) -> bytes:
    """A cartridge that runs the code: MBC5 with RAM, Color only, with Fernvale's title, so that its profile applies."""
    rom = bytearray(ROM_BYTES)
    rom[0x100:0x104] = bytes((0x00, 0xC3)) + CODE_START.to_bytes(2, "little")
    rom[0x134 : 0x134 + 8] = b"FERNVALE"
    rom[0x143], rom[0x147], rom[0x149] = 0xC0, 0x1B, 3
    rom[CODE_START : CODE_START + len(code)] = code
    checksum = 0
    for byte in rom[0x134:0x14D]:
        checksum = (checksum - byte - 1) & 0xFF
    rom[0x14D] = checksum
    return bytes(rom)

"""The cartridge's clock stands still in every game and after every load: what a game does depends on no wall clock."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.busy_rom import write_busy_rom
from core.env.emulator.console import Console
from core.game.profile import identify_rom
from core.vocabulary import Button

MBC3_WITH_CLOCK = 0x10
SECONDS, MINUTES, HOURS, DAYS = 0x08, 0x09, 0x0A, 0x0B


def rom_with_clock(folder: Path) -> Path:
    """The busy ROM in a cartridge with a clock, which is Crystal's kind and not Fernvale's."""
    path = write_busy_rom(folder / "clock.gbc")
    rom = bytearray(path.read_bytes())
    rom[0x147] = MBC3_WITH_CLOCK
    checksum = 0
    for byte in rom[0x134:0x14D]:
        checksum = (checksum - byte - 1) & 0xFF
    rom[0x14D] = checksum
    path.write_bytes(rom)
    return path


def clock_of(console: Console) -> tuple[int, ...]:
    """What the game would read: it latches the clock, then selects one register after the other."""
    memory = console._emulator.memory
    memory[0x0000] = 0x0A
    memory[0x6000] = 0
    memory[0x6000] = 1
    seen = []
    for register in (SECONDS, MINUTES, HOURS, DAYS):
        memory[0x4000] = register
        seen.append(memory[0xA000])
    return tuple(seen)


def test_the_clock_stands_still_while_playing_and_across_loads(tmp_path: Path) -> None:
    console = Console(identify_rom(rom_with_clock(tmp_path)))
    try:
        start = clock_of(console)
        state = console.save_state()
        time.sleep(1.1)  # a host second, which PyBoy adds at a load unless the clock is locked
        console.load_state(state)
        assert clock_of(console) == start
        for _ in range(8):
            console.press(Button.A, 8, 24, render=False)
        assert clock_of(console) == start, "three emulated seconds later"
        console.load_state(state)
        console.load_state(state)
        console.press(Button.A, 8, 24, render=False)
        assert clock_of(console) == start
    finally:
        console.close()

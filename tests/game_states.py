"""Game states for tests: real ones from Fernvale's first moment, and variants of them with some RAM changed."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.profile import game_named
from core.game.ram import RAM_SIZE, RamSnapshot
from core.game.state import GameState, RomTables

ROM_PATH = Path(__file__).resolve().parent.parent / "cartridge" / "fernvale.gbc"
LAYOUT = game_named("fernvale").layout


@lru_cache(maxsize=1)
def rom_tables() -> RomTables:
    return RomTables.from_file(ROM_PATH)


@lru_cache(maxsize=1)
def first_state() -> GameState:
    """The first free control of a new game."""
    env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state")
    try:
        return env.restart(seed=0)
    finally:
        env.close()


def with_ram(state: GameState, changes: dict[str, int | bytes]) -> GameState:
    """The state with the bytes at some symbols replaced."""
    data = bytearray(state.snapshot.data)
    for name, value in changes.items():
        raw = bytes((value,)) if isinstance(value, int) else value
        start = state.rom.layout.index(name)
        data[start : start + len(raw)] = raw
    return GameState(RamSnapshot(bytes(data)), state.rom)


def filled(byte: int) -> GameState:
    """A state whose RAM holds one byte everywhere."""
    return GameState(RamSnapshot(bytes((byte,)) * RAM_SIZE), rom_tables())


def with_party(state: GameState, *members: tuple[int, int, int, int]) -> GameState:
    """The state with a party of (species, level, hp, max_hp); the DVs tell the members apart by species."""
    data, index = bytearray(state.snapshot.data), state.rom.layout.index
    species_list, structs, nicknames = index("wPartySpecies"), index("wPartyMons"), index("wPartyMonNicknames")
    data[index("wPartyCount")] = len(members)
    for slot, (species, level, hp, max_hp) in enumerate(members):
        data[species_list + slot] = species
        raw = bytearray(48)
        raw[0] = species
        raw[2:6] = bytes((1, 2, 0, 0))
        raw[21:23] = species.to_bytes(2, "big")
        raw[23:27] = bytes((35, 30, 0, 0))
        raw[31] = level
        raw[34:36] = hp.to_bytes(2, "big")
        raw[36:38] = max_hp.to_bytes(2, "big")
        data[structs + 48 * slot : structs + 48 * (slot + 1)] = raw
        name = bytes((0x80 + slot, 0x50))
        data[nicknames + 11 * slot : nicknames + 11 * slot + 2] = name
    data[species_list + len(members)] = 0xFF
    return GameState(RamSnapshot(bytes(data)), state.rom)

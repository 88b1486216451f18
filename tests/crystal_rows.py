"""Crystal for tests, without its ROM: RAM written by hand as rows, symbol -> bytes, and the state that it makes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from core.game.profile import RomProfile, game_named
from core.game.ram import RAM_SIZE, RamSnapshot
from core.game.state import GameState, RomTables

FREE_ROWS: Mapping[str, bytes] = {
    "wMapStatus": b"\x02",
    "wGameTimerPaused": b"\x01",
    "wSpriteUpdatesEnabled": b"\x01",
    "wItems": b"\xff",
    "wBalls": b"\xff",
    "wKeyItems": b"\xff",
    "wPartySpecies": b"\xff",
}
"""A game in which the player may walk, with an empty bag."""


@cache
def crystal() -> RomTables:
    """Crystal's data with an empty cartridge: enough for all that is read from RAM alone."""
    return RomTables(RomProfile(game_named("crystal"), "none", "", "PM_CRYSTAL", bytes(1 << 21)))


def crystal_state(rows: Mapping[str, bytes], flags: str = "") -> GameState:
    """A free moment with these rows; `flags` are event flags to set, without "EVENT_" and with blanks between."""
    rom = crystal()
    data = bytearray(RAM_SIZE)
    for symbol, value in {**FREE_ROWS, **rows}.items():
        start = rom.layout.index(symbol)
        data[start : start + len(value)] = value
    start = rom.layout.index("wEventFlags")
    for name in flags.split():
        place = rom.game.event_flags[f"EVENT_{name}"].index
        data[start + place // 8] |= 1 << place % 8
    return GameState(RamSnapshot(bytes(data)), rom)

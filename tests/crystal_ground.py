"""Ground of Crystal for tests: a state whose map is drawn by hand, people and boulders included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.game.collision import BORDER_BLOCKS
from core.game.game_data import GameData
from core.game.people import COORDINATE_BIAS
from core.game.profile import RomProfile, game_named
from core.game.ram import RamSnapshot
from core.game.state import GameState, RomTables
from core.vocabulary import MapId
from tests.crystal_rows import crystal_state

BYTES = {".": 0x00, "#": 0x07, "~": 0x29, "@": 0x24, "W": 0x33, "D": 0x71, "o": 0x60, "i": 0x23, "T": 0x12}
TABLE = 0x4000
"""Where in bank 1 of the made-up cartridge the collision bytes of the blocks lie."""
BOULDER_SPRITE = 0x5A


def crystal_map(game: GameData, key: str) -> MapId:
    """The number of a map of Crystal."""
    found = game.map_by_key(key)
    assert found is not None
    return found.id


def crystal_on(
    picture: str | Sequence[Sequence[int]],
    at: tuple[int, int],
    rows: Mapping[str, bytes] | None = None,
    flags: str = "",
    map_key: str = "ROUTE_41",
    things: Mapping[int, tuple[int, int]] | None = None,
) -> GameState:
    """A free moment on a drawn map, its player on the cell `at`, looking down unless `rows` say otherwise.

    `picture` has rows of signs (`BYTES`) with blanks between, or collision bytes; an odd side gets a wall beyond.
    `things` are map objects by number and where they stand.
    """
    drawn = [[BYTES[sign] for sign in row] for row in picture.split()] if isinstance(picture, str) else picture
    cells = np.array(drawn, dtype=np.uint8)
    cells = np.pad(cells, [(0, side % 2) for side in cells.shape], constant_values=BYTES["#"])
    height, width = cells.shape[0] // 2, cells.shape[1] // 2
    blocks = cells.reshape(height, 2, width, 2).transpose(0, 2, 1, 3).reshape(-1, 4)
    patterns, numbers = np.unique(blocks, axis=0, return_inverse=True)
    rom = bytearray(1 << 15)
    rom[TABLE + 4 : TABLE + 4 + patterns.size] = patterns.tobytes()
    grid = np.pad(numbers.reshape(height, width) + 1, BORDER_BLOCKS).astype(np.uint8)
    place = crystal_map(crystal_state({}).game, map_key)
    objects = bytearray(16 * 16)
    for number, (x, y) in (things or {}).items():
        start = number * 16
        objects[start : start + 4] = bytes((0xFF, BOULDER_SPRITE, y + COORDINATE_BIAS, x + COORDINATE_BIAS))
        objects[start + 12 : start + 14] = b"\xff\xff"  # hidden by no flag
    given = {
        "wMapGroup": bytes(place),
        "wXCoord": bytes((at[0],)),
        "wYCoord": bytes((at[1],)),
        "wMapWidth": bytes((width,)),
        "wMapHeight": bytes((height,)),
        "wOverworldMapBlocks": grid.tobytes(),
        "wTilesetCollisionBank": b"\x01",
        "wTilesetCollisionAddress": TABLE.to_bytes(2, "little"),
        "wMapObjects": bytes(objects),
    }
    state = crystal_state({**given, **(rows or {})}, flags)
    profile = RomProfile(game_named("crystal"), "none", "", "PM_CRYSTAL", bytes(rom))
    return GameState(RamSnapshot(bytes(state.snapshot.data)), RomTables(profile))

"""The ground of the whole map, from the blocks in RAM and the tileset's collision table in the ROM.

The game keeps the current map as blocks of 2 x 2 steps with a border of three blocks, into which it copies the strips
of connected maps. Looking a block up in the tileset's table gives the collision byte of each of its four steps, so the
border shows what lies beyond a connection. Scripts may change blocks while the game runs; the cache is keyed by the
blocks themselves and so never stale.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.game import terrain
from core.game.profile import RomProfile

BORDER_BLOCKS: Final = 3
BORDER_STEPS: Final = 2 * BORDER_BLOCKS
CACHE_LIMIT: Final = 256
"""Maps kept per ROM: more than a game has in one region, about 10 kB each."""

CROP_ROWS: Final = 9
CROP_COLUMNS: Final = 10
PLAYER_ROW: Final = 4
PLAYER_COLUMN: Final = 4
"""The screen shows 10 x 9 steps with the player at column 4, row 4."""

GROUND_PLANES: Final = ("wall", "grass", "water", "ledge", "warp")
"""What the policy's map tells of the ground, one plane each of 0 and 1."""


def _plane_table() -> NDArray[np.uint8]:
    table = np.zeros((len(GROUND_PLANES), 256), dtype=np.uint8)
    for byte in range(256):
        warp = byte in terrain.WARP_CARPETS or byte in terrain.IMMEDIATE_WARPS
        ledge = terrain.HOP_BITS[byte] != 0
        table[:, byte] = (
            terrain.GROUND[byte] == terrain.Ground.WALL,
            byte in terrain.TALL_GRASS,
            terrain.GROUND[byte] == terrain.Ground.WATER,
            ledge,
            warp,
        )
    return table


_PLANES: Final = _plane_table()
_MARGIN: Final = max(CROP_ROWS, CROP_COLUMNS)


@dataclass(frozen=True, eq=False)
class CollisionMap:
    """Collision bytes of one map. Its reader gives one object for equal ground, so that maps compare by identity.

    `cells` is uint8 (height, width), read-only, one byte a step; `border` is the same with 6 more steps on every side.
    """

    cells: NDArray[np.uint8]
    border: NDArray[np.uint8]
    _planes: NDArray[np.uint8] = field(repr=False)

    @classmethod
    def of_border(cls, border: NDArray[np.uint8]) -> CollisionMap:
        """The map inside its border: collision bytes, uint8 (height + 12, width + 12), which become read-only."""
        border.setflags(write=False)
        rows, columns = border.shape
        cells = border[BORDER_STEPS : rows - BORDER_STEPS, BORDER_STEPS : columns - BORDER_STEPS]
        planes = np.ascontiguousarray(_PLANES[:, np.pad(border, _MARGIN, constant_values=terrain.OUTSIDE)])
        planes.setflags(write=False)
        return cls(cells, border, planes)

    def __reduce__(self) -> tuple[Callable[[NDArray[np.uint8]], CollisionMap], tuple[NDArray[np.uint8]]]:
        return CollisionMap.of_border, (self.border,)

    @property
    def height(self) -> int:
        """Steps from top to bottom."""
        return self.cells.shape[0]

    @property
    def width(self) -> int:
        """Steps from left to right."""
        return self.cells.shape[1]

    def at(self, x: int, y: int) -> int:
        """The collision byte of a step, up to 6 steps beyond the edges; `terrain.OUTSIDE` farther away."""
        row, column = y + BORDER_STEPS, x + BORDER_STEPS
        if 0 <= row < self.border.shape[0] and 0 <= column < self.border.shape[1]:
            return int(self.border[row, column])
        return terrain.OUTSIDE

    def crop(self, x: int, y: int) -> NDArray[np.uint8]:
        """The ground planes of the 9 x 10 steps on screen around (x, y), a view of shape (5, 9, 10)."""
        top = y + BORDER_STEPS + _MARGIN - PLAYER_ROW
        left = x + BORDER_STEPS + _MARGIN - PLAYER_COLUMN
        top = max(0, min(top, self._planes.shape[1] - CROP_ROWS))
        left = max(0, min(left, self._planes.shape[2] - CROP_COLUMNS))
        return self._planes[:, top : top + CROP_ROWS, left : left + CROP_COLUMNS]


class CollisionReader:
    """Reads collision maps of one ROM and keeps those it has made."""

    def __init__(self, profile: RomProfile) -> None:
        self._profile = profile
        layout = profile.layout
        self._blocks, blocks_end = layout.span("wOverworldMapBlocks")
        self._blocks_size = blocks_end - self._blocks
        self._height, self._width = layout.index("wMapHeight"), layout.index("wMapWidth")
        self._bank = layout.index("wTilesetCollisionBank")
        self._address = layout.index("wTilesetCollisionAddress")
        self._known: dict[tuple[int, int, tuple[int, int], bytes], CollisionMap] = {}
        self._last_key = (-1, -1, (0, 0), b"")
        self._last: CollisionMap | None = None

    def read(self, data: bytes) -> CollisionMap:
        """The map in a snapshot's bytes; an empty one (0 x 0) while no sensible map is loaded."""
        height, width = data[self._height], data[self._width]
        size = (height + 2 * BORDER_BLOCKS) * (width + 2 * BORDER_BLOCKS)
        if not height or not width or size > self._blocks_size:
            height = width = 0
            size = 4 * BORDER_BLOCKS * BORDER_BLOCKS
        blocks = data[self._blocks : self._blocks + size]
        table = (data[self._bank], data[self._address] | data[self._address + 1] << 8)
        key = (height, width, table, blocks)
        if key == self._last_key and self._last is not None:
            return self._last
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= CACHE_LIMIT:
                self._known.clear()
            known = self._known[key] = self._make(height, width, table, blocks)
        self._last_key, self._last = key, known
        return known

    def _make(self, height: int, width: int, table: tuple[int, int], blocks: bytes) -> CollisionMap:
        raw = self._profile.rom_bytes(*table, 1024)
        steps = np.full(1024, terrain.OUTSIDE, dtype=np.uint8)
        steps[: len(raw)] = np.frombuffer(raw, dtype=np.uint8)
        steps[:4] = terrain.OUTSIDE  # block 0 is the empty one
        rows, columns = height + 2 * BORDER_BLOCKS, width + 2 * BORDER_BLOCKS
        grid = np.frombuffer(blocks, dtype=np.uint8).reshape(rows, columns)
        border = steps.reshape(256, 2, 2)[grid].transpose(0, 2, 1, 3).reshape(2 * rows, 2 * columns)
        return CollisionMap.of_border(np.ascontiguousarray(border))

"""What a collision byte allows: the physics of one step of the overworld.

The game gives every step (16 x 16 pixels) of a map one collision byte. These tables say for each of the 256 bytes
whether feet or a surfing creature can stand there, which ways a ledge is hopped, which sides are walled, and whether
standing there warps. The values are those of Crystal's collision constants; the path-finder and the explorers read
nothing else about the ground.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from core.vocabulary import Button

OPPOSITE: Final[dict[Button, Button]] = {
    Button.UP: Button.DOWN,
    Button.DOWN: Button.UP,
    Button.LEFT: Button.RIGHT,
    Button.RIGHT: Button.LEFT,
}
OFFSET: Final[dict[Button, tuple[int, int]]] = {
    Button.UP: (0, -1),
    Button.DOWN: (0, 1),
    Button.LEFT: (-1, 0),
    Button.RIGHT: (1, 0),
}
"""Change of (x, y) by one step; y grows downward."""

DIRECTION_BIT: Final[dict[Button, int]] = {Button.RIGHT: 1, Button.LEFT: 2, Button.UP: 4, Button.DOWN: 8}
"""The bit of a direction in wTilePermissions."""


class Ground(IntEnum):
    """Who can stand on a cell."""

    LAND = 0
    WATER = 1
    WALL = 2


_WATER_ROWS = frozenset((0x20, 0x30, 0xC0))
_LAND_IN_WATER_ROWS = frozenset((0x23, 0x2B))
_WALLS = frozenset((0x07, 0x0F, 0x12, 0x15, 0x1A, 0x1D, 0x27, 0x2F, 0x62, 0x6A, 0xFF, *range(0x80, 0xA0)))
_HOPS = (
    (Button.RIGHT,),
    (Button.LEFT,),
    (Button.UP,),
    (Button.DOWN,),
    (Button.RIGHT, Button.DOWN),
    (Button.DOWN, Button.LEFT),
    (Button.UP, Button.RIGHT),
    (Button.UP, Button.LEFT),
)
"""Ledges 0xA0-0xA7 and side walls 0xB0-0xB7, 0xC0-0xC7 name their directions in this order."""


def _ground(byte: int) -> Ground:
    if byte in _WALLS:
        return Ground.WALL
    if byte & 0xF0 in _WATER_ROWS and byte not in _LAND_IN_WATER_ROWS:
        return Ground.WATER
    return Ground.LAND


def _bits(directions: tuple[Button, ...]) -> int:
    return sum(DIRECTION_BIT[direction] for direction in directions)


GROUND: Final = bytes(_ground(byte) for byte in range(256))
HOP_BITS: Final = bytes(_bits(_HOPS[byte & 7]) if byte & 0xF8 == 0xA0 else 0 for byte in range(256))
"""Directions (DIRECTION_BIT) in which one hops off this ledge cell, two steps far."""
SIDE_WALL_BITS: Final = bytes(_bits(_HOPS[byte & 7]) if byte & 0xF0 in (0xB0, 0xC0) else 0 for byte in range(256))
"""Sides that can be neither left nor entered."""

WARP_CARPETS: Final[dict[int, Button]] = {
    0x70: Button.DOWN,
    0x76: Button.LEFT,
    0x78: Button.UP,
    0x7E: Button.RIGHT,
}
"""Cells that warp when one stands on them and presses this direction."""
IMMEDIATE_WARPS: Final = frozenset((0x60, 0x68, *range(0x71, 0x76), 0x77, *range(0x79, 0x7E), 0x7F))
"""Cells that warp as soon as one arrives on them."""
WARPS: Final = IMMEDIATE_WARPS | WARP_CARPETS.keys()
"""Cells on which a warp event acts. On any other ground it is a landing spot, or a hole that is not open yet."""
PITS: Final = frozenset((0x60, 0x68))
"""Holes in the floor: one falls as soon as one steps on them."""
COUNTERS: Final = frozenset((0x90, 0x98))
"""Walls across which one can talk."""
CUT_TREES: Final = frozenset((0x12, 0x1A))
TALL_GRASS: Final = frozenset((0x08, 0x14, 0x18, *range(0x48, 0x4D)))
"""Land cells on which wild creatures appear outdoors."""
WHIRLPOOLS: Final = frozenset((0x24, 0x2C))
"""Water that swallows whoever rides into it; the move WHIRLPOOL makes it smooth."""
WATERFALLS: Final = frozenset((0x33, 0x3B))
"""Currents down a fall; the move WATERFALL carries one up."""
CURRENTS: Final[dict[int, Button]] = {
    byte: (Button.RIGHT, Button.LEFT, Button.UP, Button.DOWN)[byte & 3] for byte in range(0x30, 0x40)
}
"""Water that carries one on in its direction until it ends: nobody stands there."""
ICE: Final = frozenset((0x23, 0x2B))
"""Cells on which one slides on until something stops one."""

OUTSIDE: Final = 0xFF
"""The byte of cells off the map and of empty blocks: a wall."""

"""The cells of fields and towns; the forest has the same in other colours."""

from __future__ import annotations

from collections.abc import Iterable

from cartridge.tools.art.cells import Edged, Kind, Plain, Roofed, Stacked, Strip, Turned
from cartridge.tools.art.collision import (
    CAVE_MOUTH,
    CUT_TREE,
    DOOR,
    FLOOR,
    HOP_DOWN,
    HOP_LEFT,
    HOP_RIGHT,
    SEA,
    TALL_GRASS,
    WALL,
    WATERFALL,
    WHIRLPOOL,
)
from cartridge.tools.art.collision import WATER as DEEP_WATER
from cartridge.tools.art.palettes import EARTH, GRASS, HEALER, PATH, ROSE, STONE, TEXT, WATER

PICTURES = "outdoor.txt"

_WALLS = "WwDHM"
_ROOFS = {"R": EARTH, "B": EARTH, "G": HEALER, "L": STONE}
"""The palette of the walls below each roof."""


def kinds(drawn: frozenset[str]) -> Iterable[Kind]:
    """Every character of the outdoor maps, given the names of the drawn tiles."""

    def plain(character: str, collision: int, palette: int, picture: str | tuple[str, str, str, str]) -> Plain:
        return Plain(character, collision, palette, picture)

    def edged(character: str, collision: int, palette: int, name: str, joins: str) -> Edged:
        return Edged(character, collision, palette, name, drawn, joins)

    def wall(kind: Plain | Edged) -> Roofed:
        return Roofed(kind, _ROOFS, _WALLS)

    yield plain(".", FLOOR, GRASS, ("lawn_tuft", "lawn", "lawn", "lawn_blade"))
    yield Edged("_", FLOOR, PATH, "path", drawn, "_D=E", ("path", "path", "path_pebble", "path"))
    yield plain("f", FLOOR, ROSE, ("flower", "lawn", "lawn", "flower"))
    yield plain("g", TALL_GRASS, GRASS, ("grass_left", "grass_right", "grass_right", "grass_left"))
    yield Stacked("T", WALL, GRASS, "tree", "T")
    yield plain("t", WALL, GRASS, "bush")
    yield plain("O", WALL, STONE, "rock")
    yield edged("~", DEEP_WATER, WATER, "water", "~=s@F")
    yield Turned(
        plain("=", FLOOR, EARTH, ("bridge_n", "bridge_n", "bridge_s", "bridge_s")),
        plain("=", FLOOR, EARTH, ("bridge_w", "bridge_e", "bridge_w", "bridge_e")),
        places=((0, -1), (0, 1)),
        partners="=_.",
    )
    yield edged("#", WALL, STONE, "cliff", "#E ")
    yield Strip("v", HOP_DOWN, PATH, "ledge", above="lawn")
    yield plain(">", HOP_RIGHT, PATH, ("lawn", "ledge_right", "lawn", "ledge_right"))
    yield plain("<", HOP_LEFT, PATH, ("ledge_left", "lawn", "ledge_left", "lawn"))
    yield plain("+", WALL, PATH, ("fence_top", "fence_top", "fence_bottom", "fence_bottom"))
    yield plain("X", WALL, ROSE, ("gate_top", "gate_top", "gate_bottom", "gate_bottom"))
    yield edged("R", WALL, ROSE, "roof", "R")
    yield edged("B", WALL, WATER, "roof", "B")
    yield edged("G", WALL, HEALER, "roof", "G")
    yield edged("L", WALL, STONE, "roof", "L")
    yield wall(edged("W", WALL, EARTH, "wall", _WALLS + "".join(_ROOFS)))
    yield wall(plain("w", WALL, EARTH, ("window_w", "window_e", "wall_s", "wall_s")))
    yield wall(plain("D", DOOR, EARTH, "door"))
    yield plain("H", WALL, HEALER, ("leaf_w", "leaf_e", "wall_s", "wall_s"))
    yield plain("M", WALL, EARTH, ("sack_w", "sack_e", "wall_s", "wall_s"))
    yield plain("S", WALL, PATH, "sign")
    yield plain("E", CAVE_MOUTH, STONE, "cave")
    yield edged("s", SEA, WATER, "water", "~=s@F")
    yield plain("C", CUT_TREE, PATH, "bush")
    yield plain("@", WHIRLPOOL, WATER, ("water_nw", "water_ne", "water_sw", "water_se"))
    yield plain("F", WATERFALL, WATER, ("water_w", "water_e", "water_w", "water_e"))
    yield plain(" ", WALL, TEXT, ("void", "void", "void", "void"))

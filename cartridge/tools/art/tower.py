"""The cells of towers and gyms."""

from __future__ import annotations

from collections.abc import Iterable

from cartridge.tools.art import collision
from cartridge.tools.art.cells import Edged, Kind, Look, Plain, RoomWall
from cartridge.tools.art.palettes import GRASS, PATH, ROSE, STONE, TEXT, WATER

PICTURES = "tower.txt"
_WALLS = "#w "
_VOID = ("void", "void", "void", "void")


def kinds(drawn: frozenset[str]) -> Iterable[Kind]:
    """Every character of the towers' maps, given the names of the drawn tiles."""

    def wall(character: str, palette: int, picture: str | tuple[str, str, str, str]) -> Plain:
        return Plain(character, collision.WALL, palette, picture)

    yield Plain(".", collision.FLOOR, STONE, ("floor_a", "floor_b", "floor_b", "floor_a"))
    yield RoomWall(
        "#",
        collision.WALL,
        STONE,
        _WALLS,
        face=("face_top", "face_top", "face_bottom", "face_bottom"),
        upper=("face_upper", "face_upper", "face_middle", "face_middle"),
        beyond=Look(_VOID, TEXT),
    )
    yield wall("w", WATER, "window")
    yield wall("I", STONE, "pillar")
    yield Edged("r", collision.FLOOR, ROSE, "rug", drawn, "r")
    yield Plain("m", collision.CARPET_DOWN, ROSE, "mat")
    yield Plain("<", collision.STAIRCASE, STONE, "stairs_up")
    yield Plain(">", collision.STAIRCASE, STONE, "stairs_down")
    yield wall("S", STONE, "statue")
    yield wall("p", GRASS, "plant")
    yield Edged("c", collision.COUNTER, PATH, "table", drawn, "c")
    yield wall("X", STONE, "bars")
    yield Plain("i", collision.ICE, WATER, ("ice_a", "ice_b", "ice_b", "ice_a"))
    yield Plain("o", collision.FLOOR, PATH, "switch")
    yield wall(" ", TEXT, _VOID)

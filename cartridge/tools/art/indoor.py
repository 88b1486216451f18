"""The cells of rooms: homes, the lab, the healing house, the shop."""

from __future__ import annotations

from collections.abc import Iterable

from cartridge.tools.art import collision
from cartridge.tools.art.cells import Edged, Kind, Look, Plain, RoomWall, Stacked
from cartridge.tools.art.palettes import EARTH, GRASS, PATH, ROSE, STONE, TEXT, WATER

PICTURES = "indoor.txt"

PLANKS = 6
"""The palette that colours wooden floors indoors, where no healing house is in sight."""

_WALLS = "#wP "
_VOID = ("void", "void", "void", "void")


def kinds(drawn: frozenset[str]) -> Iterable[Kind]:
    """Every character of the indoor maps, given the names of the drawn tiles."""

    def wall(character: str, palette: int, picture: str | tuple[str, str, str, str]) -> Plain:
        return Plain(character, collision.WALL, palette, picture)

    yield Plain(".", collision.FLOOR, PLANKS, ("wood_a", "wood_b", "wood_b", "wood_a"))
    yield Plain(":", collision.FLOOR, PATH, ("slab", "slab", "slab", "slab"))
    yield RoomWall(
        "#",
        collision.WALL,
        PATH,
        _WALLS,
        face=("face_top", "face_top", "face_bottom", "face_bottom"),
        upper=("face_upper", "face_upper", "face_middle", "face_middle"),
        beyond=Look(_VOID, TEXT),
    )
    yield Plain("w", collision.WINDOW, PATH, "window")
    yield wall("P", PATH, "picture")
    yield Edged("c", collision.COUNTER, STONE, "table", drawn, "c")
    yield Edged("T", collision.WALL, EARTH, "table", drawn, "T")
    yield Plain("o", collision.FLOOR, EARTH, "stool")
    yield Stacked("b", collision.WALL, ROSE, "bed", "b")
    yield Plain("s", collision.BOOKSHELF, EARTH, "books")
    yield Plain("m", collision.CARPET_DOWN, ROSE, "mat")
    yield Plain("e", collision.CARPET_RIGHT, ROSE, "mat")
    yield Edged("r", collision.FLOOR, ROSE, "rug", drawn, "r")
    yield Plain("<", collision.STAIRCASE, EARTH, "stairs_up")
    yield Plain(">", collision.STAIRCASE, EARTH, "stairs_down")
    yield wall("p", GRASS, "plant")
    yield wall("h", GRASS, "healer")
    yield Plain("x", collision.COMPUTER, WATER, "computer")
    yield wall("l", WATER, "bench")
    yield Plain("t", collision.TELEVISION, WATER, "television")
    yield wall("k", STONE, "stove")
    yield Plain("M", collision.GOODS_SHELF, ROSE, "goods")
    yield wall(" ", TEXT, _VOID)

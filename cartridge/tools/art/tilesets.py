"""Tilesets: tiles for the console and cells for the maps, from pictures in text and kinds of cells.

A tileset has at most 96 tiles (ids 0x00-0x5F). Its cells are found by the author's characters and by private characters
for the looks that ``dress`` puts in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cartridge.tools.art import cave, indoor, outdoor, pixels, tower
from cartridge.tools.art.cells import Kind, Look

TILE_LIMIT = 0x60
FIRST_PRIVATE = 0xE000
"""The characters of looks that only ``dress`` writes start here, in Unicode's private use area."""


@dataclass(frozen=True)
class Cell:
    """One step of a map: tile ids (top left, top right, bottom left, bottom right), palette 0-7, collision byte."""

    tiles: tuple[int, int, int, int]
    palette: int
    collision: int


@dataclass(frozen=True)
class Tileset:
    """Tiles as the console stores them, and cells by character."""

    tiles: bytes
    cells: dict[str, Cell]
    kinds: dict[str, Kind]
    characters: dict[tuple[str, Look], str]

    def dress(self, rows: Sequence[str]) -> list[str]:
        """The rows with edges put in: each character exchanged for that of the look which fits its neighbours.

        Dress a map together with its border and neighbouring strips; beyond the rows the outermost steps go on. Raises
        KeyError for a character that the tileset lacks, ValueError for rows of unequal length.
        """
        width, height = len(rows[0]), len(rows)
        if any(len(row) != width for row in rows):
            raise ValueError(f"rows of unequal length: {sorted({len(row) for row in rows})}")

        def dressed(x: int, y: int) -> str:
            def around(right: int, down: int) -> str:
                return rows[min(max(y + down, 0), height - 1)][min(max(x + right, 0), width - 1)]

            kind = self.kinds[rows[y][x]]
            return self.characters[kind.character, kind.choose(around)]

        return ["".join(dressed(x, y) for x in range(width)) for y in range(height)]


_RECIPES: dict[str, tuple[str, Callable[[frozenset[str]], Iterable[Kind]]]] = {
    "outdoor": (outdoor.PICTURES, outdoor.kinds),
    "indoor": (indoor.PICTURES, indoor.kinds),
    "forest": (outdoor.PICTURES, outdoor.kinds),
    "cave": (cave.PICTURES, cave.kinds),
    "tower": (tower.PICTURES, tower.kinds),
}
NAMES = tuple(_RECIPES)


def build(name: str) -> Tileset:
    """The tileset of that name. Raises KeyError for a name not in NAMES, ValueError when the tiles do not fit."""
    picture_file, make_kinds = _RECIPES[name]
    drawn = _tiles_by_name(picture_file)
    kinds = {kind.character: kind for kind in make_kinds(frozenset(drawn))}
    numbers: dict[bytes, int] = {}
    cells: dict[str, Cell] = {}
    characters: dict[tuple[str, Look], str] = {}
    private = FIRST_PRIVATE
    for kind in kinds.values():
        for look in dict.fromkeys(kind.looks()):
            ids = tuple(numbers.setdefault(drawn[quarter], len(numbers)) for quarter in look.quarters)
            if kind.character in cells:
                character, private = chr(private), private + 1
            else:
                character = kind.character
            characters[kind.character, look] = character
            cells[character] = Cell((ids[0], ids[1], ids[2], ids[3]), look.palette, kind.collision)
    if len(numbers) > TILE_LIMIT:
        raise ValueError(f"tileset {name!r} has {len(numbers)} tiles; the console's room is for {TILE_LIMIT}")
    return Tileset(b"".join(numbers), cells, kinds, characters)


def _tiles_by_name(picture_file: str) -> dict[str, bytes]:
    """The encoded tiles of a file of pictures; one of 16x16 gives four, named _nw _ne _sw _se."""
    drawn: dict[str, bytes] = {}
    for picture, grid in pixels.read_pictures(picture_file).items():
        tiles = pixels.split(grid)
        if len(tiles) == 1:
            drawn[picture] = tiles[0]
        else:
            drawn.update(
                {f"{picture}_{corner}": tile for corner, tile in zip(("nw", "ne", "sw", "se"), tiles, strict=True)}
            )
    return drawn

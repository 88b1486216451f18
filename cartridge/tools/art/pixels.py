"""Pixels: grids of four shades, how they are written as text, and how the console stores them.

A grid is a list of rows, each a list of shades 0-3. As text a shade is one character: ``.`` 0 (lightest, transparent in
sprites), ``-`` 1, ``+`` 2, ``#`` 3 (ink). The console keeps 8x8 tiles of 16 bytes: for each row one byte of low bits,
one of high bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

Grid = list[list[int]]

SHADES = ".-+#"
TILE_SIZE = 8
GRAPHICS = Path(__file__).resolve().parents[2] / "data" / "graphics"


def blank(width: int, height: int, shade: int = 0) -> Grid:
    """A grid of one shade."""
    return [[shade] * width for _ in range(height)]


def parse(rows: Sequence[str]) -> Grid:
    """Read text rows as a grid. Raises ValueError for other characters or rows of unequal length."""
    width = len(rows[0]) if rows else 0
    for number, row in enumerate(rows, 1):
        strangers = set(row) - set(SHADES)
        if strangers or len(row) != width:
            raise ValueError(f"row {number} {row!r}: expected {width} characters of {SHADES!r}")
    return [[SHADES.index(character) for character in row] for row in rows]


def cut(grid: Grid, left: int, top: int, width: int, height: int) -> Grid:
    """A copy of a rectangle of a grid."""
    return [row[left : left + width] for row in grid[top : top + height]]


def overlay(below: Grid, above: Grid, left: int = 0, top: int = 0) -> Grid:
    """A copy of ``below`` with the pixels of ``above`` that are not shade 0 laid over it."""
    result = [row[:] for row in below]
    for y, row in enumerate(above, top):
        for x, shade in enumerate(row, left):
            if shade and 0 <= y < len(result) and 0 <= x < len(result[0]):
                result[y][x] = shade
    return result


def mirror(grid: Grid) -> Grid:
    """The grid seen in a mirror: left and right exchanged."""
    return [row[::-1] for row in grid]


def encode_tile(grid: Grid) -> bytes:
    """The 16 bytes of one 8x8 grid."""
    encoded = bytearray()
    for row in grid:
        low = high = 0
        for shade in row:
            low = low << 1 | shade & 1
            high = high << 1 | shade >> 1
        encoded += bytes((low, high))
    return bytes(encoded)


def split(grid: Grid) -> list[bytes]:
    """The encoded tiles of a grid, row by row from the top left. Width and height are multiples of 8."""
    return [
        encode_tile(cut(grid, left, top, TILE_SIZE, TILE_SIZE))
        for top in range(0, len(grid), TILE_SIZE)
        for left in range(0, len(grid[0]), TILE_SIZE)
    ]


def split_tall(grid: Grid) -> list[bytes]:
    """The encoded tiles of a sprite for 8x16 objects: column by column, each from the top."""
    return [
        encode_tile(cut(grid, left, top, TILE_SIZE, TILE_SIZE))
        for left in range(0, len(grid[0]), TILE_SIZE)
        for top in range(0, len(grid), TILE_SIZE)
    ]


def read_blocks(name: str) -> Iterator[tuple[list[str], list[str]]]:
    """The blocks of ``data/graphics/<name>``: (words of the heading, lines below it).

    A heading starts with ``:``; blank lines and lines starting with ``;`` are left out.
    """
    heading: list[str] | None = None
    body: list[str] = []
    for line in (GRAPHICS / name).read_text(encoding="ascii").splitlines():
        if line.startswith(";") or not line.strip():
            continue
        if line.startswith(":"):
            if heading is not None:
                yield heading, body
            heading, body = line[1:].split(), []
        elif heading is None:
            raise ValueError(f"{name}: a line before the first heading: {line!r}")
        else:
            body.append(line.rstrip())
    if heading is not None:
        yield heading, body


def read_pictures(name: str) -> dict[str, Grid]:
    """The pictures of a file by name.

    A heading names the pictures below it from left to right; a space parts their rows.
    """
    pictures: dict[str, Grid] = {}
    for names, lines in read_blocks(name):
        columns = [line.split() for line in lines]
        for number, picture in enumerate(names):
            if picture in pictures:
                raise ValueError(f"{name}: two pictures named {picture!r}")
            try:
                pictures[picture] = parse([column[number] for column in columns])
            except (IndexError, ValueError) as error:
                raise ValueError(f"{name}: picture {picture!r}: {error}") from error
    return pictures

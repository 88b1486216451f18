"""The title picture: FERNVALE in carved letters, framed by two fern fronds above rolling hills.

The letters' bodies are drawn in ``data/graphics/title.txt``; light, outline and shadow, the fronds and the hills are
drawn here on a canvas of 160x144 that is then cut into tiles. The right frond is the left one mirrored, and uses its
tiles flipped.
"""

from __future__ import annotations

from dataclasses import dataclass

from cartridge.tools.art import font, pixels

COLUMNS, ROWS = 20, 18
NAME = "FERNVALE"
TILE_LIMIT = 0x60
FLIP_X = 0x20
"""The attribute bit that mirrors a tile."""

LEAF, LETTER, MEADOW, TEXT = 0, 1, 3, 7
"""Palettes of the set ``title``: the fronds, the letters, the hills, the prompt."""

PROMPT, PROMPT_ROW = "PRESS START", 11

_LETTER_TOP, _LETTER_LEFT = 24, 16
_HORIZON = 14 * 8
_STEM_FOOT, _STEM_BEND, _STEM_TIP = (14, 122), (10, 74), (50, 60)
_STEM_STEPS = 144


@dataclass(frozen=True)
class TitlePicture:
    """A full screen: tiles for ids from 0x00 on, and 360 tile ids and attribute bytes, row by row.

    Ids from 0x80 on are letters of the font.
    """

    tiles: bytes
    tile_ids: bytes
    attributes: bytes


def canvas() -> pixels.Grid:
    """The picture as shades, 160x144."""
    grid = pixels.blank(COLUMNS * 8, ROWS * 8)
    _hills(grid)
    left = pixels.blank(COLUMNS * 8, ROWS * 8)
    _frond(left)
    grid = pixels.overlay(pixels.overlay(grid, left), pixels.mirror(left))
    _letters(grid)
    return grid


def _letters(grid: pixels.Grid) -> None:
    bodies = pixels.read_pictures("title.txt")
    for place, letter in enumerate(NAME):
        body, left = bodies[letter], _LETTER_LEFT + place * 16
        cells = {(x, y) for y, row in enumerate(body) for x, shade in enumerate(row) if shade}
        shadow = {(x + 1, y + 2) for x, y in cells} | {(x, y + 1) for x, y in cells}
        outline = {(x + right, y + down) for x, y in cells | shadow for right in (-1, 0, 1) for down in (-1, 0, 1)}
        for x, y in outline:
            grid[_LETTER_TOP + y][left + x] = 3
        for x, y in shadow - cells:
            grid[_LETTER_TOP + y][left + x] = 2
        for x, y in cells:
            deep = y > 13 or (y > 11 and (x + y) % 2 == 0)
            edge = (x, y - 1) not in cells
            grid[_LETTER_TOP + y][left + x] = 0 if edge else 2 if deep else 1


def _frond(grid: pixels.Grid) -> None:
    """A fern frond at the left: a bent stem with leaflets on both sides that shorten towards the curled tip."""
    for step in range(_STEM_STEPS + 1):
        x, y = _stem(step)
        if step % 18 == 8 and step < _STEM_STEPS - 8:
            reach = 5 + (_STEM_STEPS - step) * 12 // _STEM_STEPS
            _leaflet(grid, x, y, -1, reach)
            _leaflet(grid, x + 1, y, 1, reach)
    for step in range(_STEM_STEPS + 1):
        x, y = _stem(step)
        _dot(grid, x, y, 3)
        _dot(grid, x + 1, y, 3)


def _stem(step: int) -> tuple[int, int]:
    """A point of the stem, a quadratic curve from the foot through the bend to the tip."""
    rest, whole = _STEM_STEPS - step, _STEM_STEPS**2
    x, y = (
        (rest * rest * foot + 2 * rest * step * bend + step * step * tip) // whole
        for foot, bend, tip in zip(_STEM_FOOT, _STEM_BEND, _STEM_TIP, strict=True)
    )
    return x, y


def _leaflet(grid: pixels.Grid, foot_x: int, foot_y: int, side: int, reach: int) -> None:
    """A pointed leaflet, rising outwards: light above, dark below, ink along its lower edge."""
    for along in range(reach + 1):
        thick = along * (reach - along) * 10 // (reach * reach)
        x, middle = foot_x + side * along, foot_y - along * 2 // 5
        for y in range(middle - thick, middle + thick + 1):
            _dot(grid, x, y, 1 if y < middle else 2)
        _dot(grid, x, middle + thick + 1, 3)


def _dot(grid: pixels.Grid, x: int, y: int, shade: int) -> None:
    if 0 <= x < len(grid[0]) and 0 <= y < len(grid):
        grid[y][x] = shade


def _hills(grid: pixels.Grid) -> None:
    """Meadows before far hills; the picture is even about its middle, so that mirrored tiles serve twice."""
    width = len(grid[0])
    for x in range(width):
        across = min(x, width - 1 - x)
        far = _HORIZON + 1 + across * across // 640
        near = _HORIZON + 14 - across * (160 - across) // 800
        for y in range(far, len(grid)):
            grid[y][x] = 3 if y == far else 1
        for y in range(near, len(grid)):
            grid[y][x] = 3 if y == near else 2


def _palette(column: int, row: int) -> int:
    if 3 <= row <= 5 and 2 <= column <= 17:
        return LETTER
    if row * 8 >= _HORIZON:
        return MEADOW
    return LEAF


def tiles_and_map() -> TitlePicture:
    """The title picture cut into tiles, mirrored ones shared. Raises ValueError when they do not fit."""
    grid = canvas()
    numbers: dict[bytes, int] = {}
    flipped: dict[bytes, int] = {}
    tile_ids, attributes = bytearray(), bytearray()
    for row in range(ROWS):
        for column in range(COLUMNS):
            square = pixels.cut(grid, column * 8, row * 8, 8, 8)
            tile, mirrored = pixels.encode_tile(square), pixels.encode_tile(pixels.mirror(square))
            flip = 0
            if tile not in numbers and tile in flipped:
                number, flip = flipped[tile], FLIP_X
            else:
                number = numbers.setdefault(tile, len(numbers))
                flipped.setdefault(mirrored, number)
            tile_ids.append(number)
            attributes.append(_palette(column, row) | flip)
    blank = numbers[bytes(16)]
    for place, letter in enumerate(PROMPT, PROMPT_ROW * COLUMNS + (COLUMNS - len(PROMPT)) // 2):
        if tile_ids[place] != blank:
            raise ValueError(f"the title's {PROMPT!r} would cover the picture at tile {place}")
        if letter != " ":
            tile_ids[place], attributes[place] = font.CODES[letter], TEXT
    if len(numbers) > TILE_LIMIT:
        raise ValueError(f"the title picture has {len(numbers)} tiles; the console's room is for {TILE_LIMIT}")
    return TitlePicture(b"".join(numbers), bytes(tile_ids), bytes(attributes))

"""Sketches: pictures drawn from a few lines of shapes, shaded and outlined as an artist would on four shades.

A sketch is text, one shape a line, painted in order. Coordinates are pixels from the top left of a 40x40 picture,
decimals allowed; a pixel's centre lies at .5, and 20 is the middle.

    oval FILL x,y rx,ry            an ellipse
    blob FILL x,y x,y x,y ...      a closed soft curve pulled by the points
    poly FILL x,y x,y x,y ...      a closed shape with straight sides
    limb FILL x,y,r x,y,r ...      a rounded limb through points of given radius
    line FILL x,y x,y ...          a stroke one pixel wide
    stamp NAME x,y                 a small picture of ``data/graphics/stamps.txt``, top left at x,y

FILL is white, light, dark or ink; it gets an ink outline and a shadow at the lower right (dark gets a gleam at the
upper left). ``FILL!`` is flat, without either. ``oval*`` and so on draws the mirror image as well. A leading ``f`` is
for the front picture only, ``b`` for the back one.

The back picture is the same creature seen from behind and nearer: mirrored, larger, cut off at the bottom. Everything
is computed in integers (1/64 pixel), so that every machine draws the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from math import isqrt

from cartridge.tools.art import pixels

SIZE = 40
UNIT = 64
"""Fixed-point units a pixel."""

SEE_THROUGH = "_"
_FILLS = {"white": 0, "light": 1, "dark": 2, "ink": 3}
_CURVE_STEPS = 8
_LIMB_STEPS = 24

Point = tuple[int, ...]
Mask = set[tuple[int, int]]


@dataclass(frozen=True)
class View:
    """From where a sketch is seen: scaled about the middle of its bottom, moved down some pixels, mirrored."""

    mark: str
    numerator: int
    denominator: int
    down: int
    mirrored: bool

    def length(self, value: int) -> int:
        return value * self.numerator // self.denominator

    def place(self, x: int, y: int) -> tuple[int, int]:
        middle, bottom = SIZE * UNIT // 2, SIZE * UNIT
        moved_x, moved_y = self.length(x - middle), self.length(y - bottom)
        return (middle - moved_x if self.mirrored else middle + moved_x), bottom + moved_y + self.down * UNIT


FRONT = View("f", 1, 1, 0, False)
BACK = View("b", 5, 4, 6, True)


def draw(lines: Sequence[str], view: View, stamps: dict[str, list[str]]) -> pixels.Grid:
    """The 40x40 grid of a sketch. Raises ValueError naming the line that is not understood."""
    grid = pixels.blank(SIZE, SIZE)
    for line in lines:
        words = line.split()
        if words[0] in ("f", "b"):
            if words[0] != view.mark:
                continue
            words = words[1:]
        kind, mirrored = words[0].removesuffix("*"), words[0].endswith("*")
        try:
            if kind == "stamp":
                _stamp(grid, stamps[words[1]], _point(words[2]), view, mirrored)
            else:
                for mask in _masks(kind, [_point(word) for word in words[2:]], view, mirrored):
                    _paint(grid, mask, words[1])
        except (ArithmeticError, LookupError, ValueError) as error:
            raise ValueError(f"sketch line {line!r}: {error}") from error
    return grid


def _point(word: str) -> Point:
    return tuple(int(Decimal(number) * UNIT) for number in word.split(","))


def _masks(kind: str, points: list[Point], view: View, mirrored: bool) -> list[Mask]:
    sides = [points]
    if mirrored:
        first = 1 if kind == "oval" else len(points)
        sides.append([(SIZE * UNIT - x, *rest) if i < first else (x, *rest) for i, (x, *rest) in enumerate(points)])
    return [_mask(kind, side, view) for side in sides]


def _mask(kind: str, points: list[Point], view: View) -> Mask:
    places = [view.place(point[0], point[1]) for point in points]
    match kind:
        case "oval":
            return _oval(places[0], view.length(points[1][0]), view.length(points[1][1]))
        case "blob":
            return _inside(_soften(places))
        case "poly":
            return _inside(places)
        case "limb":
            return _limb(places, [view.length(point[2]) for point in points])
        case "line":
            return {(x // UNIT, y // UNIT) for x, y in _along(places, SIZE)}
    raise ValueError(f"unknown shape {kind!r}")


def _oval(centre: tuple[int, int], radius_x: int, radius_y: int) -> Mask:
    square_x, square_y = radius_x * radius_x, radius_y * radius_y
    return {
        (x, y)
        for y in range(SIZE)
        for x in range(SIZE)
        if (x * UNIT + UNIT // 2 - centre[0]) ** 2 * square_y + (y * UNIT + UNIT // 2 - centre[1]) ** 2 * square_x
        <= square_x * square_y
    }


def _soften(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """A closed quadratic B-spline: curves between the middles of the sides, pulled by the corners."""
    curve: list[tuple[int, int]] = []
    for before, corner, after in zip([points[-1], *points[:-1]], points, [*points[1:], points[0]], strict=True):
        start = tuple((a + b) // 2 for a, b in zip(before, corner, strict=True))
        end = tuple((a + b) // 2 for a, b in zip(corner, after, strict=True))
        for step in range(_CURVE_STEPS):
            rest = _CURVE_STEPS - step
            x, y = (
                (rest * rest * s + 2 * step * rest * c + step * step * e) // _CURVE_STEPS**2
                for s, c, e in zip(start, corner, end, strict=True)
            )
            curve.append((x, y))
    return curve


def _inside(corners: list[tuple[int, int]]) -> Mask:
    """The pixels whose centre lies within a polygon (even-odd rule)."""
    mask: Mask = set()
    sides = list(zip(corners, [*corners[1:], corners[0]], strict=True))
    for row in range(SIZE):
        y = row * UNIT + UNIT // 2
        crossings = sorted(
            x1 + (y - y1) * (x2 - x1) // (y2 - y1) for (x1, y1), (x2, y2) in sides if (y1 <= y) != (y2 <= y)
        )
        for left, right in zip(crossings[::2], crossings[1::2], strict=True):
            mask.update((x, row) for x in range(SIZE) if left <= x * UNIT + UNIT // 2 < right)
    return mask


def _along(places: list[tuple[int, int]], steps: int) -> list[tuple[int, int]]:
    """Points along a chain of straight pieces, both ends included."""
    return [
        (x1 + (x2 - x1) * step // steps, y1 + (y2 - y1) * step // steps)
        for (x1, y1), (x2, y2) in pairwise(places)
        for step in range(steps + 1)
    ]


def _limb(places: list[tuple[int, int]], radii: list[int]) -> Mask:
    centres = _along(places, _LIMB_STEPS)
    widths = [width for width, _ in _along([(radius, 0) for radius in radii], _LIMB_STEPS)]
    mask: Mask = set()
    for (centre_x, centre_y), radius in zip(centres, widths, strict=True):
        for row in range(max(0, (centre_y - radius) // UNIT), min(SIZE, (centre_y + radius) // UNIT + 1)):
            off = row * UNIT + UNIT // 2 - centre_y
            if abs(off) <= radius:
                half = isqrt(radius * radius - off * off)
                first, last = (centre_x - half + UNIT // 2 - 1) // UNIT, (centre_x + half - UNIT // 2) // UNIT
                mask.update((x, row) for x in range(first, last + 1))
    return mask


def _paint(grid: pixels.Grid, mask: Mask, fill: str) -> None:
    """Lay a shape on the grid: its fill, a shadow or gleam, an outline."""
    shade = _FILLS[fill.removesuffix("!")]
    flat = fill.endswith("!") or shade == 3
    for x, y in mask:
        if not (0 <= x < SIZE and 0 <= y < SIZE):
            continue
        if flat:
            grid[y][x] = shade
        elif any(neighbour not in mask for neighbour in ((x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1))):
            grid[y][x] = 3
        elif shade == 2:
            gleams = (x - 2, y - 3) not in mask and (x + 3, y + 2) in mask
            grid[y][x] = 1 if gleams else 2
        else:
            shaded = (x + 2, y + 3) not in mask or ((x + 3, y + 4) not in mask and (x + y) % 2 == 0)
            grid[y][x] = shade + 1 if shaded else shade


def _stamp(grid: pixels.Grid, rows: list[str], at: Point, view: View, mirrored: bool) -> None:
    """Lay a small picture on the grid, and with ``mirrored`` its mirror image on the other side."""
    left, top = view.place(at[0], at[1])
    places = [(left // UNIT, False)]
    if mirrored:
        places.append((SIZE - left // UNIT - len(rows[0]), True))
    for start, flipped in places:
        for y, row in enumerate(rows, top // UNIT):
            for x, character in enumerate(row[::-1] if flipped else row, start):
                if character != SEE_THROUGH and 0 <= x < SIZE and 0 <= y < SIZE:
                    grid[y][x] = pixels.SHADES.index(character)

"""The creatures' pictures: front and back, 40x40 pixels, drawn from the sketches in ``data/graphics/creatures``.

``creatures.txt`` lists them in the order of their species numbers; ``creatures/<name>.txt`` has a colour line and a
sketch each.
"""

from __future__ import annotations

from functools import cache

from cartridge.tools.art import palettes, pixels, sketch
from cartridge.tools.art.palettes import Palette


def _listed() -> tuple[str, ...]:
    lines = (pixels.GRAPHICS / "creatures.txt").read_text(encoding="ascii").splitlines()
    return tuple(line.split()[0] for line in lines if line.strip() and not line.startswith("#"))


NAMES: tuple[str, ...] = _listed()
"""All creatures, in the order of their species numbers (the first is 1)."""


@cache
def _stamps() -> dict[str, list[str]]:
    return {heading[0]: body for heading, body in pixels.read_blocks("stamps.txt")}


def _source(name: str) -> tuple[list[str], list[str]]:
    """The words of the colour line and the lines of the sketch. Raises KeyError for a name not in NAMES."""
    if name not in NAMES:
        raise KeyError(f"no creature {name!r}; known: {', '.join(NAMES)}")
    ((heading, lines),) = pixels.read_blocks(f"creatures/{name.lower()}.txt")
    return heading, lines


def picture(name: str, view: sketch.View) -> pixels.Grid:
    """The 40x40 grid of a creature, seen as ``sketch.FRONT`` or ``sketch.BACK``."""
    return sketch.draw(_source(name)[1], view, _stamps())


def front(name: str) -> bytes:
    """25 tiles, rows of five: the creature as its opponent sees it."""
    return b"".join(pixels.split(picture(name, sketch.FRONT)))


def back(name: str) -> bytes:
    """25 tiles, rows of five: the creature as its own trainer sees it."""
    return b"".join(pixels.split(picture(name, sketch.BACK)))


def palette(name: str) -> Palette:
    """Paper, light, dark and ink as RGB555, from the colour line ``: light dark ink`` of the creature's file."""
    light, dark, ink = (int(word, 16) for word in _source(name)[0])
    return palettes.palette(palettes.PAPER, light, dark, ink)

"""Kinds of cells: how a step of 16x16 pixels looks, given the steps around it.

An author draws one character a step; shores, path edges, roof ends and the like follow from the neighbours. A kind
knows all the looks that its character can take (so that tile numbers are fixed before any map is read) and picks one
for a place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Protocol

_HIGHEST_WALL = 4
"""Steps between a wall and its roof at most."""

Around = Callable[[int, int], str]
"""The author's character so many steps to the right and down of the step in question."""


@dataclass(frozen=True)
class Look:
    """Four tiles by name (top left, top right, bottom left, bottom right) and the palette they share."""

    quarters: tuple[str, str, str, str]
    palette: int


class Kind(Protocol):
    """One character of the maps. The first of its looks is the one that it has when nobody dresses the map."""

    @property
    def character(self) -> str: ...
    @property
    def collision(self) -> int: ...
    def looks(self) -> Iterable[Look]: ...
    def choose(self, around: Around) -> Look: ...


def quarters(picture: str) -> tuple[str, str, str, str]:
    """The names of the four tiles of a 16x16 picture."""
    return f"{picture}_nw", f"{picture}_ne", f"{picture}_sw", f"{picture}_se"


@dataclass(frozen=True)
class Plain:
    """A cell that always looks the same: a 16x16 picture, or four tiles named one by one."""

    character: str
    collision: int
    palette: int
    picture: str | tuple[str, str, str, str]

    def look(self) -> Look:
        return Look(quarters(self.picture) if isinstance(self.picture, str) else self.picture, self.palette)

    def looks(self) -> Iterable[Look]:
        return (self.look(),)

    def choose(self, around: Around) -> Look:
        return self.look()


@dataclass(frozen=True)
class Edged:
    """An area of one thing with an edge where it ends: water, path, roof, rug.

    ``drawn`` are the tiles that exist: the bare name for the middle, ``_n``, ``_nw`` and so on for edges. A corner that
    is not drawn takes its vertical edge, else its horizontal one. ``middle`` may name four tiles for a step without any
    edge.
    """

    character: str
    collision: int
    palette: int
    name: str
    drawn: frozenset[str]
    joins: str
    middle: tuple[str, str, str, str] | None = None

    def _quarter(self, vertical: str, horizontal: str) -> str:
        for ending in (vertical + horizontal, horizontal, vertical):
            if ending and f"{self.name}_{ending}" in self.drawn:
                return f"{self.name}_{ending}"
        return self.name

    def _with_edges(self, north: bool, east: bool, south: bool, west: bool) -> Look:
        if self.middle and not (north or east or south or west):
            return Look(self.middle, self.palette)
        top, right, bottom, left = "n" * north, "e" * east, "s" * south, "w" * west
        pairs = ((top, left), (top, right), (bottom, left), (bottom, right))
        first, second, third, fourth = (self._quarter(vertical, horizontal) for vertical, horizontal in pairs)
        return Look((first, second, third, fourth), self.palette)

    def looks(self) -> Iterable[Look]:
        return (self._with_edges(*edges) for edges in product((False, True), repeat=4))

    def choose(self, around: Around) -> Look:
        def ends(right: int, down: int) -> bool:
            return around(right, down) not in self.joins

        return self._with_edges(ends(0, -1), ends(1, 0), ends(0, 1), ends(-1, 0))


@dataclass(frozen=True)
class Roofed:
    """A wall that takes its colours from the roof above it: another kind, seen in several palettes."""

    kind: Plain | Edged
    palette_of_roof: Mapping[str, int]
    walls: str
    """The characters that a wall may consist of between this step and its roof."""

    @property
    def character(self) -> str:
        return self.kind.character

    @property
    def collision(self) -> int:
        return self.kind.collision

    def looks(self) -> Iterable[Look]:
        for palette in dict.fromkeys((self.kind.palette, *self.palette_of_roof.values())):
            for look in self.kind.looks():
                yield Look(look.quarters, palette)

    def choose(self, around: Around) -> Look:
        up = 1
        while around(0, -up) in self.walls and up < _HIGHEST_WALL:
            up += 1
        palette = self.palette_of_roof.get(around(0, -up), self.kind.palette)
        return Look(self.kind.choose(around).quarters, palette)


@dataclass(frozen=True)
class Turned:
    """A cell with two looks: the second where a partner lies at one of the ``places`` (right, down), else the first."""

    first: Plain
    second: Plain
    places: tuple[tuple[int, int], ...]
    partners: str

    @property
    def character(self) -> str:
        return self.first.character

    @property
    def collision(self) -> int:
        return self.first.collision

    def looks(self) -> Iterable[Look]:
        return self.first.look(), self.second.look()

    def choose(self, around: Around) -> Look:
        turned = any(around(right, down) in self.partners for right, down in self.places)
        return self.second.look() if turned else self.first.look()


@dataclass(frozen=True)
class Stacked:
    """A thing that runs on into its like above and below: trees of a wood, the two halves of a bed.

    The two upper tiles end in ``_joined`` when a partner lies above, the two lower ones when a partner lies below.
    """

    character: str
    collision: int
    palette: int
    name: str
    joins: str

    def _joined(self, above: bool, below: bool) -> Look:
        top, bottom = "_joined" * above, "_joined" * below
        name = self.name
        return Look((f"{name}_nw{top}", f"{name}_ne{top}", f"{name}_sw{bottom}", f"{name}_se{bottom}"), self.palette)

    def looks(self) -> Iterable[Look]:
        return (self._joined(above, below) for above, below in product((False, True), repeat=2))

    def choose(self, around: Around) -> Look:
        return self._joined(around(0, -1) in self.joins, around(0, 1) in self.joins)


@dataclass(frozen=True)
class Strip:
    """A thing in the lower half of a step that runs from left to right and has two ends: a ledge."""

    character: str
    collision: int
    palette: int
    name: str
    above: str
    """The tile of the upper half."""

    def _ending(self, left_end: bool, right_end: bool) -> Look:
        left, right = self.name + "_w" * left_end, self.name + "_e" * right_end
        return Look((self.above, self.above, left, right), self.palette)

    def looks(self) -> Iterable[Look]:
        return (self._ending(left, right) for left, right in product((False, True), repeat=2))

    def choose(self, around: Around) -> Look:
        return self._ending(around(-1, 0) != self.character, around(1, 0) != self.character)


@dataclass(frozen=True)
class RoomWall:
    """The wall of a room: a face where floor lies below it, an upper face above that, and black beyond."""

    character: str
    collision: int
    palette: int
    walls: str
    """The characters that do not count as floor."""
    face: tuple[str, str, str, str]
    upper: tuple[str, str, str, str]
    beyond: Look

    def looks(self) -> Iterable[Look]:
        return Look(self.face, self.palette), Look(self.upper, self.palette), self.beyond

    def choose(self, around: Around) -> Look:
        if around(0, 1) not in self.walls:
            return Look(self.face, self.palette)
        return Look(self.upper, self.palette) if around(0, 2) not in self.walls else self.beyond

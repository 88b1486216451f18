"""A map's picture in steps as it is drawn: with what is around it, and as it looks with a change."""

from __future__ import annotations

from dataclasses import replace

from cartridge.tools.maps import BORDER_STEPS, Change, Map


def changed(found: Map, change: Change) -> Map:
    """The map as it looks with one change."""
    rows = [*found.rows]
    for i, row in enumerate(change.rows):
        old = rows[change.y + i]
        rows[change.y + i] = old[: change.x] + row + old[change.x + 2 :]
    return replace(found, rows=rows)


def surrounded(maps: dict[str, Map], found: Map) -> list[str]:
    """The picture with its border of six steps; a neighbour's picture shows where it lies inside the border."""

    def cell(x: int, y: int) -> str:
        if 0 <= x < found.width and 0 <= y < found.height:
            return found.at(x, y)
        for direction, (name, offset) in found.connections.items():
            other = maps[name]
            there = {
                "south": (x - offset, y - found.height),
                "north": (x - offset, y + other.height),
                "west": (x + other.width, y - offset),
                "east": (x - found.width, y - offset),
            }[direction]
            if 0 <= there[0] < other.width and 0 <= there[1] < other.height:
                return other.at(*there)
        return found.border

    across = range(-BORDER_STEPS, found.width + BORDER_STEPS)
    return ["".join(cell(x, y) for x in across) for y in range(-BORDER_STEPS, found.height + BORDER_STEPS)]

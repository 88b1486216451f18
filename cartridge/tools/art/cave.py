"""The cells of caves."""

from __future__ import annotations

from collections.abc import Iterable

from cartridge.tools.art import collision
from cartridge.tools.art.cells import Edged, Kind, Plain, Strip
from cartridge.tools.art.palettes import GRASS, PATH, STONE, TEXT, WATER

PICTURES = "cave.txt"
GROUND = GRASS
"""The palette that is grass outdoors colours the ground of a cave."""


def kinds(drawn: frozenset[str]) -> Iterable[Kind]:
    """Every character of the caves' maps, given the names of the drawn tiles."""
    yield Plain(".", collision.FLOOR, GROUND, ("ground_a", "ground_b", "ground_b", "ground_a"))
    yield Plain("g", collision.ROUGH_GROUND, GROUND, ("rough_a", "rough_b", "rough_b", "rough_a"))
    yield Edged("#", collision.WALL, STONE, "wall", drawn, "# E")
    yield Plain("O", collision.WALL, GROUND, "rock")
    yield Strip("v", collision.HOP_DOWN, GROUND, "ledge", above="ground_b")
    yield Plain(">", collision.HOP_RIGHT, GROUND, ("ground_b", "ledge_right", "ground_b", "ledge_right"))
    yield Plain("<", collision.HOP_LEFT, GROUND, ("ledge_left", "ground_b", "ledge_left", "ground_b"))
    yield Edged("~", collision.WATER, WATER, "water", drawn, "~")
    yield Plain("H", collision.PIT, GROUND, "hole")
    yield Plain("/", collision.LADDER, PATH, "ladder")
    yield Plain("E", collision.CAVE_MOUTH, GROUND, "exit")
    yield Plain("m", collision.CARPET_DOWN, GROUND, "exit")
    yield Plain("i", collision.ICE, WATER, ("ice_a", "ice_b", "ice_b", "ice_a"))
    yield Plain("]", collision.WALL_RIGHT, GROUND, ("ground_b", "rim_right", "ground_b", "rim_right"))
    yield Plain("[", collision.WALL_LEFT, GROUND, ("rim_left", "ground_b", "rim_left", "ground_b"))
    yield Plain("^", collision.WALL_UP, GROUND, ("rim_up", "rim_up", "ground_b", "ground_a"))
    yield Plain("_", collision.WALL_DOWN, GROUND, ("ground_a", "ground_b", "rim_down", "rim_down"))
    yield Plain(" ", collision.WALL, TEXT, ("void", "void", "void", "void"))

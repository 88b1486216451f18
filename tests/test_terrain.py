"""What each of the 256 collision bytes allows, in one picture: the tables of `core/game/terrain.py` at a glance."""

from __future__ import annotations

from core.game.terrain import (
    COUNTERS,
    CUT_TREES,
    GROUND,
    HOP_BITS,
    ICE,
    IMMEDIATE_WARPS,
    OUTSIDE,
    SIDE_WALL_BITS,
    TALL_GRASS,
    WARP_CARPETS,
    Ground,
)

PICTURE = """
.......#.......#
..#..#....#..#..
~~~.~~~#~~~.~~~#
~~~~~~~~~~~~~~~~
................
................
..#.......#.....
................
################
################
................
................
~~~~~~~~~~~~~~~~
................
................
...............#
"""
"""Row by row as the byte's first digit: land, water, wall."""


def test_each_byte_is_land_water_or_wall() -> None:
    signs = {Ground.LAND: ".", Ground.WATER: "~", Ground.WALL: "#"}
    rows = ["".join(signs[Ground(GROUND[row * 16 + column])] for column in range(16)) for row in range(16)]
    assert "\n".join(rows) == PICTURE.strip()
    assert GROUND[OUTSIDE] == Ground.WALL


def test_every_table_has_a_place_for_each_byte_and_no_more() -> None:
    assert len(GROUND) == len(HOP_BITS) == len(SIDE_WALL_BITS) == 256
    assert {byte for byte in range(256) if HOP_BITS[byte]} == set(range(0xA0, 0xA8))
    assert {byte for byte in range(256) if SIDE_WALL_BITS[byte]} == {*range(0xB0, 0xC0), *range(0xC0, 0xD0)}


def test_special_cells_stand_on_the_ground_that_they_need() -> None:
    assert {0x90, 0x98} == COUNTERS and all(GROUND[byte] == Ground.WALL for byte in COUNTERS)
    assert {0x12, 0x1A} == CUT_TREES and all(GROUND[byte] == Ground.WALL for byte in CUT_TREES)
    assert {0x08, 0x14, 0x18, 0x48, 0x49, 0x4A, 0x4B, 0x4C} == TALL_GRASS
    assert {0x23, 0x2B} == ICE
    assert all(GROUND[byte] == Ground.LAND for byte in (*TALL_GRASS, *ICE))
    carpets = set(WARP_CARPETS)
    assert carpets == {0x70, 0x76, 0x78, 0x7E} and not carpets & IMMEDIATE_WARPS
    assert {0x60, 0x68, *range(0x70, 0x80)} - carpets == IMMEDIATE_WARPS

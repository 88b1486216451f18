"""The walk through tall grass: it goes in circles instead of back and forth, and moves to where it has room."""

from __future__ import annotations

import numpy as np

from core.game import terrain
from core.game.terrain import OFFSET
from core.navigation.map_ground import MapGround
from core.rules.field.hunting_walk import BROAD_CELLS, HuntingWalk, Wild
from core.vocabulary import Button

GRASS = min(terrain.TALL_GRASS)
FLOOR = next(byte for byte in range(256) if terrain.GROUND[byte] == terrain.Ground.LAND and byte != GRASS)


def wild_of(*rows: str, everywhere: bool = False) -> Wild:
    """Grass where there is a `g`, else bare floor."""
    cells = [[GRASS if letter == "g" else FLOOR for letter in row] for row in rows]
    return Wild(MapGround(np.array(cells, dtype=np.uint8)), everywhere)


def tour(wild: Wild, walk: HuntingWalk, presses: int) -> list[tuple[tuple[int, int], Button]]:
    """Places and ways of looking, from (0, 0) looking right on; a press that only turns moves nobody."""
    here, facing = (0, 0), Button.RIGHT
    seen = [(here, facing)]
    for step in range(presses):
        button = walk.next(wild, here, facing, step)
        assert button is not None
        if button == facing:
            here = (here[0] + OFFSET[button][0], here[1] + OFFSET[button][1])
        assert wild.has(here)
        facing = button
        seen.append((here, facing))
    return seen


def test_a_broad_patch_is_toured_without_coming_back_to_the_same_state() -> None:
    seen = tour(wild_of("gggg", "gggg", "gggg"), HuntingWalk(), 26)
    assert len(set(seen)) == len(seen)


def test_two_cells_are_paced_for_want_of_more() -> None:
    seen = tour(wild_of("gg"), HuntingWalk(), 12)
    assert {cell for cell, _ in seen} == {(0, 0), (1, 0)}


def test_after_a_fight_no_place_counts_as_walked() -> None:
    wild, walk = wild_of("ggg", "ggg"), HuntingWalk()
    assert walk.next(wild, (0, 0), Button.RIGHT, 0) is Button.RIGHT
    assert walk.next(wild, (1, 0), Button.RIGHT, 1) is Button.RIGHT
    assert walk.next(wild, (0, 0), Button.RIGHT, 2) is Button.DOWN, "to the right one has been"
    walk.fought()
    assert walk.next(wild, (0, 0), Button.RIGHT, 3) is Button.RIGHT


def test_one_leaves_a_small_patch_for_a_broad_one() -> None:
    wild = wild_of("gg....gggg", "......gggg", "......gggg")
    walk = HuntingWalk()
    assert walk.next(wild, (0, 0), Button.RIGHT, 0) is None
    goals = walk.goals(wild, (0, 0))
    assert len(goals) == BROAD_CELLS and all(goal.x >= 6 for goal in goals)
    walk.settle(wild)
    assert walk.next(wild, (0, 0), Button.RIGHT, 1) is Button.RIGHT, "the broad one is out of reach"


def test_where_all_patches_are_small_the_largest_will_do_and_caves_are_wild_everywhere() -> None:
    walk = HuntingWalk()
    small = wild_of("gg...ggg")
    assert walk.next(small, (0, 0), Button.RIGHT, 0) is None
    assert {goal.x for goal in walk.goals(small, (0, 0))} == {5, 6, 7}
    assert HuntingWalk().next(wild_of("....", "....", everywhere=True), (0, 0), Button.RIGHT, 0) is Button.RIGHT

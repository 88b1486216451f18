"""Who runs away when spoken to is spoken to from the side that drives it on: Crystal's Farfetch'd on drawn ground.

Which places it has and where it runs to is data; the lamb of Fernvale is chased live in
`tests/cartridge/test_outer_isles.py`.
"""

from __future__ import annotations

import pytest

from core.game.facts import Chase
from core.navigation.map_ground import MapGround
from core.rules import RulePlayer
from core.rules.field.approach import Approach, ranked_sides
from core.vocabulary import Button, Option, OptionKind, Position
from tests.crystal_ground import crystal_map, crystal_on
from tests.crystal_rows import crystal

FOREST = "ILEX_FOREST"
GLADE = "\n".join(["....."] * 5)


def farfetchd() -> Chase:
    place = crystal().game.maps[crystal_map(crystal().game, FOREST)]
    chase = place.objects[0].chase
    assert chase is not None
    return chase


@pytest.mark.parametrize(
    ("place", "best"),
    [
        (0, {Button.UP, Button.DOWN, Button.LEFT, Button.RIGHT}),
        (1, {Button.UP, Button.DOWN, Button.LEFT, Button.RIGHT}),
        (2, {Button.DOWN}),
        (8, {Button.DOWN}),
        (9, {Button.UP, Button.LEFT}),
    ],
)
def test_the_best_side_is_the_one_after_which_fewest_talks_are_left(place: int, best: set[Button]) -> None:
    assert set(ranked_sides(farfetchd(), place)[0]) == best


def test_a_chase_from_the_best_sides_comes_to_its_end_in_four_talks() -> None:
    chase, place, talks = farfetchd(), 1, 0
    while place != chase.last:
        side = min(ranked_sides(chase, place)[0])
        place = next(after for before, facing, after in chase.moves if (before, facing) == (place, side))
        talks += 1
    assert talks == 4
    assert ranked_sides(chase, chase.last) == ()


def test_one_stands_on_the_side_that_drives_it_on() -> None:
    state = crystal_on(GLADE, (0, 4), {"wFarfetchdPosition": b"\x02"}, map_key=FOREST, things={1: (2, 2)})
    ground = MapGround(state.collision.cells)
    goals = Approach(state.game).goals(state, ground, 1, (2, 2))
    assert [(goal.x, goal.y, goal.then) for goal in goals] == [(2, 1, Button.DOWN)]


def test_where_the_best_side_is_out_of_reach_the_next_best_does() -> None:
    walled = ".....\n.###.\n.....\n.....\n....."
    state = crystal_on(walled, (0, 4), {"wFarfetchdPosition": b"\x02"}, map_key=FOREST, things={1: (2, 2)})
    ground = MapGround(state.collision.cells)
    goals = Approach(state.game).goals(state, ground, 1, (2, 2))
    assert {goal.then for goal in goals} == {Button.UP, Button.LEFT, Button.RIGHT}


def test_the_rules_walk_round_it() -> None:
    """From below, at its second place: the way leads past it to the cell above."""
    place = crystal_map(crystal().game, FOREST)
    rows = {"wFarfetchdPosition": b"\x02", "wPlayerDirection": b"\x04"}
    state = crystal_on(GLADE, (2, 3), rows, map_key=FOREST, things={1: (2, 2)})
    option = Option(OptionKind.TALK, "Talk to the Farfetch'd", "talk", Position(place, 2, 2), 1)
    pressed = RulePlayer(state.game, seed=0).act(state, option).button
    assert pressed in (Button.LEFT, Button.RIGHT), "A would drive it back"
    there = crystal_on(GLADE, (2, 1), rows | {"wPlayerDirection": b"\x00"}, map_key=FOREST, things={1: (2, 2)})
    assert RulePlayer(state.game, seed=0).act(there, option).button is Button.A


def test_a_card_reader_is_used_from_below() -> None:
    """The shutter of the Radio Tower has a slot that Crystal reads while one looks up."""
    state = crystal_on("\n".join(["." * 18] * 8), (0, 4), map_key="RADIO_TOWER_3F")
    slot = next(sign for sign in state.game.maps[state.map_id].signs if sign.kind == "up")
    ground = MapGround(state.collision.cells)
    goals = Approach(state.game).goals(state, ground, None, (slot.x, slot.y))
    assert [(goal.x, goal.y, goal.then) for goal in goals] == [(slot.x, slot.y + 1, Button.UP)]

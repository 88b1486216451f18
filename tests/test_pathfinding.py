"""A* against a plain breadth-first oracle, and each rule of walking on a small drawn map."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.game.terrain import OFFSET
from core.navigation.map_ground import (
    GROUNDS_KEPT,
    MOUNT_COST,
    MapGround,
    cells_before,
    steps_to,
    walking_distances,
)
from core.navigation.pathfinding import Blocked, BlockReason, Goal, Path, find_path, talk_goals, warp_goals
from core.vocabulary import DIRECTION_BUTTONS, Button

BYTES = {".": 0x00, "#": 0x07, '"': 0x18, "~": 0x29, "v": 0xA3, ">": 0xA0, "D": 0x71, "_": 0x70, "C": 0x90, "T": 0x12}
BYTES |= {"i": 0x23, "]": 0xB0, "@": 0x24, "W": 0x33, "(": 0x39}


def drawn(picture: str) -> NDArray[np.uint8]:
    return np.array([[BYTES[c] for c in row] for row in picture.split()], dtype=np.uint8)


def walked(path: Path | Blocked) -> str:
    """The presses as letters, for comparison by eye."""
    assert isinstance(path, Path), path
    return "".join(step.button.name[0] for step in path.steps)


def blocked(path: Path | Blocked) -> Blocked:
    assert isinstance(path, Blocked), path
    return path


def test_a_turn_is_a_press_of_its_own() -> None:
    ground = MapGround(drawn("... ... ..."))
    assert walked(find_path(ground, (0, 0), Button.RIGHT, [Goal(2, 0)])) == "RR"
    assert walked(find_path(ground, (0, 0), Button.DOWN, [Goal(2, 0)])) == "RRR"
    path = find_path(ground, (0, 0), Button.DOWN, [Goal(2, 2)])
    assert walked(path) == "DDRRR"
    assert isinstance(path, Path) and path.cost == 5


def test_already_there_needs_no_press_but_facing_may() -> None:
    ground = MapGround(drawn(".."))
    assert walked(find_path(ground, (0, 0), Button.UP, [Goal(0, 0)])) == ""
    assert walked(find_path(ground, (0, 0), Button.UP, [Goal(0, 0, then=Button.RIGHT)])) == "R"


def test_ledge_is_one_way_and_two_steps() -> None:
    ground = MapGround(drawn(". v # ."))
    down = find_path(ground, (0, 0), Button.DOWN, [Goal(0, 3)])
    assert isinstance(down, Path)
    assert [(step.x, step.y) for step in down.steps] == [(0, 1), (0, 3)]
    assert blocked(find_path(ground, (0, 3), Button.UP, [Goal(0, 0)])).reason == BlockReason.CUT_OFF


def test_people_stand_in_the_way_and_the_reason_names_them() -> None:
    ground = MapGround(drawn("###.# ....."), people=frozenset({(2, 1)}))
    answer = blocked(find_path(ground, (0, 1), Button.RIGHT, [Goal(4, 1)]))
    assert answer.reason == BlockReason.PERSON_IN_THE_WAY
    assert answer.cells == ((2, 1),)


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        *((".~~.", "needs_surf"), (".T.", "needs_cut"), (".#.", "cut_off"), (".]..", "cut_off")),
        *((".~@.", "needs_whirlpool"), (".~(~.", "cut_off")),
    ],
)
def test_reason_of_a_blocked_way(picture: str, reason: str) -> None:
    ground = MapGround(drawn(picture))
    assert blocked(find_path(ground, (0, 0), Button.RIGHT, [Goal(len(picture) - 1, 0)])).reason == reason


def test_goal_off_the_map() -> None:
    answer = blocked(find_path(MapGround(drawn("..")), (0, 0), Button.UP, [Goal(9, 9)]))
    assert answer.reason == BlockReason.NO_SUCH_CELL


def test_surf_and_cut_open_their_ways() -> None:
    assert walked(find_path(MapGround(drawn(".~~."), can_surf=True), (0, 0), Button.RIGHT, [Goal(3, 0)])) == "RRR"
    assert walked(find_path(MapGround(drawn(".T."), can_cut=True), (0, 0), Button.RIGHT, [Goal(2, 0)])) == "RR"


def test_a_whirlpool_is_ridden_over_by_who_can_smooth_it_and_costs_a_question() -> None:
    cells = drawn("~@~")
    assert blocked(find_path(MapGround(cells, can_surf=True), (0, 0), Button.RIGHT, [Goal(2, 0)])).cells == ((1, 0),)
    assert isinstance(find_path(MapGround(cells, can_whirlpool=True), (0, 0), Button.RIGHT, [Goal(2, 0)]), Blocked)
    path = find_path(MapGround(cells, can_surf=True, can_whirlpool=True), (0, 0), Button.RIGHT, [Goal(2, 0)])
    assert walked(path) == "RR" and isinstance(path, Path) and path.cost == 2 + MOUNT_COST


def test_a_waterfall_carries_down_everybody_and_up_who_can_climb() -> None:
    cells = drawn("~~ WW WW ~~")
    riding = MapGround(cells, can_surf=True)
    down = find_path(riding, (0, 0), Button.DOWN, [Goal(0, 3)])
    assert isinstance(down, Path) and [(step.x, step.y) for step in down.steps] == [(0, 3)]
    assert blocked(find_path(riding, (0, 3), Button.UP, [Goal(0, 0)])).reason == BlockReason.NEEDS_WATERFALL
    climbing = MapGround(cells, can_surf=True, can_waterfall=True)
    up = find_path(climbing, (0, 3), Button.UP, [Goal(0, 0)])
    assert isinstance(up, Path) and [(step.x, step.y) for step in up.steps] == [(0, 0)]
    assert up.cost == 1 + MOUNT_COST + 2
    assert not climbing.standable(0, 1), "nobody stops on a waterfall"
    assert MapGround(cells).move(0, 0, Button.DOWN) is None, "not without a ride"


def test_a_current_carries_on_to_where_it_ends() -> None:
    ground = MapGround(drawn("~((~ ~~~~"), can_surf=True)
    assert ground.move(3, 0, Button.LEFT) == (0, 0, 2)
    assert ground.move(2, 1, Button.UP) == (0, 0, 2), "entered from the side as well"
    assert MapGround(drawn("~((~"), people=frozenset({(1, 0)}), can_surf=True).move(3, 0, Button.LEFT) is None


def test_riding_out_on_the_water_costs_more_than_a_short_way_round() -> None:
    ground = MapGround(drawn(".~. ..."), can_surf=True)
    assert walked(find_path(ground, (0, 0), Button.RIGHT, [Goal(2, 0)])) == "DDRRRUU"
    path = find_path(MapGround(drawn(".~."), can_surf=True), (0, 0), Button.RIGHT, [Goal(2, 0)])
    assert isinstance(path, Path) and path.cost == 2 + MOUNT_COST


def test_warps_are_entered_only_on_purpose() -> None:
    ground = MapGround(drawn("#D# ..."), warps=frozenset({(1, 0)}))
    assert walked(find_path(ground, (0, 1), Button.RIGHT, list(warp_goals(ground, 1, 0)))) == "RUU"
    corridor = MapGround(drawn(".D."), warps=frozenset({(1, 0)}))
    assert blocked(find_path(corridor, (0, 0), Button.RIGHT, [Goal(2, 0)])).reason == BlockReason.CUT_OFF


def test_a_warp_under_the_feet_is_left_and_entered_again() -> None:
    ground = MapGround(drawn("#D# #.#"), warps=frozenset({(1, 0)}))
    assert walked(find_path(ground, (1, 0), Button.DOWN, list(warp_goals(ground, 1, 0)))) == "DUU"


def test_a_carpet_is_pressed_in_its_direction() -> None:
    ground = MapGround(drawn("... ._."), warps=frozenset({(1, 1)}))
    path = find_path(ground, (1, 0), Button.DOWN, list(warp_goals(ground, 1, 1)))
    assert walked(path) == "D" and isinstance(path, Path) and path.goal.then == Button.DOWN
    assert walked(find_path(ground, (0, 1), Button.RIGHT, [Goal(2, 1)])) == "RR"


def test_talk_goals_reach_across_a_counter() -> None:
    ground = MapGround(drawn("### #.# #C# ..."), people=frozenset({(1, 1)}))
    assert talk_goals(ground, 1, 1) == (Goal(1, 3, then=Button.UP),)


def test_grass_is_avoided_when_the_detour_is_short() -> None:
    path = find_path(MapGround(drawn('."""""". ........')), (0, 0), Button.RIGHT, [Goal(7, 0)])
    assert isinstance(path, Path) and (1, 0) not in {(step.x, step.y) for step in path.steps}
    path = find_path(MapGround(drawn('.". ...')), (0, 0), Button.RIGHT, [Goal(2, 0)])
    assert isinstance(path, Path) and (1, 0) in {(step.x, step.y) for step in path.steps}


def test_ice_slides_to_the_far_side() -> None:
    path = find_path(MapGround(drawn(".iii.")), (0, 0), Button.RIGHT, [Goal(4, 0)])
    assert walked(path) == "R"


def test_a_slide_stops_at_a_side_wall() -> None:
    """Column 14 of Ice Path 1F, rows 20 to 23: ice, ice, floor with a wall on its upper side, floor."""
    column = MapGround(np.array([[0x23], [0x23], [0xB2], [0x00]], dtype=np.uint8))
    assert column.move(0, 0, Button.DOWN) == (0, 1, 0)
    assert column.move(0, 3, Button.UP) == (0, 2, 0) and column.move(0, 2, Button.UP) is None
    sideways = MapGround(np.array([[0x23, 0x23, 0xB2, 0x00]], dtype=np.uint8))
    assert sideways.move(0, 0, Button.RIGHT) == (2, 0, 0), "a wall along the way stops nobody"


def test_reachable_stops_at_walls_and_people_and_goes_down_ledges_only() -> None:
    ground = MapGround(drawn("..# .v. .## ..."), people=frozenset({(2, 1)}))
    assert set(walking_distances(ground, [(0, 0)])) == {(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (0, 3), (1, 3), (2, 3)}
    assert (1, 1) in walking_distances(ground, [(0, 3)]) and (1, 3) in walking_distances(ground, [(1, 1)])


grounds = st.integers(2, 7).flatmap(
    lambda width: st.lists(
        st.lists(st.sampled_from([0x00, 0x00, 0x00, 0x07, 0x18, 0xA3, 0xA0]), min_size=width, max_size=width),
        min_size=2,
        max_size=7,
    )
)


@settings(max_examples=200, deadline=None)
@given(
    cells=st.lists(st.lists(st.sampled_from(list(BYTES.values())), min_size=5, max_size=5), min_size=5, max_size=5),
    places=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=4, max_size=4),
    can_surf=st.booleans(),
)
def test_steps_to_a_cell_are_those_of_walking_there(
    cells: list[list[int]], places: list[tuple[int, int]], can_surf: bool
) -> None:
    first, second, person, warp = places
    ground = MapGround(
        np.array(cells, dtype=np.uint8), people=frozenset({person}), warps=frozenset({warp}), can_surf=can_surf
    )
    back = steps_to(ground, cells_before(ground), [first, second])
    for start in ((x, y) for x in range(5) for y in range(5)):
        there = walking_distances(ground, [start])
        steps = min((there[goal] for goal in (first, second) if goal in there), default=None)
        assert back.get(start) == steps, start


@settings(max_examples=200, deadline=None)
@given(cells=grounds, data=st.data())
def test_cost_equals_breadth_first_search(cells: list[list[int]], data: st.DataObject) -> None:
    """With grass free, every press costs one and a hop two: a plain queue over (cell, facing, waited) must agree."""
    ground = MapGround(np.array(cells, dtype=np.uint8), grass_cost=0)
    height, width = ground.collision.shape
    start = (data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1)))
    end = (data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1)))
    answer = find_path(ground, start, Button.DOWN, [Goal(*end)])

    cost: dict[tuple[int, int, Button], int] = {(*start, Button.DOWN): 0}
    queue = deque(cost)
    while queue:
        x, y, look = queue.popleft()
        for button in DIRECTION_BUTTONS:
            moved = (x, y, 0) if button != look else ground.move(x, y, button)
            if moved is None:
                continue
            node, total = (moved[0], moved[1], button), cost[x, y, look] + 1 + moved[2]
            if total < cost.get(node, 10**9):
                cost[node] = total
                queue.append(node)
    expected = min((c for (x, y, _), c in cost.items() if (x, y) == end), default=None)
    assert (answer.cost if isinstance(answer, Path) else None) == expected
    if isinstance(answer, Path):
        assert (answer.steps[-1].x, answer.steps[-1].y) == end if answer.steps else start == end


HOPS = {0xA0: "R", 0xA1: "L", 0xA2: "U", 0xA3: "D", 0xA4: "RD", 0xA5: "DL", 0xA6: "UR", 0xA7: "UL"}
"""pret's COLL_HOP_RIGHT to COLL_HOP_UP_LEFT: the ways out of a ledge cell."""
LETTERS = {"R": Button.RIGHT, "L": Button.LEFT, "U": Button.UP, "D": Button.DOWN}


@pytest.mark.parametrize("byte", HOPS)
def test_each_ledge_is_hopped_its_own_ways_only(byte: int) -> None:
    cells = np.zeros((7, 7), dtype=np.uint8)
    cells[2:5, 2:5] = 0x07  # a wall all around: only a hop leads past it
    cells[3, 3] = byte
    ground = MapGround(cells)
    hopped = set()
    for letter, button in LETTERS.items():
        dx, dy = OFFSET[button]
        moved = ground.move(3, 3, button)
        if moved is not None and moved[:2] == (3 + 2 * dx, 3 + 2 * dy):
            hopped.add(letter)
    assert hopped == set(HOPS[byte])


@pytest.mark.parametrize("byte", [*range(0xB0, 0xB8)])
def test_each_side_wall_bars_its_own_sides_only(byte: int) -> None:
    cells = np.zeros((3, 3), dtype=np.uint8)
    cells[1, 1] = byte
    ground = MapGround(cells)
    barred = {letter for letter, button in LETTERS.items() if ground.move(1, 1, button) is None}
    assert barred == set(HOPS[byte - 0x10])


def test_equal_ground_shares_the_moves_that_are_known_and_only_the_last_grounds_are_kept() -> None:
    first = MapGround(drawn("... ..."))
    assert first.move(0, 0, Button.RIGHT) == (1, 0, 0)
    assert MapGround(drawn("... ..."))._moves is first._moves
    assert MapGround(drawn("... ..."), can_surf=True)._moves is not first._moves, "other abilities, other moves"
    for number in range(GROUNDS_KEPT):
        MapGround(np.full((1, 2), 0, dtype=np.uint8), grass_cost=1000 + number)
    assert not MapGround(drawn("... ..."))._moves, "forgotten"

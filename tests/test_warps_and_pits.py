"""A warp is a way only where the ground is one: landing spots and shut holes are none, open pits are."""

from __future__ import annotations

import numpy as np
import pytest

from core.game.state import GameState
from core.navigation.goal_direction import GoalDirections
from core.navigation.map_ground import MapGround
from core.navigation.pathfinding import Goal, Path, find_path, warp_goals
from core.navigation.travel import Route, TravelMemory, WorldGraph
from core.rules import RulePlayer
from core.vocabulary import Button, OptionKind
from tests.crystal_ground import crystal_map, crystal_on
from tests.crystal_rows import crystal

DOOR, PIT, FLOOR = 0x71, 0x60, 0x01


@pytest.fixture(scope="module")
def graph() -> WorldGraph:
    return WorldGraph(crystal().game)


def on_floor(key: str, at: tuple[int, int], warps: dict[int, int]) -> GameState:
    """The player on a map of its real size, all of it floor but for some warps: their number and what lies there."""
    place = crystal().game.maps[crystal_map(crystal().game, key)]
    cells = np.full((place.height, place.width), FLOOR, dtype=np.uint8)
    for warp in place.warps:
        cells[warp.y, warp.x] = warps.get(warp.id, FLOOR)
    return crystal_on(cells.tolist(), at, map_key=key)


def first_exit(graph: WorldGraph, state: GameState, target: str) -> str:
    memory = TravelMemory()
    memory.grounds.see(state)
    route = graph.route(state.position, crystal_map(state.game, target), memory, 0)
    assert isinstance(route, Route), route
    return route.exits[0].key


def test_nobody_climbs_up_from_where_one_fell(graph: WorldGraph) -> None:
    """Warps 3 to 6 of the floor below are where boulders and people land."""
    below = on_floor("ICE_PATH_B2F_MAHOGANY_SIDE", (11, 4), {1: DOOR, 2: DOOR})
    assert first_exit(graph, below, "ICE_PATH_B1F") == "warp 1"
    unseen = graph.route(below.position, crystal_map(below.game, "ICE_PATH_B1F"), TravelMemory(), 0)
    assert isinstance(unseen, Route) and unseen.exits[0].key == "warp 3", "on ground never seen, every warp may be one"


def test_a_pit_is_fallen_into_once_it_is_open(graph: WorldGraph) -> None:
    shut = on_floor("ICE_PATH_B1F", (11, 4), {1: DOOR, 2: DOOR, 7: DOOR, 8: DOOR})
    assert first_exit(graph, shut, "ICE_PATH_B2F_MAHOGANY_SIDE") == "warp 2"
    open_pits = on_floor("ICE_PATH_B1F", (11, 4), {3: PIT, 4: PIT, 5: PIT, 6: PIT})
    assert first_exit(graph, open_pits, "ICE_PATH_B2F_MAHOGANY_SIDE") == "warp 3"


def test_a_pit_is_walked_into_and_ends_every_other_way() -> None:
    cells = np.array([[FLOOR, FLOOR, PIT, FLOOR]], dtype=np.uint8)
    ground = MapGround(cells, warps=frozenset({(2, 0)}))
    assert warp_goals(ground, 2, 0) == (Goal(2, 0),)
    path = find_path(ground, (0, 0), Button.RIGHT, warp_goals(ground, 2, 0))
    assert isinstance(path, Path) and [step.button for step in path.steps] == [Button.RIGHT] * 2
    assert not isinstance(find_path(ground, (0, 0), Button.RIGHT, [Goal(3, 0)]), Path)
    assert warp_goals(ground, 1, 0) == (), "floor is no warp"


def test_the_rules_offer_no_landing_spot_as_a_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.rules.player.MOST_OPTIONS", 99)
    below = on_floor("ICE_PATH_B2F_MAHOGANY_SIDE", (11, 4), {1: DOOR, 2: DOOR})
    doors = [one.key for one in RulePlayer(below.game).options(below) if one.kind is OptionKind.ENTER]
    assert sorted(key.rsplit(":")[-1] for key in doors) == ["warp 1", "warp 2"]


def test_the_goal_direction_points_at_no_landing_spot() -> None:
    below = on_floor("ICE_PATH_B2F_MAHOGANY_SIDE", (11, 4), {1: DOOR, 2: DOOR})
    blackthorn = next(one for one in below.game.milestones if one.id == "blackthorn")
    direction = GoalDirections(below.game).goal_direction(below, blackthorn)
    place = below.game.maps[below.map_id]
    assert direction is not None
    assert (direction.x, direction.y) in {(warp.x, warp.y) for warp in place.warps if warp.id < 3}

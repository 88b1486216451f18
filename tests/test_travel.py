"""Routes over Fernvale's real doors and edges, and what a lane remembers of shut ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.game.game_data import GameData, load_game
from core.game.profile import game_named
from core.navigation.map_ground import MapGround
from core.navigation.pathfinding import Blocked
from core.navigation.travel import UNKNOWN_ENTRY, Route, TravelMemory, WorldGraph, cell_key
from core.vocabulary import Button, MapId, Position
from tests.cartridge.rules_play import state_of
from tests.cartridge.stage import at

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def game() -> GameData:
    return load_game(game_named("fernvale"))


@pytest.fixture(scope="module")
def graph(game: GameData) -> WorldGraph:
    return WorldGraph(game)


def map_id(game: GameData, key: str) -> MapId:
    found = game.map_by_key(key)
    assert found is not None
    return found.id


def keys(route: Route | Blocked, game: GameData) -> list[str]:
    assert isinstance(route, Route), route
    return [game.maps[exit_.to_map].key for exit_ in route.exits]


def test_route_leads_through_doors_and_edges(game: GameData, graph: WorldGraph) -> None:
    start = Position(map_id(game, "HOME_UPSTAIRS"), 3, 3)
    route = graph.route(start, map_id(game, "GATEHOUSE"), TravelMemory(), 0)
    assert keys(route, game) == ["HOME", "HAZEL_HOLLOW", "FERN_PATH", "GATEHOUSE"]
    assert isinstance(route, Route) and route.cost > 40


def test_route_to_the_own_map_is_empty(game: GameData, graph: WorldGraph) -> None:
    here = map_id(game, "HOME")
    assert keys(graph.route(Position(here, 4, 4), here, TravelMemory(), 0), game) == []


def test_an_unknown_map_is_out_of_reach(game: GameData, graph: WorldGraph) -> None:
    here = map_id(game, "HOME")
    assert isinstance(graph.route(Position(here, 4, 4), MapId(99, 99), TravelMemory(), 0), Blocked)


def test_exits_agree_with_the_exported_map(game: GameData, graph: WorldGraph) -> None:
    """Every door and every edge has a cell from which it can really be taken, and is entered where it says."""
    atlas = json.loads((ROOT / "core/game/data/fernvale/world.json").read_text(encoding="utf-8"))["maps"]
    for known in game.maps.values():
        rows = atlas[known.key]["collision"]
        ground = MapGround(np.array([list(bytes.fromhex(row)) for row in rows], dtype=np.uint8))
        for exit_ in graph.exits(known.id):
            assert any(ground.standable(goal.x, goal.y) for goal in exit_.goals(ground)), (known.key, exit_.key)
            back = graph.entry_key_at(Position(exit_.to_map, *exit_.arrival))
            assert back != UNKNOWN_ENTRY, (known.key, exit_.key)


def test_an_edge_is_left_along_the_shared_stretch_only(game: GameData, graph: WorldGraph) -> None:
    town = game.maps[map_id(game, "HAZEL_HOLLOW")]
    east = next(exit_ for exit_ in graph.exits(town.id) if exit_.edge is Button.RIGHT)
    neighbour = game.maps[east.to_map]
    shift = next(one.offset_steps for one in town.connections if one.target == east.to_map)
    assert (east.first, east.last) == (max(0, shift), min(town.height, shift + neighbour.height) - 1)
    assert east.arrival == (0, (east.first + east.last) // 2 - shift)


def test_nobody_turns_back_over_an_edge_to_come_in_nearer(game: GameData, graph: WorldGraph) -> None:
    """From the south of the lake to the cave in its north, both maps seen, on the raft."""
    memory = TravelMemory()
    for name in ("WILLOWMERE", "MISTMERE"):
        stage = at("town")
        stage.give_key_item("RAFT")
        stage.set_flag("EVENT_CAVE_OPEN")
        stage.visit(name)
        memory.grounds.see(state_of(stage.console))
        stage.console.close()
    route = graph.route(Position(map_id(game, "MISTMERE"), 0, 21), map_id(game, "CAIRN_CAVE"), memory, 0)
    assert keys(route, game) == ["CAIRN_CAVE"]


def test_shut_exits_are_avoided_until_they_may_be_open_again(game: GameData, graph: WorldGraph) -> None:
    home, town = map_id(game, "HOME"), map_id(game, "HAZEL_HOLLOW")
    memory = TravelMemory()
    start = Position(home, 4, 4)
    first = graph.route(start, town, memory, 0)
    assert isinstance(first, Route)
    memory.block(home, first.exits[0].key, until_step=100)
    second = graph.route(start, town, memory, 50)
    assert isinstance(second, Route) and second.exits[0].key != first.exits[0].key
    memory.block(home, second.exits[0].key, until_step=100, also_from=["warp 3"])
    memory.block(home, first.exits[0].key, until_step=100, also_from=["warp 3"])
    assert isinstance(graph.route(start, town, memory, 50), Blocked), "the stairs lead back into the same room"
    assert isinstance(graph.route(start, town, memory, 100), Route)
    memory.block(home, first.exits[0].key, until_step=10**6)
    memory.forget_blocks()
    assert isinstance(graph.route(start, town, memory, 0), Route)


def test_what_is_shut_from_one_entry_may_be_open_from_another(game: GameData, graph: WorldGraph) -> None:
    path, town = map_id(game, "FERN_PATH"), map_id(game, "HAZEL_HOLLOW")
    memory = TravelMemory()
    memory.entered(path, "west")
    memory.block(path, cell_key(4, 3), until_step=10**6)
    blocked = graph.route(Position(path, 0, 6), path, memory, 0, cell=(4, 3))
    assert isinstance(blocked, Route) and blocked.exits, "another entry may do: out and in again by another door"
    assert blocked.exits[-1].to_map == path and blocked.exits[0].to_map in (town, map_id(game, "GATEHOUSE"))
    memory.entered(path, "warp 1")
    assert keys(graph.route(Position(path, 33, 6), path, memory, 0, cell=(4, 3)), game) == []


def test_maps_by_distance_are_nearest_first(game: GameData, graph: WorldGraph) -> None:
    start = Position(map_id(game, "HOME_UPSTAIRS"), 3, 3)
    found = list(graph.maps_by_distance(start, TravelMemory(), 0))
    assert [cost for cost, _ in found] == sorted(cost for cost, _ in found)
    overseas = {one.id for one in game.maps.values() if one.id.group > 4}  # a ferry goes there, some day
    assert found[0] == (0, start.map) and {map_id for _, map_id in found} == set(game.maps) - overseas

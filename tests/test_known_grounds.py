"""What a lane knows of the maps it has seen, on states of the real game with a few bytes set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.collision import CollisionMap
from core.game.field_moves import FieldAbilities, abilities_of
from core.game.ram import RamSnapshot
from core.game.state import GameState
from core.navigation.ground_archive import GroundArchive
from core.navigation.known_grounds import KnownGrounds
from core.navigation.pathfinding import Blocked
from core.navigation.travel import Route, TravelMemory, WorldGraph

ROM = Path(__file__).resolve().parent.parent / "cartridge" / "fernvale.gbc"
END_OF_LIST = 0xFF
EMPTY_BLOCKS = 200


@pytest.fixture(scope="module")
def start() -> Iterator[GameState]:
    env = EnhancedPyBoyPokemonCrystalEnv(ROM, observation_type="state")
    yield env.restart(seed=0)
    env.close()


def changed(state: GameState, symbol: str, *values: int) -> GameState:
    """The same moment with other bytes at a symbol."""
    data, start = bytearray(state.snapshot.data), state.rom.layout.index(symbol)
    data[start : start + len(values)] = bytes(values)
    return GameState(RamSnapshot(bytes(data)), state.rom)


def with_raft(state: GameState) -> GameState:
    raft = next(item.id for item in state.game.items.values() if item.key == "RAFT")
    return changed(state, "wNumKeyItems", 1, raft, END_OF_LIST)


def test_an_item_or_a_ride_under_way_carries_over_water(start: GameState) -> None:
    assert abilities_of(start) == FieldAbilities()
    assert abilities_of(with_raft(start)).can_surf
    assert abilities_of(changed(start, "wPlayerState", 4)).can_surf


def test_a_map_is_unknown_until_it_is_seen(start: GameState) -> None:
    grounds = KnownGrounds()
    here = start.position.map
    assert grounds.ground(here) is None and grounds.distances(here, [(3, 3)]) is None
    grounds.see(start)
    distances = grounds.distances(here, [(3, 3)])
    assert distances is not None and distances[3, 3] == 0 and distances[3, 4] == 1
    assert grounds.distances(here, [(3, 3)]) is distances, "kept until something changes"
    stairs = next(warp for warp in start.game.maps[here].warps)
    assert (stairs.x, stairs.y) in distances


def test_what_changes_the_ground_is_noticed(start: GameState) -> None:
    grounds = KnownGrounds()
    here = start.position.map
    grounds.see(start)
    before = grounds.distances(here, [(3, 3)])
    grounds.see(with_raft(start))
    ground = grounds.ground(here)
    assert ground is not None and ground.can_surf
    assert grounds.distances(here, [(3, 3)]) is not before


def test_a_route_takes_no_door_that_cannot_be_walked_to(start: GameState) -> None:
    graph = WorldGraph(start.game)
    below = start.game.maps[start.position.map].warps[0].target
    memory = TravelMemory()
    assert isinstance(graph.route(start.position, below, memory, 0), Route), "what was not seen is thought possible"
    memory.grounds.see(changed(start, "wOverworldMapBlocks", *bytes(EMPTY_BLOCKS)))
    assert isinstance(graph.route(start.position, below, memory, 0), Blocked), "the room was seen to be all walls"
    memory.grounds.see(start)
    assert isinstance(graph.route(start.position, below, memory, 0), Route)


def test_a_route_takes_no_door_that_another_saw_no_way_to(start: GameState) -> None:
    graph, archive = WorldGraph(start.game), GroundArchive()
    here = start.position.map
    below = start.game.maps[here].warps[0].target
    beyond = next(exit_.to_map for exit_ in graph.exits(below) if exit_.to_map != here)
    memory = TravelMemory(KnownGrounds(archive))
    memory.grounds.see(start)
    assert isinstance(graph.route(start.position, beyond, memory, 0), Route)
    walls = changed(start, "wOverworldMapBlocks", *bytes(EMPTY_BLOCKS))
    KnownGrounds(archive).see(changed(walls, "wMapNumber", below.number))
    memory.grounds.see(start)
    assert isinstance(graph.route(start.position, beyond, memory, 0), Blocked)


def test_what_one_lane_saw_another_knows_until_it_sees_for_itself(start: GameState) -> None:
    archive = GroundArchive()
    here, below = start.position.map, start.game.maps[start.position.map].warps[0].target
    walked, told, alone = KnownGrounds(archive), KnownGrounds(archive), KnownGrounds()
    walked.see(start)
    elsewhere = changed(start, "wMapNumber", below.number)
    assert elsewhere.position.map == below
    for grounds in (told, alone):
        grounds.see(elsewhere)
    assert alone.ground(here) is None
    distances = told.distances(here, [(3, 3)])
    assert distances is not None and distances == walked.distances(here, [(3, 3)])
    walls = changed(start, "wOverworldMapBlocks", *bytes(EMPTY_BLOCKS))
    walked.see(walls)
    told.see(elsewhere)
    assert told.collision(here) is walls.collision, "the latest sight"
    told.see(start)
    walked.see(walls)
    told.see(elsewhere)
    assert told.collision(here) is start.collision, "its own sight comes before what it hears"
    raft = told.ground(here)
    told.see(changed(with_raft(start), "wMapNumber", below.number))
    assert raft is not None and not raft.can_surf
    after = told.ground(here)
    assert after is not None and after.can_surf, "its own abilities count on ground it has heard of"


def test_an_archive_is_the_same_after_a_resume(start: GameState) -> None:
    archive, again = GroundArchive(), GroundArchive()
    archive.add(start.position.map, start.collision)
    version = archive.version
    archive.add(start.position.map, CollisionMap.of_border(start.collision.border.copy()))
    assert archive.version == version, "equal ground is no news"
    again.load_state_dict(json.loads(json.dumps(archive.state_dict())))
    ((map_id, collision),) = again
    assert len(again) == 1 and map_id == start.position.map
    assert (collision.cells == start.collision.cells).all() and (collision.border == start.collision.border).all()
    assert (collision.crop(3, 3) == start.collision.crop(3, 3)).all()

"""Ferries and elevators as ways from map to map: routes over Crystal's data, and the presses, on rows of RAM."""

from __future__ import annotations

import pytest

from core.game.state import GameState
from core.navigation.pathfinding import Blocked
from core.navigation.travel import Route, TravelMemory, WorldGraph
from core.rules import RulePlayer
from core.rules.menus.task_menus import MenuTaskRules
from core.rules.planning.lane_memory import LaneMemory
from core.vocabulary import Button, ChooseFloor, MapId, Option, OptionKind, Position
from tests.crystal_ground import crystal_map, crystal_on
from tests.crystal_rows import crystal, crystal_state
from tests.crystal_screens import menu_shown
from tests.test_field_moves import FACING

BASEMENT = "GOLDENROD_DEPT_STORE_B1F"
ELEVATOR = "GOLDENROD_DEPT_STORE_ELEVATOR"
FLOORS = ("B1F", "1F", "2F", "3F", "4F", "5F", "6F")
SHOWN = FLOORS[:4]
"""What the list shows at first."""


@pytest.fixture(scope="module")
def graph() -> WorldGraph:
    return WorldGraph(crystal().game)


def place(key: str) -> MapId:
    return crystal_map(crystal().game, key)


def route(graph: WorldGraph, start: Position, target: str, memory: TravelMemory | None = None) -> list[str]:
    found = graph.route(start, place(target), memory or TravelMemory(), 0)
    return [] if isinstance(found, Blocked) else [exit_.key for exit_ in found.exits]


def test_an_elevator_leads_to_each_of_its_floors(graph: WorldGraph) -> None:
    start = Position(place("GOLDENROD_DEPT_STORE_1F"), 3, 2)
    assert route(graph, start, BASEMENT) == ["warp 4", "floor B1F"]
    assert {one.floor: one.floors for one in graph.exits(place(ELEVATOR))} == dict.fromkeys(FLOORS, FLOORS)


def ticket() -> dict[str, bytes]:
    number = next(item.id for item in crystal().game.items.values() if item.key == "S_S_TICKET")
    return {"wNumKeyItems": bytes((1, number, 0xFF))}


def test_a_ferry_is_a_way_for_who_has_a_ticket(graph: WorldGraph) -> None:
    port = place("OLIVINE_PORT")
    start, memory = Position(port, 7, 14), TravelMemory()
    nobody = "OLIVINE_PORT_SPRITES_AFTER_HALL_OF_FAME"
    for rows, flags, boards in ((ticket(), "", True), ({}, "", False), (ticket(), nobody, False)):
        state = crystal_state({"wMapGroup": bytes(port), **rows}, flags)
        memory.open_rides = graph.open_rides(state)
        keys = [one.key for one in memory.open_rides if one.map == port]
        assert any(key.startswith("ride 3") for key in keys) is boards
        found = graph.route(start, place("FAST_SHIP_1F"), memory, 0)
        assert isinstance(found, Route), "there is always the gangway that nobody has seen yet"
    memory.open_rides = graph.open_rides(crystal_state({"wMapGroup": bytes(port), **ticket()}))
    memory.block(port, "warp 2", 10**6, also_from=["warp 1"])
    ways = route(graph, start, "FAST_SHIP_1F", memory)
    assert ways and ways[-1].startswith("ride 3")


def test_nobody_rides_where_one_can_walk(graph: WorldGraph) -> None:
    """Whoever is beaten last in the well leads one to Kurt, whose house is round the corner."""
    state = crystal_state({})
    memory = TravelMemory(open_rides=graph.open_rides(state))
    well = place("SLOWPOKE_WELL_B1F")
    assert any(ride.map == well for ride in memory.open_rides)
    ways = route(graph, Position(well, 17, 14), "KURTS_HOUSE", memory)
    assert ways and not any(key.startswith("ride") for key in ways)


def test_the_rules_talk_to_the_sailor() -> None:
    """Object 3 of Olivine's port, on drawn ground; the ferry's gangway is no door."""
    picture = [[0x01] * 20 for _ in range(26)]
    rows = {**ticket(), "wPlayerDirection": FACING[Button.RIGHT]}
    state = crystal_on(picture, (5, 15), rows, map_key="OLIVINE_PORT", things={3: (6, 15)})
    player = RulePlayer(state.game)
    option = Option(OptionKind.GO_TO, "Board", "go_to:ship", Position(place("FAST_SHIP_1F"), -1, -1))
    step = player.act(state, option)
    assert step.button is Button.A and "ride" in step.reasoning


def in_elevator(at: tuple[int, int], facing: Button, backup: str) -> GameState:
    group, number = place(backup)
    above = {"wBackupMapGroup": bytes((group,)), "wBackupMapNumber": bytes((number,))}
    rows = {"wPlayerDirection": FACING[facing], **above}
    picture = [[0x07] * 4, [0x01] * 4, [0x01] * 4, [0x01, 0x70, 0x70, 0x01]]
    return crystal_on(picture, at, rows, map_key=ELEVATOR)


def test_the_panel_is_asked_first_and_then_the_door_leads_there() -> None:
    player = RulePlayer(crystal().game)
    option = Option(OptionKind.GO_TO, "Go down", "go_to:B1F", Position(place(BASEMENT), -1, -1))
    before = in_elevator((3, 1), Button.UP, "GOLDENROD_DEPT_STORE_1F")
    assert player.act(before, option).button is Button.A, "the panel at (3, 0)"
    assert player.memory.menu_task == ChooseFloor("B1F", FLOORS)
    after = in_elevator((1, 2), Button.DOWN, BASEMENT)
    assert player.act(after, option).button is Button.DOWN
    assert player.act(in_elevator((1, 3), Button.DOWN, BASEMENT), option).button is Button.DOWN, "out by the carpet"


def test_the_floor_is_chosen_in_the_list() -> None:
    game = crystal().game
    memory = LaneMemory(menu_task=ChooseFloor("B1F", FLOORS))
    rules = MenuTaskRules(game, memory)
    for row, button in ((2, Button.UP), (0, Button.A)):
        state = crystal_state(menu_shown(SHOWN, row))
        (option, *_) = rules.options(state)
        step = rules.act(state, option)
        assert step is not None and step.button is button
    memory.menu_task = ChooseFloor("6F", FLOORS)
    below = crystal_state(menu_shown(SHOWN, 3))
    step = rules.act(below, rules.options(below)[0])
    assert step is not None and step.button is Button.DOWN, "further down the list"

"""Flights on rows of RAM: where Crystal's map for FLY leads, and when the rules take to the air."""

from __future__ import annotations

from core.navigation.travel import WorldGraph
from core.rules.field.flights import Flights
from core.rules.menus.task_menus import MenuTaskRules
from core.rules.planning.lane_memory import LaneMemory
from core.vocabulary import Button, MapId, Option, OptionKind, UseMove
from tests.crystal_rows import crystal, crystal_state
from tests.crystal_screens import words_shown
from tests.test_field_moves import knowing

FLY = 19


def visited(*names: str) -> bytes:
    """The bits of the places that were visited, by their maps."""
    game = crystal().game
    bits = sum(1 << place.visited for place in game.fly_places if game.maps[place.map].key in names)
    return bits.to_bytes(4, "little")


def map_id(key: str) -> MapId:
    return next(one.id for one in crystal().game.maps.values() if one.key == key)


def flight(start: str, target: str, *seen: str) -> UseMove | None:
    """The flight from a map to another, by somebody who knows FLY."""
    here = map_id(start)
    rows = {"wMapGroup": bytes((here.group, here.number)), "wVisitedSpawns": visited(*seen)}
    state = crystal_state({**knowing("FLY"), "wPlayerState": b"\x00", **rows})
    graph, memory = WorldGraph(state.game), LaneMemory()
    walk = graph.route(state.position, map_id(target), memory.travel, 0)
    return Flights(state.game, graph).toward(state, map_id(target), None, walk, memory)


def number_of(key: str) -> int:
    game = crystal().game
    return next(number for number, place in enumerate(game.fly_places) if game.maps[place.map].key == key)


def test_the_rules_fly_across_the_region_to_what_was_visited() -> None:
    assert flight("BLACKTHORN_CITY", "CHERRYGROVE_CITY", "CHERRYGROVE_CITY", "VIOLET_CITY") == UseMove(
        FLY, 0, number_of("CHERRYGROVE_CITY")
    )
    assert flight("BLACKTHORN_CITY", "CHERRYGROVE_CITY") is None, "nothing was visited"
    assert flight("NEW_BARK_TOWN", "ROUTE_29", "CHERRYGROVE_CITY") is None, "it is a short walk"
    assert flight("BLACKTHORN_DRAGON_SPEECH_HOUSE", "CHERRYGROVE_CITY", "CHERRYGROVE_CITY") is None, "under a roof"
    assert flight("NEW_BARK_TOWN", "SAFFRON_CITY", "SAFFRON_CITY") is None, "the map shows one region"


def test_the_map_for_flying_is_gone_through_upward() -> None:
    task = UseMove(FLY, 0, 4)
    option = Option(OptionKind.MANAGE, "Fly", "use_move:FLY", menu_task=task)
    rules = MenuTaskRules(crystal().game, LaneMemory(menu_task=task))
    shown = {"wSpriteUpdatesEnabled": b"\x00", **words_shown({1: "Where?"})}
    for at, button in ((3, Button.UP), (4, Button.A)):
        state = crystal_state({**knowing("FLY"), **shown, "wTownMapPlayerIconLandmark": bytes((at,))})
        assert [one.menu_task for one in rules.options(state)] == [task]
        step = rules.act(state, option)
        assert step is not None and step.button is button
    assert rules.options(crystal_state(knowing("FLY"))) == (), "another screen"

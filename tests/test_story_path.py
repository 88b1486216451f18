"""What Crystal's story needs next, read from RAM: rows written by hand, no ROM."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.game.facts import MAIN_AREA
from core.game.milestones import Condition
from core.game.story.deeds import NOWHERE, Fact
from core.game.story.path import NextDeeds, StoryPath
from core.game.story.present import PresentFacts
from core.rules.planning.objective_options import ObjectiveOptions
from core.vocabulary import BuyItems, MapId, OptionKind
from tests.crystal_rows import crystal, crystal_state

ILEX, GOLDENROD_GYM, MAHOGANY_GYM, SWITCH_ROOM = (3, 52), (11, 3), (2, 2), (3, 54)


@pytest.fixture(scope="module")
def path() -> StoryPath:
    return StoryPath(crystal().game)


def next_deeds(path: StoryPath, milestone_id: str, at: tuple[int, int], flags: str, **rows: bytes) -> NextDeeds:
    state = crystal_state({"wMapGroup": bytes(at), **rows}, f"INITIALIZED_EVENTS {flags}")
    milestone = next(one for one in crystal().game.milestones if one.id == milestone_id)
    return path.next_deeds(milestone, state)


def people(found: NextDeeds) -> list[tuple[str, int | None, tuple[int, int] | None]]:
    maps = crystal().game.maps
    return [(maps[one.map].key, one.object_id, one.cell) for one in found.objectives]


def test_whitney_is_fought_and_comforted_and_asked_again(path: StoryPath) -> None:
    whitney = [("GOLDENROD_GYM", 1, None)]
    assert people(next_deeds(path, "badge3", GOLDENROD_GYM, "")) == whitney
    beaten = "BEAT_WHITNEY MADE_WHITNEY_CRY"
    crying = next_deeds(path, "badge3", GOLDENROD_GYM, beaten, wGoldenrodGymSceneID=b"\x01")
    assert people(crying) == [("GOLDENROD_GYM", None, (8, 5))]
    assert people(next_deeds(path, "badge3", GOLDENROD_GYM, "BEAT_WHITNEY")) == whitney


def test_switches_are_pressed_in_their_order_and_the_key_is_fetched_behind_them(path: StoryPath) -> None:
    found: list[tuple[str, int | None, tuple[int, int] | None]] = []
    for pressed in ("", "SWITCH_3", "SWITCH_3 SWITCH_2", "SWITCH_3 SWITCH_2 SWITCH_1"):
        found += people(next_deeds(path, "card_key", SWITCH_ROOM, f"USED_BASEMENT_KEY {pressed}"))
    rooms = "GOLDENROD_UNDERGROUND_SWITCH_ROOM_ENTRANCES", "GOLDENROD_UNDERGROUND_WAREHOUSE"
    assert found == [*((rooms[0], None, (x, 1)) for x in (2, 10, 16)), (rooms[1], 4, None)]


def test_cut_is_fetched_taught_and_then_the_way_is_open(path: StoryPath) -> None:
    rows = {"wJohtoBadges": b"\x03"}
    herded = "GOT_CYNDAQUIL_FROM_ELM CLEARED_SLOWPOKE_WELL HERDED_FARFETCHD ILEX_FOREST_FARFETCHD"
    assert people(next_deeds(path, "goldenrod", ILEX, herded, **rows))[0] == ("ILEX_FOREST", 3, None)
    machines = {"wTMsHMs": bytes(50) + b"\x01"}
    owned = next_deeds(path, "goldenrod", ILEX, f"{herded} GOT_HM01_CUT", **rows, **machines)
    assert (owned.objectives, owned.teaches) == ((), ("CUT",))
    knows = {"wPartyCount": b"\x01", "wPartySpecies": b"\x98\xff", "wPartyMon1Moves": b"\x0f"}
    able = next_deeds(path, "goldenrod", ILEX, f"{herded} GOT_HM01_CUT", **rows, **machines, **knows)
    assert (able.objectives, able.teaches, able.lacks) == ((), (), ())


def test_the_same_question_is_planned_once(path: StoryPath) -> None:
    first = next_deeds(path, "badge3", GOLDENROD_GYM, "")
    assert next_deeds(path, "badge3", GOLDENROD_GYM, "", wXCoord=b"\x05") is first


@pytest.mark.parametrize(
    ("fact", "rows", "flags"),
    [
        (Fact("has", "EVENT_BEAT_WHITNEY"), {}, "BEAT_WHITNEY"),
        (Fact("has", "ENGINE_PLAINBADGE"), {"wJohtoBadges": b"\x04"}, ""),
        (Fact("has", "ENGINE_RADIO_CARD"), {"wPokegearFlags": b"\x02"}, ""),
        (Fact("has", "HM_SURF"), {"wTMsHMs": bytes(52) + b"\x01"}, ""),
        (Fact("has", "TM_DYNAMICPUNCH"), {"wTMsHMs": b"\x01"}, ""),
        (Fact("has", "SQUIRTBOTTLE"), {"wNumKeyItems": b"\x01\xaf\xff"}, ""),
        (Fact("scene", MapId(8, 7), 1), {"wAzaleaTownSceneID": b"\x01"}, ""),
        (Fact("badges", NOWHERE, 3), {"wJohtoBadges": b"\x03", "wKantoBadges": b"\x80"}, ""),
        (Fact("call", "SPECIALCALL_ASSISTANT"), {"wSpecialPhoneCallID": b"\x03"}, ""),
        (Fact("move", "SURF"), {"wPartyCount": b"\x01", "wPartySpecies": b"\x98\xff", "wPartyMon1Moves": b"\x39"}, ""),
        (Fact("at", MapId(*ILEX), MAIN_AREA), {"wMapGroup": bytes(ILEX)}, ""),
    ],
)
def test_a_fact_is_read_from_ram(fact: Fact, rows: dict[str, bytes], flags: str) -> None:
    present = PresentFacts(crystal().game)
    assert present.holds(fact, crystal_state(rows, flags), MAIN_AREA)
    assert not present.holds(fact, crystal_state({}), MAIN_AREA)
    if fact.kind == "has":
        assert present.holds(fact._replace(kind="lacks"), crystal_state({}), MAIN_AREA)


def test_the_area_is_known_by_the_door_that_one_came_in(path: StoryPath) -> None:
    """From the north of Ilex Forest nothing has to be cut to reach Goldenrod."""
    state = crystal_state({"wMapGroup": bytes(ILEX)}, "INITIALIZED_EVENTS")
    milestone = next(one for one in crystal().game.milestones if one.id == "goldenrod")
    assert path.next_deeds(milestone, state, "warp 1") == NextDeeds()
    assert path.next_deeds(milestone, state, "warp 2") != NextDeeds()


def test_what_is_only_sold_is_bought(path: StoryPath) -> None:
    """A milestone of an item that nobody gives: a clerk's ware, and an option that buys one."""
    game, ware = crystal().game, "FLOWER_MAIL"
    milestone = next(one for one in game.milestones if one.id == "poke_balls")
    wanted = replace(milestone, conditions=(Condition("item_owned", lambda data: False, (), name=ware),))
    state = crystal_state({"wMapGroup": b"\x0a\x05"}, "INITIALIZED_EVENTS")
    found = path.next_deeds(wanted, state).objectives
    assert found and {one.buys for one in found} == {ware}
    option = ObjectiveOptions(game).of(found[0])
    assert (option.kind, option.index) == (OptionKind.BUY, found[0].object_id)
    assert isinstance(option.menu_task, BuyItems)
    assert [(game.items[one.item].key, one.count) for one in option.menu_task.purchases] == [(ware, 1)]
    assert option.label.startswith("Buy a FLOWER MAIL from the clerk in Violet Mart")

"""The rules at the keyboard, the clock and the phone of the running cartridge: the boat is named, the clock set."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.rules import RulePlayer
from core.rules.menus.typed_names import NO_NAMES, TypedNames
from core.vocabulary import Button
from tests.cartridge.rules_play import RulesPlay, game_of
from tests.cartridge.stage import Stage, at

PHONE_OWNED = 0x84


@pytest.fixture
def stage() -> Iterator[Stage]:
    found = at("town")
    yield found
    found.console.close()


def in_the_shipyard(stage: Stage, names: TypedNames = NO_NAMES) -> RulesPlay:
    """Where the boat waits for a name; the clock is set, and there is a gear to be rung up on."""
    stage.visit("SHIPYARD")
    stage.set_flag("EVENT_CLOCK_SET")
    stage.poke("wPokegearFlags", PHONE_OWNED)
    return RulesPlay(stage, RulePlayer(game_of("boat_named", "boat_ready"), names=names))


def boats_name(stage: Stage) -> str:
    codes = stage.console.bytes("wMomsName")
    return stage.letters(codes[: codes.index(0x50)])


def test_the_empty_name_becomes_the_games_own(stage: Stage) -> None:
    play = in_the_shipyard(stage)
    play.until(lambda: play.has_flag("EVENT_BOAT_NAMED"), 120)
    assert boats_name(stage) == "GANNET"


@pytest.mark.parametrize("name", ["ABBA", "Sea Fox", "o.K"])
def test_a_name_of_ones_own_is_typed_letter_by_letter(stage: Stage, name: str) -> None:
    """Seven letters (the cursor jumps to END by itself), letters twice, both cases, a blank, a point."""
    play = in_the_shipyard(stage, TypedNames(mom=name))
    play.until(lambda: play.has_flag("EVENT_BOAT_NAMED"), 200)
    assert boats_name(stage) == name


def test_a_wrong_letter_is_deleted(stage: Stage) -> None:
    play = in_the_shipyard(stage, TypedNames(mom="BAY"))
    play.until(lambda: stage.console.read("wNamingScreenCurNameLength") == 1, 120)
    stage.tap("a", "a")
    play.until(lambda: play.has_flag("EVENT_BOAT_NAMED"), 120)
    assert boats_name(stage) == "BAY" and Button.B in play.buttons


def test_the_clock_is_set_to_ten_in_the_morning(stage: Stage) -> None:
    """It stands at three at night, and the keeper takes no hour of the night."""
    stage.visit("CLOCK_TOWER")
    stage.poke("hHours", 1)
    play = RulesPlay(stage, RulePlayer(game_of("clock_set")))
    play.until(lambda: play.has_flag("EVENT_CLOCK_SET"), 120)
    assert stage.console.read("hHours") == 10
    assert play.buttons.count(Button.UP) >= 7


def test_a_call_interrupts_the_walk_and_the_rules_go_on(stage: Stage) -> None:
    """The call comes in the open, not in the shipyard; then the milestone is reached and the player walks on."""
    play = in_the_shipyard(stage)
    play.until(lambda: stage.console.read("wSpecialPhoneCallID") == 1, 160)
    assert not play.has_flag("EVENT_BOAT_READY") and stage.walker.map == "SHIPYARD"
    play.until(lambda: play.has_flag("EVENT_BOAT_READY"), 200)
    assert stage.walker.map != "SHIPYARD" and stage.console.read("wSpecialPhoneCallID") == 0
    place = stage.walker.place
    play.until(lambda: stage.walker.place != place, 40)

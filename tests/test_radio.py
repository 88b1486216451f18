"""The radio of Crystal's Pokegear, and other screens that want more than A, on rows of RAM written by hand."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from core.env.masks import action_mask
from core.game.state import GameState
from core.rules import RulePlayer
from core.vocabulary import Button, Option, OptionKind
from tests.crystal_ground import crystal_on
from tests.crystal_rows import crystal
from tests.crystal_screens import IN_A_TEXT, menu_shown, words_shown, yes_no
from tests.test_field_moves import FACING

FLOOR = "........ ........ ........ ........ ........ ........ ........ ........ ........ ........"
SLEEPER = 5
FLUTE = 78
RIGHT_OF = {"wPlayerDirection": FACING[Button.RIGHT]}
OWNED = {"wPokegearFlags": b"\x8e"}
"""Pokegear, phone, radio and the card of the east."""
GEAR_OPEN = {**IN_A_TEXT, "wSpriteUpdatesEnabled": b"\0", "wCursorCurrentTile": b"\0\0"}


def beside_the_sleeper(rows: Mapping[str, bytes] | None = None) -> GameState:
    """In Vermilion, looking at who sleeps before the cave."""
    rows = {**RIGHT_OF, **OWNED, **(rows or {})}
    return crystal_on(FLOOR, (3, 4), rows, map_key="VERMILION_CITY", things={SLEEPER: (4, 4)})


def to_the_sleeper(state: GameState) -> Option:
    place = next(one for one in state.game.maps.values() if one.key == "VERMILION_CITY")
    return Option(OptionKind.TALK, "Talk", "talk", state.position._replace(map=place.id, x=4, y=4), SLEEPER)


def gear(card: int, knob: int) -> dict[str, bytes]:
    return {**GEAR_OPEN, "wPokegearCard": bytes((card,)), "wRadioTuningKnob": bytes((knob,))}


def start_menu(player: RulePlayer) -> Button:
    """The press on a START menu whose third line, where the cursor is, is the Pokegear's."""
    menu = menu_shown(("PACK", "POKEGEAR", "EXIT"), 1, first=(2, 11))
    state = beside_the_sleeper({**menu, "wMenuItemsList": bytes((3, 2, 7, 6, 255))})
    return player.act(state, player.choose(state)).button


def test_the_radio_is_tuned_before_the_sleeper_is_spoken_to() -> None:
    """START, the Pokegear, its radio, the knob up to 78, out, out; then A at the sleeper."""
    free = beside_the_sleeper()
    player, talk = RulePlayer(free.game), to_the_sleeper(free)
    assert player.act(free, talk).button is Button.START
    assert start_menu(player) is Button.A
    for card, knob, wanted in ((0, 16, "RIGHT"), (2, 16, "RIGHT"), (3, 16, "UP"), (3, 80, "DOWN"), (3, FLUTE, "B")):
        state = beside_the_sleeper(gear(card, knob))
        assert player.act(state, player.choose(state)).button is Button[wanted], (card, knob)
        assert action_mask(state)[Button[wanted]]
    assert start_menu(player) is Button.B
    assert player.act(free, talk).button is Button.A


def test_without_a_radio_one_just_talks() -> None:
    free = beside_the_sleeper({"wPokegearFlags": b"\x84"})
    assert RulePlayer(free.game).act(free, to_the_sleeper(free)).button is Button.A


@pytest.mark.parametrize("gate", ["ROUTE_35_NATIONAL_PARK_GATE", "ROUTE_36_NATIONAL_PARK_GATE"])
def test_the_contest_is_declined(gate: str) -> None:
    rows = {"wPlayerDirection": FACING[Button.UP], **yes_no("Would you like to?")}
    asked = crystal_on(FLOOR, (4, 5), rows, map_key=gate, things={1: (4, 4)})
    player = RulePlayer(crystal().game)
    assert player.act(asked, player.choose(asked)).button is Button.B


@pytest.mark.parametrize(("hour", "wanted"), [(3, "UP"), (9, "UP"), (10, "A"), (20, "DOWN"), (23, "UP"), (0, "UP")])
def test_the_hour_is_turned_to_ten_the_short_way(hour: int, wanted: str) -> None:
    rows = {**words_shown({9: f"   NITE {hour} o'clock", 14: "What time is it?"}), "wInitHourBuffer": bytes((hour,))}
    state = crystal_on(FLOOR, (4, 5), rows)
    player = RulePlayer(state.game)
    assert player.act(state, player.choose(state)).button is Button[wanted]
    minutes = crystal_on(FLOOR, (4, 5), {**rows, **words_shown({9: "   07 min.", 14: "How many minutes?"})})
    assert player.act(minutes, player.choose(minutes)).button is Button.A


def test_a_text_that_speaks_of_the_time_is_no_clock() -> None:
    state = crystal_on(FLOOR, (4, 5), words_shown({14: "It is 7 o'clock."}))
    assert state.asked_time is None
    player = RulePlayer(state.game)
    assert player.act(state, player.choose(state)).button is Button.A


def test_nobody_is_kept_from_evolving_in_a_menu() -> None:
    """A candy used from the pack: B would keep the creature as it is."""
    state = crystal_on(FLOOR, (4, 5), {**words_shown({14: "What? GEODUDE", 16: "is evolving!"}), **GEAR_OPEN})
    player = RulePlayer(state.game)
    assert player.act(state, player.choose(state)).button is not Button.B

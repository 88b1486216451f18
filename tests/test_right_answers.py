"""Quizzes whose answers the data know: the radio card's, and the test in the Dragon Shrine. Screens written by hand."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from core.game.state import GameState
from core.rules import RulePlayer
from core.vocabulary import Button
from tests.crystal_ground import crystal_on
from tests.crystal_rows import crystal
from tests.crystal_screens import menu_shown, yes_no
from tests.test_field_moves import FACING

FLOOR = "........ ........ ........ ........ ........ ........ ........ ........ ........ ........"
UP = {"wPlayerDirection": FACING[Button.UP]}


def at_the_quiz(rows: Mapping[str, bytes] | None = None) -> GameState:
    """Before the woman with the radio quiz (object 6)."""
    return crystal_on(FLOOR, (4, 5), {**UP, **(rows or {})}, map_key="RADIO_TOWER_1F", things={6: (4, 4)})


def in_the_shrine(rows: Mapping[str, bytes] | None = None, scene: int = 0) -> GameState:
    rows = {**UP, "wDragonShrineSceneID": bytes((scene,)), **(rows or {})}
    return crystal_on(FLOOR, (5, 2), rows, map_key="DRAGON_SHRINE", things={1: (5, 1)})


def press(player: RulePlayer, state: GameState) -> Button:
    return player.act(state, player.choose(state)).button


def test_the_radio_quiz_is_answered_as_the_data_say() -> None:
    """Six questions with one wording, four yes and two no; B says no."""
    player = RulePlayer(crystal().game)
    given = [press(player, at_the_quiz(yes_no("Is it so?"))) for _ in range(6)]
    assert given == [Button.A, Button.A, Button.A, Button.B, Button.A, Button.B]


def test_a_new_talk_counts_from_the_first_question() -> None:
    player = RulePlayer(crystal().game)
    for _ in range(3):
        press(player, at_the_quiz(yes_no("Is it so?")))
    press(player, at_the_quiz())
    assert [press(player, at_the_quiz(yes_no("Is it so?"))) for _ in range(4)] == [Button.A] * 3 + [Button.B]


def test_an_answer_that_somebody_else_overruled_does_not_count() -> None:
    player = RulePlayer(crystal().game)
    for _ in range(3):
        press(player, at_the_quiz(yes_no("Is it so?")))
        player.overruled()
        press(player, at_the_quiz(yes_no("Is it so?")))
    assert press(player, at_the_quiz(yes_no("Is it so?"))) is Button.B


def test_who_has_the_card_is_not_quizzed_and_others_are_believed() -> None:
    player = RulePlayer(crystal().game)
    done = [press(player, at_the_quiz({**yes_no("Again?"), "wPokegearFlags": b"\x02"})) for _ in range(2)]
    assert done == [Button.A] * 2
    earl = crystal_on(FLOOR, (4, 5), {**UP, **yes_no("Again?")}, map_key="VIOLET_CITY", things={1: (4, 4)})
    assert press(RulePlayer(crystal().game), earl) is Button.B, "nothing but no lets him go home"
    elsewhere = crystal_on(FLOOR, (4, 5), {**UP, **yes_no("Help me?")}, map_key="LAKE_OF_RAGE", things={1: (4, 4)})
    assert press(RulePlayer(crystal().game), elsewhere) is Button.A, (
        "no is among the outcomes there, but yes is what the story wants"
    )


@pytest.mark.parametrize("cursor", [0, 1, 2])
def test_the_shrines_questions_get_their_right_lines(cursor: int) -> None:
    """Lines 1 and 3, 1 and 2, 2 and 3, 1 and 3, and 2 are right; a question asked again keeps its number."""
    player = RulePlayer(crystal().game)
    for number, right in enumerate([{1, 3}, {1, 2}, {2, 3}, {1, 3}, {2}]):
        lines = tuple(f"{word} {chr(ord('A') + number)}" for word in ("One", "Two", "Three"))
        for _ in range(2):
            state = in_the_shrine(menu_shown(lines, cursor))
            option = player.choose(state)
            assert option.index is not None and option.index + 1 in right, (number, option)
            assert [one.index for one in player.options(state) if one.value == option.value] == [
                line - 1 for line in sorted(right)
            ]
            player.act(state, option)


def test_after_the_test_a_list_is_any_list() -> None:
    player = RulePlayer(crystal().game)
    options = player.options(in_the_shrine(menu_shown(("One", "Two", "Three"), 0), scene=1))
    assert options[0].index == 0 and len({one.value for one in options[:3]}) == 1

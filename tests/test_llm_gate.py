"""The language model is not asked where its answer could not make a difference."""

from __future__ import annotations

from core.agent.llm_gate import matters
from core.rules.values import GATE, worth
from core.vocabulary import BuyItems, Option, OptionKind


def option(kind: OptionKind, value: float, menu_task: BuyItems | None = None) -> Option:
    return Option(kind, kind.value, kind.value, value=value, menu_task=menu_task)


WINS = option(OptionKind.FIGHT, GATE.surely_won + 0.05)
HINDERS = option(OptionKind.FIGHT, 0.3)
FLEES = option(OptionKind.RUN, 0.15)


def test_a_fight_that_is_as_good_as_won_needs_no_counsel() -> None:
    assert not matters((WINS, HINDERS, FLEES))
    assert matters((option(OptionKind.FIGHT, GATE.surely_won - 0.1), HINDERS, FLEES)), "it may be lost"
    assert matters((WINS, option(OptionKind.CATCH, 0.6))), "it may be caught"
    assert matters((option(OptionKind.RUN, 0.85), WINS))


def test_a_menu_that_was_opened_for_a_menu_task_is_no_new_question() -> None:
    close = option(OptionKind.CLOSE_MENU, 0.1)
    assert not matters((option(OptionKind.BUY, 0.9, BuyItems(())), close))
    assert matters((option(OptionKind.BUY, 0.9, BuyItems(())), option(OptionKind.GO_TO, 0.8))), "whether to go and buy"
    assert matters((option(OptionKind.ANSWER, 0.6), close))
    assert matters((option(OptionKind.GO_TO, 0.8), option(OptionKind.TALK, 0.4)))


def test_who_went_to_rest_says_yes_to_the_nurse() -> None:
    answers = (option(OptionKind.ANSWER, 0.6), option(OptionKind.ANSWER, 0.3))
    assert not matters(answers, under_way=OptionKind.HEAL)
    assert matters(answers, under_way=OptionKind.TALK)


def test_who_can_hardly_stand_has_no_choice_but_to_rest() -> None:
    near, far = option(OptionKind.HEAL, 0.95), option(OptionKind.HEAL, 0.9)
    assert not matters((near, far, option(OptionKind.GO_TO, 0.8)))
    assert matters((near, far, option(OptionKind.BUY, 0.9)))
    assert matters((option(OptionKind.HEAL, 0.85), option(OptionKind.GO_TO, 0.8))), "a scratch"


def test_a_fight_is_as_good_as_won_from_a_chance_of_nine_in_ten() -> None:
    assert not matters((option(OptionKind.FIGHT, worth(0.93)), HINDERS, FLEES))
    assert matters((option(OptionKind.FIGHT, worth(0.88)), HINDERS, FLEES))


def test_from_which_worth_on_another_kind_of_option_is_an_alternative() -> None:
    assert matters((WINS, option(OptionKind.CATCH, 0.5)))
    assert not matters((WINS, option(OptionKind.CATCH, 0.49)))
    assert not matters((WINS, option(OptionKind.FIGHT, 0.6))), "another move for the same fight"


def test_a_rest_leaves_no_choice_from_a_tenth_more_on() -> None:
    rest = option(OptionKind.HEAL, 0.95)
    assert not matters((rest, option(OptionKind.GO_TO, 0.84)))
    assert matters((rest, option(OptionKind.GO_TO, 0.86)))

"""The values of options stand in one file, in an order that cannot be broken unnoticed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from core.game.game_data import load_game
from core.game.profile import game_named
from core.rules.values import (
    GATE,
    IN_A_FIGHT,
    IN_MENUS,
    MARGINS,
    MOST_FREE_CHOICES,
    ON_THE_WAY,
    REFUSED_FACTOR,
    REPETITION_FACTOR,
    near,
    worth,
)

ROOT = Path(__file__).resolve().parent.parent
TABLES = (ON_THE_WAY, IN_A_FIGHT, IN_MENUS)
NEIGHBOURS = [
    pytest.param(table, lower.name, higher.name, id=f"{type(table).__name__}: {lower.name} < {higher.name}")
    for table in TABLES
    for lower, higher in pairwise(fields(table))
]


@pytest.mark.parametrize(("table", "lower", "higher"), NEIGHBOURS)
def test_two_values_cannot_change_places(table: Any, lower: str, higher: str) -> None:
    swapped = {lower: getattr(table, higher), higher: getattr(table, lower)}
    with pytest.raises(ValueError, match="option values out of order"):
        replace(table, **swapped)


def test_a_story_that_is_not_pressing_is_refused() -> None:
    """With 0.7 the option cache would overlook it."""
    for story in (0.7, 0.75, 0.78):
        with pytest.raises(ValueError, match="pressing"):
            replace(ON_THE_WAY, story=story)


@pytest.mark.parametrize("name", [one.name for one in fields(MARGINS) if one.name not in ("free_choice", "record")])
def test_the_record_settles_free_choices_and_no_opinion(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        replace(MARGINS, **{name: 2 * MARGINS.record})


def test_a_free_choice_is_within_the_reach_of_the_record() -> None:
    for step in (0.0, 2 * MARGINS.record):
        with pytest.raises(ValueError, match="free choices"):
            replace(MARGINS, free_choice=step)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rest_margin": MARGINS.rest_at_hand},
        {"rest_margin": MARGINS.rest_at_hand + 0.1},
        {"rest_margin": 2 * MARGINS.record},
        {"rival": 0.6},
        {"rival": 0.15},
        {"surely_won": 0.7},
        {"surely_won": 0.76},
    ],
)
def test_the_gate_knows_what_a_fight_is_worth(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        replace(GATE, **wrong)


def test_every_worth_lies_between_the_values_that_it_competes_with() -> None:
    assert IN_A_FIGHT.weak_move < worth(0.0) < worth(0.0, 1.0) < worth(1.0) < worth(1.0, 1.0) < IN_A_FIGHT.potion
    assert [worth(0.0), worth(0.5), worth(1.0), worth(1.0, 1.0)] == pytest.approx([0.4, 0.575, 0.75, 0.85])
    assert [near(0), near(20), near(60), near(120)] == pytest.approx([1.0, 0.75, 0.5, 1 / 3])


def test_every_value_is_a_share_of_one_and_what_went_wrong_before_is_worth_less() -> None:
    values = [getattr(table, one.name) for table in (*TABLES, MARGINS, GATE) for one in fields(table)]
    assert all(0 < value < 1 for value in values)
    assert 0 < REFUSED_FACTOR < 1 and 0 < REPETITION_FACTOR < 1


@pytest.mark.parametrize(
    ("table", "changed", "complaint"),
    [
        (ON_THE_WAY, {"most": 0.985}, "a rest at hand is worth more"),  # 0.8 + 0.19
        (ON_THE_WAY, {"order": 0.88}, "the shop at hand comes before"),  # 0.84 + 0.05
        (IN_A_FIGHT, {"flight": 0.84}, "the best turn would come before the flight"),  # 0.4 + 0.35 + 0.1
        (
            IN_A_FIGHT,
            {"weaken": 0.915},
            "turn the weakening before the ball round",
        ),  # 0.0125 in between, the record 0.016
        (IN_MENUS, {"likely": 0.89}, "worth less than to close the list"),  # 0.89 - 0.6
        (IN_MENUS, {"leaving": 0.05, "close": 0.15}, "in a fight it ends lists"),
        (IN_MENUS, {"likely": 1.0, "close": 0.4}, "in a fight it ends lists"),
    ],
)
def test_values_of_two_kinds_cannot_change_places(table: Any, changed: dict[str, float], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        replace(table, **changed)


@pytest.mark.parametrize("name", ["fernvale", "crystal"])
def test_no_milestone_has_more_free_choices_than_the_story_can_bear(name: str) -> None:
    game = load_game(game_named(name))
    assert 0 < max(len(game.objectives.objectives(one)) for one in game.milestones) <= MOST_FREE_CHOICES


def test_no_other_file_writes_a_value_down() -> None:
    """Neither where an option is made nor where its value is compared."""
    files = [path for room in ("rules", "agent") for path in sorted((ROOT / "core" / room).rglob("*.py"))]
    found = [
        f"{path.relative_to(ROOT)}:{number.lineno}: {number.value}"
        for path in files
        if path.name != "values.py"
        for number in _numbers_beside_values(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not found, "name it in core/rules/values.py:\n" + "\n".join(found)


def _numbers_beside_values(tree: ast.AST) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "value":
            yield from _fractions(node.value)
        elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(one, ast.Name) and one.id == "value" for one in targets) and node.value is not None:
                yield from _fractions(node.value)
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(isinstance(one, ast.Attribute) and one.attr == "value" for one in sides):
                yield from _fractions(node)


def _fractions(node: ast.AST) -> Iterator[ast.Constant]:
    numbers = (one for one in ast.walk(node) if isinstance(one, ast.Constant))
    return (one for one in numbers if isinstance(one.value, float) and 0.0 < one.value < 1.0)

"""Ordinary chat answers count in every text world: what stands around an answer never costs it."""

from __future__ import annotations

import pytest

from core.worlds.base import TextWorld
from core.worlds.builtin.math import Math
from core.worlds.builtin.plan_path import PlanPath
from core.worlds.builtin.sokoban import Sokoban
from core.worlds.builtin.sudoku import Sudoku
from core.worlds.chat_answer import bare_answer, unfenced
from core.worlds.grid import parse_moves

PATH, BARE_PATH = PlanPath(size=5), PlanPath(size=5, with_tool=False)
AROUND = (
    "{}",
    " {}\n",
    "{}.",
    "`{}`",
    "**{}**",
    '"{}"',
    "\\boxed{{{}}}",
    "```\n{}\n```",
    "```text\n{}\n```",
    "<think></think>\n\n{}",
    "<think>Up or down? R is a wall.</think>\n{}.",
)


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("world", [PATH, BARE_PATH, Sokoban(), Sudoku(), Math()], ids=lambda world: world.name)
def test_what_stands_around_an_answer_changes_nothing(world: TextWorld[object], around: str) -> None:
    state = world.initial(5)
    for role in world.roles:
        gold = world.gold(state, role)
        assert world.play(state, role, around.format(gold)) == world.play(state, role, gold)
        state = world.play(state, role, gold).state


@pytest.mark.parametrize(
    "answer", ["U, R, R, D", "URRD", "urrd", "U R R D.", "up, right, right, down", "U -> R -> R -> D", "U\nR\nR\nD"]
)
def test_moves_are_read_as_people_write_them(answer: str) -> None:
    assert parse_moves(answer) == "URRD"


@pytest.mark.parametrize("answer", ["", ".", "I go up", "URX", "12", "UP or DOWN", "```\nU\n```\n```\nD\n```"])
def test_what_is_not_moves_alone_is_none(answer: str) -> None:
    assert parse_moves(answer) is None


@pytest.mark.parametrize("tool", ["BFS", "bfs.", "Bfs", "`bfs`"])
def test_a_tool_is_called_in_any_case(tool: str) -> None:
    state = PATH.initial(5)
    assert PATH.play(state, "tool", tool) == PATH.play(state, "tool", "bfs")
    assert PATH.play(state, "tool", "call bfs").local_reward < 0, "nothing is searched for"


@pytest.mark.parametrize("rows", ["{} {} {} {}", "{}\n{}\n{}\n{}", "{}, {}, {}, {}", "{}\n\n{}\n\n{}\n\n{}"])
def test_a_grid_is_read_however_its_rows_are_set(rows: str) -> None:
    world = Sudoku(with_tool=False)
    state = world.initial(5)
    gold = world.gold(state, "solver").split()
    assert world.play(state, "solver", rows.format(*gold)).success
    assert world.play(state, "solver", rows.format(*(" ".join(row) for row in gold))).success


def test_a_program_is_what_its_one_fence_holds() -> None:
    program = "def solve(x):\n    return x + 1"
    assert unfenced(program) == program
    assert unfenced(f"Here it is:\n```python\n{program}\n```\nIt adds one.") == program
    assert unfenced(f"<think>```a``` ```b```</think>```\n{program}\n```") == program


def test_a_sentence_about_an_answer_stays_a_sentence() -> None:
    assert bare_answer("The answer is 5") == "The answer is 5"
    assert bare_answer("It is \\boxed{5}.") == "5"

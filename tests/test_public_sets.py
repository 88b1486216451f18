"""Problems in the file formats of the public sets: read, split, judged. The problems themselves were made here."""

from __future__ import annotations

import base64
import json
import pickle
import zlib
from pathlib import Path
from typing import Any

import pytest

from core.exceptions import ConfigurationError
from core.worlds.base import FIRST_TEST_SEED, FIRST_TRAINING_SEED, FIRST_VALIDATION_SEED
from core.worlds.builtin.code_set import CodeSet
from core.worlds.builtin.math_set import MathSet
from core.worlds.code_problems import AssertTest, CallTest, InputTest, read_code_problems
from core.worlds.math_problems import read_math_problems, same_answer
from core.worlds.registry import make_world
from core.worlds.sandbox import missing_protection
from core.worlds.split import Split

needs_sandbox = pytest.mark.skipif(missing_protection() is not None, reason=f"no sandbox: {missing_protection()}")

APPS_INPUT = {
    "problem_id": 7,
    "question": "Print the sum of two numbers.",
    "solutions": json.dumps(["a, b = map(int, input().split())\nprint(a + b)"]),
    "input_output": json.dumps({"inputs": ["1 2\n", "5 6\n"], "outputs": ["3\n", "11\n"]}),
    "difficulty": "introductory",
    "url": "",
    "starter_code": "",
}
APPS_CALL = {
    **APPS_INPUT,
    "problem_id": 8,
    "question": "Return the longest word.",
    "solutions": json.dumps(["class Solution:\n    def longest(self, words):\n        return max(words, key=len)"]),
    "input_output": json.dumps({"fn_name": "longest", "inputs": [[["a", "bcd"]]], "outputs": ["bcd"]}),
    "starter_code": "class Solution:\n    def longest(self, words):\n",
}
HIDDEN = json.dumps([{"input": "[1, 2]\n3", "output": "6", "testtype": "functional"}])
LIVE_CALL = {
    "question_title": "Sum",
    "question_content": "Add a number to the sum of a list.",
    "question_id": "sum_1",
    "starter_code": "class Solution:\n    def total(self, numbers, more):\n",
    "public_test_cases": json.dumps([{"input": "[]\n4", "output": "4", "testtype": "functional"}]),
    "private_test_cases": base64.b64encode(zlib.compress(pickle.dumps(HIDDEN))).decode(),
    "metadata": json.dumps({"func_name": "total"}),
}
LIVE_INPUT = {
    **LIVE_CALL,
    "question_id": "echo_1",
    "starter_code": "",
    "public_test_cases": json.dumps([{"input": "hello", "output": "hello", "testtype": "stdin"}]),
    "private_test_cases": "[]",
    "metadata": "{}",
}
MBPP = {
    "task_id": 11,
    "text": "Write a function to double a number.",
    "code": "def double(n):\n    return 2 * n",
    "test_list": ["assert double(2) == 4", "assert double(-3) == -6"],
    "test_setup_code": "",
    "challenge_test_list": [],
}
HUMAN_EVAL = {
    "task_id": "Made/0",
    "prompt": 'def half(x):\n    """Half of x."""\n',
    "entry_point": "half",
    "canonical_solution": "    return x / 2\n",
    "test": "def check(candidate):\n    assert abs(candidate(3) - 1.5) < 1e-6\n    assert candidate(0) == 0\n",
}


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_every_format_is_read(tmp_path: Path) -> None:
    rows = [APPS_INPUT, APPS_CALL, LIVE_CALL, LIVE_INPUT, MBPP, HUMAN_EVAL]
    apps, call, live, echo, mbpp, human = read_code_problems(write(tmp_path / "all.jsonl", rows))
    assert apps.tests == (InputTest("1 2\n", "3\n"), InputTest("5 6\n", "11\n")) and not apps.function
    assert call.function == "longest" and call.tests == (CallTest('[["a", "bcd"]]', '"bcd"'),)
    assert live.tests == (CallTest("[[], 4]", "4"), CallTest("[[1, 2], 3]", "6")), "the packed tests are there, too"
    assert echo.tests == (InputTest("hello", "hello"),) and not live.solution
    assert mbpp.function == "double" and mbpp.tests == (CallTest("[2]", "4"), CallTest("[-3]", "-6"))
    assert "assert double(2) == 4" in mbpp.statement
    assert human.function == "half" and len(human.tests) == 1 and isinstance(human.tests[0], AssertTest)
    (tmp_path / "list.json").write_text(json.dumps([MBPP, MBPP]), encoding="utf-8")
    assert len(read_code_problems(tmp_path / "list.json")) == 2


@needs_sandbox
def test_reference_solutions_score_full_marks_and_tricks_do_not(tmp_path: Path) -> None:
    rows = [APPS_INPUT, APPS_CALL, MBPP, HUMAN_EVAL, {**MBPP, "test_list": ["assert double(2) == 4"]}]
    world = CodeSet(str(write(tmp_path / "all.jsonl", rows)))
    seeds = [FIRST_TRAINING_SEED, FIRST_TRAINING_SEED + 1, FIRST_TRAINING_SEED + 2, FIRST_VALIDATION_SEED]
    for seed in [*seeds, FIRST_TEST_SEED]:
        world.validate(seed)
        state = world.initial(seed)
        assert state.problem.statement.strip() in world.prompt(state, "coder")
        for trick in (
            "import os\nos._exit(0)",
            "raise SystemExit",
            "class Any:\n    def __eq__(self, other): return True\ndouble = longest = half = lambda *a: Any()",
            "print('true')",
        ):
            if isinstance(state.problem.tests[0], AssertTest) and "__eq__" in trick:
                continue  # a comparison inside the program's own process cannot be guarded
            turn = world.play(state, "coder", trick)
            assert not turn.success and turn.team_reward < 0.5, trick
        turn = world.play(state, "coder", f"```python\n{world.gold(state, 'coder')}\n```")
        assert turn.success and turn.team_reward == 1.0
        assert world.play(state, "coder", "").local_reward < 0


@needs_sandbox
def test_a_failed_program_is_told_how_and_the_next_one_is_paid_the_difference(tmp_path: Path) -> None:
    world = CodeSet(str(write(tmp_path / "mbpp.jsonl", [MBPP, MBPP, MBPP])))
    state = world.initial(0)
    half = world.play(state, "coder", "def double(n):\n    return -6")
    assert half.team_reward == pytest.approx(0.25) and half.feedback == "1 of 2 tests"
    assert "double(2) gave -6, not 4" in world.prompt(half.state, "coder")
    right = world.play(half.state, "coder", "def double(n):\n    return n + n")
    assert right.success and right.team_reward == pytest.approx(0.75)


def test_training_validation_and_test_never_meet() -> None:
    split = Split(range(50), "numbers")
    parts = [
        {split.index(first + number) for number in range(200)}
        for first in (FIRST_TRAINING_SEED, FIRST_VALIDATION_SEED, FIRST_TEST_SEED)
    ]
    assert [len(part) for part in parts] == [40, 5, 5]
    assert set.union(*parts) == set(range(50))
    with pytest.raises(ConfigurationError, match="has 2 problems"):
        Split([1, 2], "few.jsonl")


MATH_ROWS = [
    {"question": "Tom has 4 apples and eats 1. How many are left?", "answer": "He has 4-1=<<4-1=3>>3.\n#### 3"},
    {"problem": "What is half?", "level": "Level 1", "type": "Algebra", "solution": "It is $\\boxed{\\frac{1}{2}}$."},
    {"problem": "Count.", "solution": "long", "answer": "1,024", "subject": "Counting", "unique_id": "test/1.json"},
    {"ID": "2024-I-1", "Problem": "Find n.", "Solution": "n is 204", "Answer": 204},
    {"question": "Find m.", "answer": "073"},
]


def test_mathematics_sets_are_read_and_judged(tmp_path: Path) -> None:
    path = write(tmp_path / "math.jsonl", MATH_ROWS)
    assert [problem.answer for problem in read_math_problems(path)] == ["3", "\\frac{1}{2}", "1,024", "204", "073"]
    world = MathSet(str(path))
    for first in (FIRST_TRAINING_SEED, FIRST_TRAINING_SEED + 1, FIRST_VALIDATION_SEED, FIRST_TEST_SEED):
        world.validate(first)
        state = world.initial(first)
        assert not world.play(state, "reasoner", "\\boxed{99999}").success
        assert world.play(state, "reasoner", "").local_reward < 0
        assert world.play(state, "tool", "import os").local_reward < 0
        twice = world.play(world.play(state, "tool", "1+1").state, "tool", "1+1")
        assert twice.local_reward == 0.0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1/2", "\\frac{1}{2}", True),
        ("0.5", "\\dfrac{1}{2}", True),
        ("$1,024$", "1024", True),
        ("073", "73", True),
        ("\\boxed{x^2 + 1}", "x^2+1", True),
        ("\\text{Monday}", "monday.", True),
        ("45^\\circ", "45", True),
        ("\\left( 3, \\frac{\\pi}{2} \\right)", "(3,\\frac{\\pi}{2})", True),
        ("10%", "10\\%", True),
        ("3", "4", False),
        ("x+1", "x-1", False),
        ("1/0", "0", False),
    ],
)
def test_when_two_answers_are_the_same(one: str, other: str, same: bool) -> None:
    assert same_answer(one, other) is same


def test_bad_files_say_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot read the problems"):
        make_world("code_set", {"problems": str(tmp_path / "none.jsonl")})
    with pytest.raises(ConfigurationError, match="of no format that is known"):
        read_code_problems(write(tmp_path / "odd.jsonl", [{"riddle": "?"}]))
    with pytest.raises(ConfigurationError, match="problem 2 has no answer"):
        read_math_problems(write(tmp_path / "math.jsonl", [MATH_ROWS[0], {"question": "Why?"}]))
    (tmp_path / "page.jsonl").write_text("<html>")
    with pytest.raises(ConfigurationError, match="neither JSON lines nor a JSON list"):
        read_math_problems(tmp_path / "page.jsonl")


def test_packed_tests_run_no_code(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "exploded",))

    packed = base64.b64encode(zlib.compress(pickle.dumps(Bomb()))).decode()
    with pytest.raises(ConfigurationError, match="only text is unpacked"):
        read_code_problems(write(tmp_path / "bomb.jsonl", [{**LIVE_CALL, "private_test_cases": packed}]))
    assert not (tmp_path / "exploded").exists()
    with pytest.raises(ConfigurationError, match="damaged"):
        read_code_problems(write(tmp_path / "cut.jsonl", [{**LIVE_CALL, "private_test_cases": "AAAA"}]))

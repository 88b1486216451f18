"""Code: a tester proposes checks, a coder writes a program, hidden tests in the sandbox score it.

A generator makes the problems: a few steps of whole-number arithmetic, in words. So there are always unseen ones, and
the hidden tests are right by construction. The coder sees the tester's checks, and which of them its last program
failed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar

from core.worlds.base import Practice, TextWorld, Turn, WorldPreset
from core.worlds.chat_answer import unfenced
from core.worlds.registry import TEXT_WORLDS
from core.worlds.sandbox import Limits, call_function

MALFORMED_PENALTY = -0.1
HIDDEN_TESTS = 6
MOST_CHECKS = 3
LONGEST_PROGRAM = 4000
"""Characters."""
_CHECK = re.compile(r"solve\((-?\d{1,6})\) == (-?\d{1,12})")
_LIMITS = Limits(wall_s=4.0, processor_s=1)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a problem, in words and as an expression in x."""

    words: str
    expression: str
    apply: Callable[[int, int], int]


STEPS = (
    Step("add {k}", "x + {k}", lambda x, k: x + k),
    Step("subtract {k}", "x - {k}", lambda x, k: x - k),
    Step("multiply by {k}", "x * {k}", lambda x, k: x * k),
    Step("take the larger of it and {k}", "max(x, {k})", max),
    Step("take the smaller of it and {k}", "min(x, {k})", min),
    Step("take the remainder by {k}", "x % {k}", lambda x, k: x % k),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """Steps with their numbers, in order."""

    steps: tuple[tuple[int, int], ...]
    """Index into `STEPS`, and k."""
    inputs: tuple[int, ...]
    """Inputs of the hidden tests."""

    def expected(self, x: int) -> int:
        """The right result for x."""
        for index, k in self.steps:
            x = STEPS[index].apply(x, k)
        return x

    def words(self) -> str:
        """The problem in words."""
        return ", then ".join(STEPS[index].words.format(k=k) for index, k in self.steps)

    def program(self) -> str:
        """A program that solves it."""
        lines = [f"    x = {STEPS[index].expression.format(k=k)}" for index, k in self.steps]
        return "\n".join(["def solve(x):", *lines, "    return x"])


@dataclass(frozen=True, slots=True)
class CodeState:
    """A problem, the tester's checks, and the last program with its score."""

    problem: Problem
    checks: tuple[tuple[int, int], ...] = ()
    checks_worth: float = 0.0
    failed: str = ""
    """The first check that the last program failed, for the coder's next try."""
    score: float = 0.0


@TEXT_WORLDS.register("code")
class Code(TextWorld[CodeState]):
    """Programs of `steps` arithmetic steps."""

    name = "code"
    preset = WorldPreset({"max_rounds": 2}, {"max_new_tokens": 64, "batch_size": 8, "eval_episodes": 20})
    """The world has no single agent: its roles are what it is about."""
    instructions: ClassVar[Mapping[str, str]] = {
        "tester": (
            "Another player will write a Python function solve(x) of one whole number. Propose checks: one to three "
            "lines like solve(2) == 5, with the right results, nothing else."
        ),
        "coder": (
            "Write a Python function solve(x) that takes a whole number and returns the result. "
            "Answer with the program, nothing else."
        ),
    }
    trials = ()
    """None: programs need a sandbox, and a test of its own says so."""
    roles = ("tester", "coder")

    def __init__(self, steps: int = 1, max_rounds: int = 2) -> None:
        self.steps = steps
        self.max_rounds = max_rounds

    def initial(self, seed: int) -> CodeState:
        """The problem of that seed: its steps, numbers and hidden inputs."""
        return CodeState(self._draw(random.Random(f"{self.name}-{self.steps}-{seed}")))

    def prompt(self, state: CodeState, role: str) -> str:
        """The problem in words, the checks, and the last program's failure."""
        if role == "tester":
            return f"Problem: {state.problem.words()}.\nCheck solve(x) on three numbers."
        checks = "".join(f"solve({x}) == {y}\n" for x, y in state.checks)
        failed = f"Failed: {state.failed}\n" if state.failed else ""
        return f"Problem: {state.problem.words()}.\n{checks}{failed}Write solve(x)."

    def play(self, state: CodeState, role: str, answer: str) -> Turn[CodeState]:
        """The tester says lines like `solve(2) == 5`; the coder says a Python program with a function `solve`."""
        return self._check(state, answer) if role == "tester" else self._write(state, answer)

    def gold(self, state: CodeState, role: str) -> str:
        """Right checks on the first hidden inputs' neighbours; the program."""
        if role == "coder":
            return state.problem.program()
        return "\n".join(f"solve({x}) == {state.problem.expected(x)}" for x in range(MOST_CHECKS))

    def practice(self, seed: int, role: str, rng: random.Random, repeat_share: float = 0.5) -> Practice:
        """Checks with random results; the program of another problem."""
        state = self.initial(seed)
        checks = tuple((rng.randint(0, 20), rng.randint(0, 40)) for _ in range(MOST_CHECKS))
        if role == "tester":
            return Practice(self.prompt(state, role), "\n".join(f"solve({x}) == {y}" for x, y in checks))
        return Practice(self.prompt(replace(state, checks=checks), role), self._draw(rng).program())

    def _draw(self, rng: random.Random) -> Problem:
        steps = tuple((rng.randrange(len(STEPS)), rng.randint(2, 9)) for _ in range(self.steps))
        return Problem(steps, tuple(rng.sample(range(-50, 100), HIDDEN_TESTS)))

    def _check(self, state: CodeState, answer: str) -> Turn[CodeState]:
        lines = unfenced(answer).splitlines()
        found = [_CHECK.fullmatch(line.strip()) for line in lines[: MOST_CHECKS + 1]]
        if not found or len(found) > MOST_CHECKS or not all(found):
            fault = f"checks are one to {MOST_CHECKS} lines like solve(2) == 5"
            return Turn(state, MALFORMED_PENALTY, 0.0, False, False, fault)
        checks = tuple((int(match[1]), int(match[2])) for match in found if match)
        right = {x for x, y in checks if state.problem.expected(x) == y}
        worth = len(right) / MOST_CHECKS
        after = replace(state, checks=checks, checks_worth=worth)
        return Turn(after, worth - state.checks_worth, 0.0, False, False)

    def _write(self, state: CodeState, answer: str) -> Turn[CodeState]:
        program = unfenced(answer)
        if "def solve(" not in program or len(program) > LONGEST_PROGRAM:
            fault = f"a program defines solve(x) in at most {LONGEST_PROGRAM} characters"
            return Turn(state, MALFORMED_PENALTY, 0.0, False, False, fault)
        results = _results(program, (*state.problem.inputs, *(x for x, _ in state.checks)))
        hidden, shown = results[:HIDDEN_TESTS], results[HIDDEN_TESTS:]
        passed = sum(y == state.problem.expected(x) for x, y in zip(state.problem.inputs, hidden, strict=False))
        score = 1.0 if passed == HIDDEN_TESTS else 0.5 * passed / HIDDEN_TESTS
        wrong = [f"solve({x}) gave {got!r}" for (x, y), got in zip(state.checks, shown, strict=False) if got != y]
        after = replace(state, failed=wrong[0][:80] if wrong else "", score=score)
        done = score == 1.0
        return Turn(after, 0.0, score - state.score, done, done, "" if done else f"{passed} of {HIDDEN_TESTS} tests")


@lru_cache(maxsize=4096)
def _results(program: str, inputs: tuple[int, ...]) -> tuple[object, ...]:
    """`solve`'s results, all but whole numbers as text. Cached: candidates are often the same program."""
    results = call_function(program, "solve", inputs, _LIMITS)
    return tuple(result if type(result) is int else str(result) for result in results)

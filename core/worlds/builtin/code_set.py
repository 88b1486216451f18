"""Programming problems of the public sets: a coder writes a program, the set's tests judge it in the sandbox.

The problems come from a file that the user names (`code_problems.py` lists the formats). One test of a problem is
shown: if the program fails it, the coder sees how and tries again in the next round. The others stay hidden.
"""

from __future__ import annotations

import json
import random
import secrets
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from core.exceptions import TrainingError
from core.worlds.base import Practice, TextWorld, Turn
from core.worlds.chat_answer import unfenced
from core.worlds.code_problems import AssertTest, CallTest, CodeProblem, InputTest, Test, read_code_problems
from core.worlds.registry import TEXT_WORLDS
from core.worlds.sandbox import Ending, Limits, call_function, run_program
from core.worlds.split import Split

MALFORMED_PENALTY = -0.1
LONGEST_PROGRAM = 20_000
"""Characters."""
MOST_TESTS = 12
"""Tests per problem; public sets have up to hundreds, and each costs a process or a call."""
LONGEST_SHOWN = 200
"""Characters of a failed test that the coder sees."""
_LIMITS = Limits(wall_s=6.0, processor_s=3)


@dataclass(frozen=True, slots=True)
class CodeSetState:
    """A problem, and the score of its last program."""

    problem: CodeProblem
    failed: str = ""
    """How the last program failed the shown test."""
    score: float = 0.0


@TEXT_WORLDS.register("code_set")
class CodeSet(TextWorld[CodeSetState]):
    """Problems of the file `problems`."""

    name = "code_set"
    file_options = ("problems",)
    trials = ()
    """None: it needs a file of problems."""
    roles = ("coder",)

    def __init__(self, problems: str, max_rounds: int = 2) -> None:
        self._problems = read_code_problems(problems)
        self._split = Split(self._problems, str(Path(problems)))
        self.max_rounds = max_rounds

    def initial(self, seed: int) -> CodeSetState:
        """A problem from the seed's part of the file (`split.py`)."""
        return CodeSetState(self._problems[self._split.index(seed)])

    def prompt(self, state: CodeSetState, role: str) -> str:
        """The problem as the set states it, and how the last program failed."""
        problem = state.problem
        starter = f"\n\nBegin with:\n{problem.starter}" if problem.starter else ""
        task = f"Define {problem.function}." if problem.function else "Read the input, print the answer."
        failed = f"\n\nYour last program failed: {state.failed}" if state.failed else ""
        return f"{problem.statement.strip()}{starter}{failed}\n\nWrite a Python program. {task}"

    def play(self, state: CodeSetState, role: str, answer: str) -> Turn[CodeSetState]:
        """The coder says a program, plain or in one code fence."""
        program = unfenced(answer)
        if not program or len(program) > LONGEST_PROGRAM:
            fault = f"the answer is a program of at most {LONGEST_PROGRAM} characters"
            return Turn(state, MALFORMED_PENALTY, 0.0, False, False, fault)
        tests = state.problem.tests[:MOST_TESTS]
        faults = _faults(program, state.problem.function, tests)
        passed = sum(fault == "" for fault in faults)
        score = 1.0 if passed == len(tests) else 0.5 * passed / len(tests)
        after = replace(state, failed=faults[0][:LONGEST_SHOWN], score=score)
        done = score == 1.0
        return Turn(after, 0.0, score - state.score, done, done, "" if done else f"{passed} of {len(tests)} tests")

    def gold(self, state: CodeSetState, role: str) -> str:
        """The set's reference solution. Raises `TrainingError` when it has none."""
        if not state.problem.solution:
            raise TrainingError(f"problem {state.problem.name} comes without a reference solution")
        return state.problem.solution

    def practice(self, seed: int, role: str, rng: random.Random, repeat_share: float = 0.5) -> Practice:
        """The solution of another problem, or an empty function where there is none."""
        other = self.initial(rng.randrange(len(self._problems))).problem
        program = other.solution or f"def {other.function or 'main'}(*arguments):\n    return None"
        return Practice(self.prompt(self.initial(seed), role), program)


@lru_cache(maxsize=1024)
def _faults(program: str, function: str, tests: tuple[Test, ...]) -> tuple[str, ...]:
    """For each test an empty text, or what went wrong. Cached: candidates are often the same program."""
    calls = [test for test in tests if isinstance(test, CallTest)]
    called = iter(_call_faults(program, function, calls) if calls else ())
    faults: list[str] = []
    for test in tests:
        match test:
            case CallTest():
                faults.append(next(called))
            case InputTest():
                faults.append(_input_fault(program, test))
            case AssertTest():
                faults.append(_assert_fault(program, test))
    return tuple(faults)


def _call_faults(program: str, function: str, calls: list[CallTest]) -> list[str]:
    """All calls in one process; results are compared here, out of the program's reach."""
    entry = f"_entry_{secrets.token_hex(8)}"
    adaptor = (
        f"\n\ndef {entry}(arguments):\n"
        f"    owner = globals().get('Solution')\n"
        f"    function = getattr(owner(), {function!r}) if hasattr(owner, {function!r}) else {function}\n"
        f"    return function(*arguments)\n"
    )
    results = call_function(program + adaptor, entry, [json.loads(call.arguments) for call in calls], _LIMITS)
    faults: list[str] = []
    for index, call in enumerate(calls):
        got, expected = results[index] if index < len(results) else "no answer", json.loads(call.expected)
        same = json.dumps(got) == json.dumps(expected)  # so that True is not 1 and 1.0 is not 1
        faults.append("" if same else f"{function}({call.arguments[1:-1]}) gave {got!r}, not {expected!r}")
    return faults


def _input_fault(program: str, test: InputTest) -> str:
    run = run_program(program, test.given, _LIMITS)
    if run.ending is not Ending.FINISHED:
        return f"{run.ending.value} {run.error}".strip()
    same = _lines(run.output) == _lines(test.expected)
    return (
        "" if same else f"for the input {test.given[:80]!r} it printed {run.output[:80]!r}, not {test.expected[:80]!r}"
    )


def _assert_fault(program: str, test: AssertTest) -> str:
    """The run must print a word that the program cannot know in advance: leaving early does not pass."""
    word, entry = secrets.token_hex(8), f"_entry_{secrets.token_hex(8)}"
    body = "\n".join(f"    {line}" for line in test.source.splitlines())
    adaptor = f"\n\ndef {entry}(word):\n{body}\n    return word\n"
    results = call_function(program + adaptor, entry, [word], _LIMITS)
    return "" if results == [word] else f"{test.source[-80:]}: {results[0] if results else 'no answer'}"


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]

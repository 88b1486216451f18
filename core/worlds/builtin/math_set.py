"""Mathematics problems of the public sets: a tool role uses the calculator, a reasoner sees the display and answers.

The problems come from a file that the user names (`math_problems.py` lists the formats). Unlike the sums of `math.py`,
a wrong answer scores 0: its distance from the right one says little here.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from pathlib import Path

from core.worlds.base import Practice, TextWorld, Turn
from core.worlds.builtin.math import calculate
from core.worlds.chat_answer import after_thought, bare_answer, boxed
from core.worlds.math_problems import MathProblem, normal_form, read_math_problems, same_answer
from core.worlds.registry import TEXT_WORLDS
from core.worlds.split import Split

MALFORMED_PENALTY = -0.1
LONGEST_ANSWER = 8000
"""Characters, a chain of thought included."""
USEFUL_DISPLAY = 0.5
"""Reward of the tool role when the display shows the answer."""


@dataclass(frozen=True, slots=True)
class MathSetState:
    """A problem, the calculator's display, and the score so far."""

    problem: MathProblem
    display: str = ""
    display_worth: float = 0.0
    score: float = 0.0


@TEXT_WORLDS.register("math_set")
class MathSet(TextWorld[MathSetState]):
    """Problems of the file `problems`."""

    name = "math_set"
    file_options = ("problems",)
    trials = ()
    """None: it needs a file of problems."""

    def __init__(self, problems: str, with_tool: bool = True, max_rounds: int = 1) -> None:
        self._problems = read_math_problems(problems)
        self._split = Split(self._problems, str(Path(problems)))
        self.roles = ("tool", "reasoner") if with_tool else ("reasoner",)
        self.max_rounds = max_rounds

    def initial(self, seed: int) -> MathSetState:
        """A problem from the seed's part of the file (`split.py`)."""
        return MathSetState(self._problems[self._split.index(seed)])

    def prompt(self, state: MathSetState, role: str) -> str:
        """The problem as the set states it, and the calculator's display."""
        if role == "tool":
            return f"{state.problem.statement}\n\nType one line of whole numbers with + - * ( ) into the calculator."
        display = f"Calculator: {state.display}\n" if state.display else ""
        return f"{state.problem.statement}\n\n{display}End with the answer in \\boxed{{}}, or say only the answer."

    def play(self, state: MathSetState, role: str, answer: str) -> Turn[MathSetState]:
        """The tool role says an expression; the reasoner's answer is its last box, else its last line."""
        if role == "tool":
            result = calculate(bare_answer(answer))
            if result is None:
                return Turn(state, MALFORMED_PENALTY, 0.0, False, False, f"the calculator rejects {answer[:20]!r}")
            worth = USEFUL_DISPLAY * same_answer(str(result), state.problem.answer)
            after = replace(state, display=str(result), display_worth=worth)
            return Turn(after, worth - state.display_worth, 0.0, False, False)
        said = after_thought(answer)
        final = boxed(said) or (said.splitlines() or [""])[-1]
        if not normal_form(final) or len(answer) > LONGEST_ANSWER:
            return Turn(state, MALFORMED_PENALTY, 0.0, False, False, "there is no answer")
        score = 1.0 if same_answer(final, state.problem.answer) else 0.0
        after, solved = replace(state, score=score), score == 1.0
        return Turn(after, 0.0, score - state.score, solved, solved)

    def gold(self, state: MathSetState, role: str) -> str:
        """The answer; the tool role types it into the calculator if it is a whole number that fits."""
        answer = state.problem.answer
        if role == "tool":
            return answer if calculate(answer) is not None else "0"
        return f"\\boxed{{{answer}}}"

    def practice(self, seed: int, role: str, rng: random.Random, repeat_share: float = 0.5) -> Practice:
        """Any sum; any number, or the one on the display."""
        state = self.initial(seed)
        if role == "tool":
            return Practice(self.prompt(state, role), f"{rng.randrange(100)}{rng.choice('+-*')}{rng.randrange(100)}")
        shown, said = str(rng.randrange(1000)), str(rng.randrange(1000))
        if "tool" not in self.roles:
            return Practice(self.prompt(state, role), said)
        answer = shown if rng.random() < repeat_share else said
        return Practice(self.prompt(replace(state, display=shown), role), answer)

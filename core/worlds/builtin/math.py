"""Math: a tool role writes an expression for the calculator, a reasoner sees the result and answers.

Problems are short sums in words, made by a generator. Without the tool role a lone reasoner must compute the answer.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from core.worlds.base import Practice, TextWorld, Turn, WorldPreset, WorldTrial
from core.worlds.chat_answer import bare_answer
from core.worlds.registry import TEXT_WORLDS

MALFORMED_PENALTY = -0.1
FIELD_PLACES = 8
"""Width of the calculator's display."""
_OPERATIONS = {"plus": "+", "minus": "-", "times": "*"}
_EXPRESSION = re.compile(r"[-+*() \d]{1,60}")
_ANSWER = re.compile(r"-?\d{1,12}")
_NEAR = 0.5
"""The highest score of a wrong answer near the right one."""


@dataclass(frozen=True, slots=True)
class MathState:
    """A sum, the calculator's last display, and the score of the last answer."""

    first: int
    operation: str
    second: int
    output: str = ""
    output_worth: float = 0.0
    score: float = 0.0

    @property
    def result(self) -> int:
        """The right answer."""
        return {
            "plus": self.first + self.second,
            "minus": self.first - self.second,
            "times": self.first * self.second,
        }[self.operation]

    @property
    def expression(self) -> str:
        """The sum as an expression for the calculator."""
        return f"{self.first}{_OPERATIONS[self.operation]}{self.second}"


@TEXT_WORLDS.register("math")
class Math(TextWorld[MathState]):
    """Sums of two whole numbers below `largest`."""

    name = "math"
    preset = WorldPreset({"max_rounds": 1}, {"max_new_tokens": 24}, alone={"with_tool": False})
    trials = (WorldTrial(answers_of_40={"tool": 3}, repeats_tool=True), WorldTrial({"with_tool": False}))
    instructions: ClassVar[Mapping[str, str]] = {
        "tool": (
            "Another player will answer this question. Type what the calculator should work out: one line of whole "
            "numbers with + - * and brackets, nothing else."
        ),
        "reasoner": "Answer this question with one whole number, nothing else.",
    }

    def __init__(self, largest: int = 100, with_tool: bool = True, max_rounds: int = 1) -> None:
        self.largest = largest
        self.roles = ("tool", "reasoner") if with_tool else ("reasoner",)
        self.max_rounds = max_rounds

    def initial(self, seed: int) -> MathState:
        """Two numbers and an operation."""
        rng = random.Random(f"{self.name}-{self.largest}-{seed}")
        first, second = rng.randrange(self.largest), rng.randrange(self.largest)
        return MathState(first, rng.choice(list(_OPERATIONS)), second)

    def prompt(self, state: MathState, role: str) -> str:
        """The sum in words, and the calculator's display."""
        question = f"What is {state.first} {state.operation} {state.second}?"
        if role == "tool":
            return f"{question}\nType into the calculator."
        display = f"Calculator: {state.output.rjust(FIELD_PLACES, '-')}\n" if state.output else ""
        return f"{question}\n{display}Answer."

    def play(self, state: MathState, role: str, answer: str) -> Turn[MathState]:
        """The tool role says an expression of whole numbers with + - * ( ); the reasoner says a whole number."""
        answer = bare_answer(answer)
        if role == "tool":
            result = calculate(answer)
            if result is None:
                return Turn(state, MALFORMED_PENALTY, 0.0, False, False, f"the calculator rejects {answer[:20]!r}")
            worth = self._score(state, result)
            after = replace(state, output=str(result)[:FIELD_PLACES], output_worth=worth)
            return Turn(after, worth - state.output_worth, 0.0, False, False)
        if not _ANSWER.fullmatch(answer):
            return Turn(state, MALFORMED_PENALTY, 0.0, False, False, "the answer is one whole number")
        score = self._score(state, int(answer))
        after, success = replace(state, score=score), score == 1.0
        return Turn(after, 0.0, score - state.score, success, success)

    def gold(self, state: MathState, role: str) -> str:
        """The sum; its result."""
        return state.expression if role == "tool" else str(state.result)

    def practice(self, seed: int, role: str, rng: random.Random, repeat_share: float = 0.5) -> Practice:
        """Any sum of two numbers of the question; any number, or the one on the display."""
        state = self.initial(seed)
        if role == "tool":
            numbers = rng.choices((state.first, state.second), k=2)
            return Practice(self.prompt(state, role), f"{numbers[0]}{rng.choice('+-*')}{numbers[1]}")
        shown, said = (str(rng.randrange(-self.largest, self.largest**2)) for _ in range(2))
        if "tool" not in self.roles:
            return Practice(self.prompt(state, role), said)
        answer = shown if rng.random() < repeat_share else said
        return Practice(self.prompt(replace(state, output=shown), role), answer)

    @staticmethod
    def _score(state: MathState, answer: int) -> float:
        if answer == state.result:
            return 1.0
        return _NEAR / (1.0 + abs(answer - state.result))


def calculate(expression: str) -> int | None:
    """The value of an expression of whole numbers with + - * and brackets; None for anything else. Runs no code."""
    if not _EXPRESSION.fullmatch(expression):
        return None
    try:
        return _value(ast.parse(expression.strip(), mode="eval").body)
    except (SyntaxError, ValueError):
        return None


def _value(node: ast.expr) -> int:
    match node:
        case ast.Constant(value=int(number)):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _value(left) + _value(right)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _value(left) - _value(right)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _value(left) * _value(right)
        case _:
            raise ValueError(f"a calculator has no {type(node).__name__}")

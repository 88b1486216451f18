"""A text world of one's own: somebody has thought of a number, and one role hunts it.

crystal-agent team train examples/own_text_world.json --dir runs/own_text_world
crystal-agent team evaluate runs/own_text_world/model_60 --config examples/own_text_world.json
"""

from __future__ import annotations

import math
import random
import re
from dataclasses import dataclass, replace

from core.worlds.base import Practice, TextWorld, Turn, WorldTrial

MALFORMED_PENALTY = -0.1
HALF_WAY = 0.5
"""The most that narrowing the range down is worth; the other half is paid for the number itself."""


@dataclass(frozen=True, slots=True)
class Hunt:
    """The number, and what the answers so far have left of the range."""

    number: int
    low: int
    high: int
    score: float = 0.0


class NumberHunt(TextWorld[Hunt]):
    """A number from 1 to `largest`; after a wrong guess the range is narrower."""

    name = "number_hunt"
    roles = ("hunter",)
    trials = (
        WorldTrial({"largest": 1000, "max_rounds": 10}),
        WorldTrial(problems_of_30=7, answers_of_40={"hunter": 7}),
    )

    def __init__(self, largest: int = 8, max_rounds: int = 3) -> None:
        self.largest = largest
        self.max_rounds = max_rounds

    def initial(self, seed: int) -> Hunt:
        """The seed draws the number."""
        return Hunt(random.Random(seed).randint(1, self.largest), 1, self.largest)

    def prompt(self, state: Hunt, role: str) -> str:
        """The range that is left."""
        return f"Number from {state.low} to {state.high}?"

    def play(self, state: Hunt, role: str, answer: str) -> Turn[Hunt]:
        """A guess inside of the whole range; anything else is malformed."""
        if not re.fullmatch(r"\d{1,9}", answer) or not 1 <= int(answer) <= self.largest:
            fault = f"the answer is a number from 1 to {self.largest}"
            return Turn(state, MALFORMED_PENALTY, 0.0, False, False, fault)
        guess = int(answer)
        if guess == state.number:
            return Turn(replace(state, score=1.0), 0.0, 1.0 - state.score, True, True)
        if guess < state.number:
            after = replace(state, low=max(state.low, guess + 1))
        else:
            after = replace(state, high=min(state.high, guess - 1))
        left = math.log(after.high - after.low + 1) / math.log(self.largest)
        after = replace(after, score=HALF_WAY * (1.0 - left))
        return Turn(
            after, 0.0, after.score - state.score, False, False, "too low" if guess < state.number else "too high"
        )

    def gold(self, state: Hunt, role: str) -> str:
        """The number itself."""
        return str(state.number)

    def practice(self, seed: int, role: str, rng: random.Random, repeat_share: float = 0.5) -> Practice:
        """Any number of the whole range."""
        return Practice(self.prompt(self.initial(seed), role), str(rng.randint(1, self.largest)))

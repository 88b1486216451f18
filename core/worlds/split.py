"""The split of a file's problems: for training, for the evaluations during a run, and for the final test."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from core.exceptions import ConfigurationError
from core.worlds.base import FIRST_TEST_SEED, FIRST_VALIDATION_SEED

Problem = TypeVar("Problem")
FEWEST = 3
HELD_OUT_SHARE = 0.2
"""Share of the problems held out, half for validation and half for the test; at least one problem each."""


class Split:
    """Problems by seed: seeds of training, validation and test never share a problem."""

    def __init__(self, problems: Sequence[Problem], source: str) -> None:
        """Shuffled the same way every time. Raises `ConfigurationError` for fewer than 3 problems."""
        if len(problems) < FEWEST:
            raise ConfigurationError(
                f"{source} has {len(problems)} problems; at least {FEWEST} are needed: one each to train, to validate "
                "and to test on"
            )
        order = list(range(len(problems)))
        random.Random("split").shuffle(order)
        held_out = max(1, round(len(problems) * HELD_OUT_SHARE / 2))
        self._validation, self._test = order[:held_out], order[held_out : 2 * held_out]
        self._training = order[2 * held_out :]

    def index(self, seed: int) -> int:
        """The problem of that seed."""
        if seed >= FIRST_TEST_SEED:
            return self._test[(seed - FIRST_TEST_SEED) % len(self._test)]
        if seed >= FIRST_VALIDATION_SEED:
            return self._validation[(seed - FIRST_VALIDATION_SEED) % len(self._validation)]
        return self._training[seed % len(self._training)]

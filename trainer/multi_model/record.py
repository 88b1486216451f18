"""What the models know of their decisions so far, as words for their prompts: in-context learning.

Hosted models learn by nothing else. Where a mode lets models cooperate, all of a team read and write one record; rivals
keep their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

FORGETTING = 0.98
"""Factor on older outcomes with every new one of the same option, since the others change too."""


class DecisionRecord:
    """Mean reward of each option, the newer the heavier."""

    def __init__(self) -> None:
        self._weights: dict[str, float] = {}
        self._sums: dict[str, float] = {}

    def add(self, option: str, reward: float) -> None:
        """The reward of the step that began with that choice."""
        self._weights[option] = FORGETTING * self._weights.get(option, 0.0) + 1.0
        self._sums[option] = FORGETTING * self._sums.get(option, 0.0) + reward

    def mean(self, option: str) -> float | None:
        """None where the option was never tried."""
        weight = self._weights.get(option)
        return self._sums[option] / weight if weight else None

    def best(self, options: Sequence[str]) -> int:
        """The index of the option that did best so far; one that was never tried comes before all others."""
        means = [self.mean(option) for option in options]
        hopes = [float("inf") if mean is None else mean for mean in means]
        return max(range(len(options)), key=hopes.__getitem__)

    def in_words(self, options: Sequence[str]) -> str:
        """One line on the options that were tried, to two digits; empty before the first."""
        tried = [f"{option} {mean:.2f}" for option in options if (mean := self.mean(option)) is not None]
        return f"Mean reward so far: {', '.join(tried)}.\n" if tried else ""

    def favourite_in_words(self, options: Sequence[str]) -> str:
        """Which option did best so far, once all were tried: for models that weights teach, and that numbers which
        change with every step would confuse."""
        if any(self.mean(option) is None for option in options):
            return ""
        return f"So far {options[self.best(options)]} did best.\n"

    def state_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {"weights": dict(self._weights), "sums": dict(self._sums)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` gave."""
        self._weights = {str(key): float(value) for key, value in state["weights"].items()}
        self._sums = {str(key): float(value) for key, value in state["sums"].items()}

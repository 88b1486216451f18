"""Limits on what a language model may cost, per run and per episode.

A limit is checked before a question is sent and charged when its answer arrives. So a run can exceed a limit on tokens
or money by one answer (by one per worker when questions are asked in parallel), never by more.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields

from agents.llm.meter import Price
from core.exceptions import ConfigurationError
from core.ranges import check_range

MOST_SPENT = 10**15
"""Calls, tokens or dollars: the highest limit that can be set; no limit at all is null."""


@dataclass(frozen=True, slots=True)
class BudgetLimits:
    """Limits; None means no limit. A limit on money needs the model's price in the config."""

    calls_per_run: int | None = None
    """Questions in a run; null is no limit."""
    calls_per_episode: int | None = None
    """Questions in an episode; null is no limit."""
    tokens_per_run: int | None = None
    """Tokens of a run, prompts and answers; null is no limit."""
    tokens_per_episode: int | None = None
    """Tokens of an episode; null is no limit."""
    usd_per_run: float | None = None
    """Dollars of a run, which needs a price in `prices`; null is no limit."""
    usd_per_episode: float | None = None
    """Dollars of an episode; null is no limit."""

    def __post_init__(self) -> None:
        """Raises ConfigurationError for a limit that is negative or no number."""
        for limit in fields(self):
            value = getattr(self, limit.name)
            if value is not None:
                check_range(f"the language model's limit {limit.name}", value, 0, MOST_SPENT)


@dataclass(slots=True)
class _Spent:
    calls: int = 0
    tokens: int = 0
    usd: float = 0.0


EPISODES_KEPT = 8192
"""Most accounts of episodes that are kept; more than run at once."""


class Budget:
    """Counts what is spent. `begin_episode` numbers the episodes, because several run at once."""

    def __init__(self, limits: BudgetLimits, model: str, price: Price | None = None) -> None:
        if price is None and (limits.usd_per_run is not None or limits.usd_per_episode is not None):
            raise ConfigurationError(
                f"a limit in dollars is set, but no price of {model!r} is known; add it to the prices in the config"
            )
        self._limits = limits
        self._run = _Spent()
        self._episodes: dict[int, _Spent] = {0: _Spent()}
        self._begun = 0
        self._lock = threading.Lock()

    def begin_episode(self) -> int:
        """The number of a new episode; pass it with each of its questions. 0 is play outside episodes."""
        with self._lock:
            self._begun += 1
            self._episodes[self._begun] = _Spent()
            if len(self._episodes) > EPISODES_KEPT:
                del self._episodes[next(number for number in self._episodes if number)]
            return self._begun

    def run_exceeded(self) -> bool:
        """Whether the run's own budget is used up."""
        with self._lock:
            return self._used_up(self._run, "run") is not None

    def exceeded(self, episode: int = 0) -> str | None:
        """The limit that is used up, in words, or None while a question may still be sent."""
        with self._lock:
            spent = self._episodes.setdefault(episode, _Spent())
            return self._used_up(self._run, "run") or self._used_up(spent, "episode")

    def _used_up(self, spent: _Spent, scope: str) -> str | None:
        for unit in ("calls", "tokens", "usd"):
            limit = getattr(self._limits, f"{unit}_per_{scope}")
            if limit is not None and getattr(spent, unit) >= limit:
                return f"{limit} {'dollars' if unit == 'usd' else unit} per {scope}"
        return None

    def charge(self, tokens: int, usd: float, episode: int = 0) -> None:
        """One answer, paid for. Raises ValueError for a negative cost: nothing is ever given back."""
        if not (tokens >= 0 and usd >= 0):
            raise ValueError(f"an answer cannot cost {tokens} tokens and {usd} dollars")
        with self._lock:
            for spent in (self._run, self._episodes.setdefault(episode, _Spent())):
                spent.calls += 1
                spent.tokens += tokens
                spent.usd += usd

    def state_dict(self) -> dict[str, float]:
        """What the run has spent, for a checkpoint; a resumed run does not start from zero."""
        with self._lock:
            return {"calls": self._run.calls, "tokens": self._run.tokens, "usd": self._run.usd}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        with self._lock:
            self._run = _Spent(int(state["calls"]), int(state["tokens"]), float(state["usd"]))

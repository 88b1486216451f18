"""Costs, latencies and failures of the language model: counters for a run, safe to use from several threads."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from agents.llm.failures import FailureKind
from core.ranges import check_range

_LATENCIES_KEPT = 4096
HIGHEST_PRICE_USD = 1e6


@dataclass(frozen=True, slots=True)
class Price:
    """What a provider charges, in US dollars for a million tokens. Prices change, so they live in the config."""

    input_usd: float
    output_usd: float

    def __post_init__(self) -> None:
        """Raises ConfigurationError for a price that is negative or no number."""
        check_range("the price input_usd", self.input_usd, 0, HIGHEST_PRICE_USD)
        check_range("the price output_usd", self.output_usd, 0, HIGHEST_PRICE_USD)

    def cost_usd(self, prompt_tokens: int, completion_tokens: int) -> float:
        return (prompt_tokens * self.input_usd + completion_tokens * self.output_usd) / 1_000_000


@dataclass(frozen=True, slots=True)
class MeterReading:
    """The counters at one moment."""

    asks: int
    """Questions of the agent, answered or not."""
    answers: int
    """Of them, those that got a usable answer in time, from wherever."""
    cache_hits: int
    calls: int
    """Questions that a model answered, not the cache."""
    failures: Mapping[str, int]
    """Failed tries by kind; one question can fail several times and still be answered."""
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float
    latency_p50_s: float
    latency_p95_s: float
    latency_p99_s: float
    """Of the last 4,096 calls; 0 before the first."""

    @property
    def cache_hit_rate(self) -> float:
        return self.cache_hits / self.asks if self.asks else 0.0


class Meter:
    """Counts; hands out readings; survives a resume through `state` and `load_state`."""

    def __init__(self, price: Price | None = None) -> None:
        self._price = price
        self._counts: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._cost_usd = 0.0
        self._latencies_s: deque[float] = deque(maxlen=_LATENCIES_KEPT)
        self._lock = threading.Lock()

    def note_ask(self) -> None:
        with self._lock:
            self._counts["asks"] += 1

    def note_answer(self) -> None:
        """A question got its answer."""
        with self._lock:
            self._counts["answers"] += 1

    def note_cache_hit(self) -> None:
        with self._lock:
            self._counts["cache_hits"] += 1

    def note_call(self, prompt_tokens: int, completion_tokens: int, latency_s: float) -> float:
        """Count an answered call; returns what it cost in dollars (0 where no price is known)."""
        cost_usd = self._price.cost_usd(prompt_tokens, completion_tokens) if self._price else 0.0
        with self._lock:
            self._counts["calls"] += 1
            self._counts["prompt_tokens"] += prompt_tokens
            self._counts["completion_tokens"] += completion_tokens
            self._cost_usd += cost_usd
            self._latencies_s.append(latency_s)
        return cost_usd

    def note_failure(self, kind: FailureKind) -> None:
        with self._lock:
            self._failures[kind.value] += 1

    def reading(self) -> MeterReading:
        with self._lock:
            latencies = np.array(self._latencies_s) if self._latencies_s else np.zeros(1)
            p50, p95, p99 = (float(value) for value in np.percentile(latencies, (50, 95, 99)))
            return MeterReading(
                asks=self._counts["asks"],
                answers=self._counts["answers"],
                cache_hits=self._counts["cache_hits"],
                calls=self._counts["calls"],
                failures=dict(self._failures),
                prompt_tokens=self._counts["prompt_tokens"],
                completion_tokens=self._counts["completion_tokens"],
                cost_usd=self._cost_usd,
                latency_p50_s=p50,
                latency_p95_s=p95,
                latency_p99_s=p99,
            )

    def state_dict(self) -> dict[str, object]:
        """JSON-able counters for a checkpoint; latencies are of this process and left out."""
        with self._lock:
            return {"counts": dict(self._counts), "failures": dict(self._failures), "cost_usd": self._cost_usd}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        counts, failures, cost_usd = state["counts"], state["failures"], state["cost_usd"]
        if (
            not isinstance(counts, Mapping)
            or not isinstance(failures, Mapping)
            or not isinstance(cost_usd, int | float)
        ):
            raise ValueError(f"these are not the counters of a language model: {state!r}")
        kept = [Counter({str(name): int(count) for name, count in one.items()}) for one in (counts, failures)]
        with self._lock:
            (self._counts, self._failures), self._cost_usd = kept, float(cost_usd)

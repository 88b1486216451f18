"""One episode in memory: what the training loop writes down on the hot path, and what the store takes at its end.

`EpisodeRecorder.record` only appends references (well under a microsecond); columns, outcomes and rollups are made
when the episode ends. A recorder keeps about 300 bytes a step until then.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.exceptions import DecisionValidationError
from core.history.outcome import discounted_outcomes
from core.vocabulary import Decision

MAX_STEPS = 1 << 24
"""Longest episode that can be stored, in decisions."""


@dataclass(frozen=True, slots=True)
class EpisodeRecord:
    """A finished episode, ready to be committed. All sequences have one entry per decision."""

    number: int
    """1, 2, 3, ... within its run, in order of ending."""
    lane: int
    started_at_s: float
    """Seconds since the epoch."""
    seconds: float
    decisions: Sequence[Decision]
    contexts: Sequence[Mapping[str, str]]
    """Coarse description of the state of each decision: mode, map, phase, ...; a key for counting."""
    rewards: NDArray[np.float64]
    outcomes: NDArray[np.float64]
    elapsed_ms: NDArray[np.int64]
    """Milliseconds from the start of the episode to each decision."""
    milestones: tuple[tuple[int, str], ...] = ()
    """(step, name) in order of reaching."""
    terminated: bool = False
    truncated: bool = False
    outcomes_given: bool = False
    """True when the caller stated the outcomes (`record_decision`), False when they are discounted rewards."""

    def __post_init__(self) -> None:
        lengths = {len(self.decisions), len(self.contexts), self.rewards.size, self.outcomes.size, self.elapsed_ms.size}
        if len(lengths) != 1:
            raise DecisionValidationError(
                f"episode {self.number} has columns of different lengths {sorted(lengths)}; one entry per decision each"
            )
        if len(self.decisions) >= MAX_STEPS:
            raise DecisionValidationError(
                f"episode {self.number} has {len(self.decisions)} decisions; at most {MAX_STEPS - 1} can be stored. "
                "Set a smaller max_steps_per_episode"
            )
        if not np.isfinite(self.rewards).all() or not np.isfinite(self.outcomes).all():
            step = int(np.flatnonzero(~(np.isfinite(self.rewards) & np.isfinite(self.outcomes)))[0])
            raise DecisionValidationError(
                f"episode {self.number}, step {step}: reward {self.rewards[step]} is not a finite number; "
                "see the reward function"
            )

    @property
    def steps(self) -> int:
        """Number of decisions."""
        return len(self.decisions)

    @property
    def reward(self) -> float:
        """Sum of all rewards."""
        return float(self.rewards.sum())


class EpisodeRecorder:
    """Collects the running episode of one lane. After `finish` it is empty and ready for the next episode."""

    def __init__(self, lane: int = 0) -> None:
        self.lane = lane
        self._clear()

    def _clear(self) -> None:
        self._decisions: list[Decision] = []
        self._contexts: list[Mapping[str, str]] = []
        self._rewards: list[float] = []
        self._clock_s: list[float] = []
        self._milestones: list[tuple[int, str]] = []
        self._last_context: Mapping[str, str] = {}
        self._started_at_s = time.time()
        self._start_clock_s = time.perf_counter()

    def __len__(self) -> int:
        return len(self._decisions)

    def record(self, decision: Decision, reward: float, context: Mapping[str, str]) -> None:
        """Write down one decision and the reward of its step. `context` must not be changed afterwards."""
        if context != self._last_context:  # most steps share the last one's context: keep one object, not one a step
            self._last_context = context
        self._decisions.append(decision)
        self._contexts.append(self._last_context)
        self._rewards.append(reward)
        self._clock_s.append(time.perf_counter())

    def reach(self, milestone: str) -> None:
        """The decision recorded last reached this milestone."""
        if not self._decisions:
            raise DecisionValidationError(
                f"milestone {milestone!r} was reached before any decision; call record() for the step first"
            )
        self._milestones.append((len(self._decisions) - 1, milestone))

    def discard(self) -> None:
        """Forget the running episode (its lane was reset without an end)."""
        self._clear()

    def finish(self, number: int, *, terminated: bool = False, truncated: bool = False) -> EpisodeRecord:
        """The episode under its number, with the outcome of each decision; the recorder is empty afterwards."""
        rewards = np.asarray(self._rewards, dtype=np.float64)
        record = EpisodeRecord(
            number=number,
            lane=self.lane,
            started_at_s=self._started_at_s,
            seconds=time.perf_counter() - self._start_clock_s,
            decisions=self._decisions,
            contexts=self._contexts,
            rewards=rewards,
            outcomes=discounted_outcomes(rewards),
            elapsed_ms=((np.asarray(self._clock_s) - self._start_clock_s) * 1000).astype(np.int64),
            milestones=tuple(self._milestones),
            terminated=terminated,
            truncated=truncated,
        )
        self._clear()
        return record

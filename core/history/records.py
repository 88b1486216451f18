"""One episode in memory: what the training loop writes down on the hot path, and what the store takes at its end.

`EpisodeRecorder.record` only appends references (well under a microsecond); columns, outcomes and counts are made
when the episode ends. A recorder keeps about 300 bytes a step until then.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.exceptions import DecisionValidationError
from core.history.beginnings import Beginning
from core.history.decision_columns import COLUMNS, NEEDED, Kind
from core.history.outcome import discounted_outcomes
from core.vocabulary import ACTION_COUNT, Decision

LONGEST_VALUE_SHOWN = 60


@dataclass(frozen=True, slots=True)
class DecisionColumns:
    """The decisions of one episode: for each name of `COLUMNS` a sequence or array with one entry per decision.

    Raises `DecisionValidationError` for columns that are missing, unknown or of different lengths, for actions outside
    0..8, and for numbers that are not finite.
    """

    mode: Sequence[str]
    """Of the game at each decision; it becomes part of the context."""
    values: Mapping[str, Any]

    @classmethod
    def of(cls, mode: Sequence[str], **given: Any) -> DecisionColumns:
        """What is `given`, and for the other columns what stands for "not stated". Equal neighbours among the contexts
        should be one object."""
        steps = len(mode)
        unstated = {
            name: [column.unstated] * steps for name, column in COLUMNS.items() if column.unstated is not NEEDED
        }
        return cls(mode, {**unstated, **given})

    def __getitem__(self, name: str) -> Any:
        """One column."""
        return self.values[name]

    def __post_init__(self) -> None:
        if self.values.keys() != COLUMNS.keys():
            missing, unknown = sorted(COLUMNS.keys() - self.values), sorted(self.values.keys() - COLUMNS)
            raise DecisionValidationError(
                f"columns of a decision are {', '.join(COLUMNS)}: missing {missing}, unknown {unknown}"
            )
        lengths = {"mode": len(self.mode), **{name: len(column) for name, column in self.values.items()}}
        if len(set(lengths.values())) != 1:
            raise DecisionValidationError(f"columns of different lengths, one entry per decision is needed: {lengths}")
        for step, action in enumerate(self["action"]):
            if not 0 <= action < ACTION_COUNT:
                raise DecisionValidationError(
                    f"step {step}: action {action} does not exist; actions are 0 to {ACTION_COUNT - 1}"
                )
        for name, column in COLUMNS.items():
            if column.kind is Kind.REAL and column.unstated is not None:
                values = np.asarray(self[name], dtype=np.float64)
                wrong = np.flatnonzero(~np.isfinite(values))
                if wrong.size:
                    raise DecisionValidationError(f"step {wrong[0]}: {name} is {values[wrong[0]]}, not a finite number")

    @property
    def steps(self) -> int:
        """Number of decisions."""
        return len(self.mode)


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting that has another value from some episode of a run on."""

    key: str
    """Dotted, as in `learner.learning_rate`."""
    old: str
    """JSON."""
    new: str
    """JSON."""

    def __str__(self) -> str:
        return f"{self.key} {_shortened(self.old)} -> {_shortened(self.new)}"


def _shortened(value: str) -> str:
    return value if len(value) <= LONGEST_VALUE_SHOWN else f"{value[:LONGEST_VALUE_SHOWN]}..."


@dataclass(frozen=True, slots=True)
class EpisodeRecord:
    """A finished episode, ready to be committed."""

    number: int
    """1, 2, 3, ... within its run, in order of ending."""
    lane: int
    started_at_s: float
    """Seconds since the epoch."""
    seconds: float
    columns: DecisionColumns
    milestones: tuple[tuple[int, str], ...] = ()
    """(step, name) in order of reaching."""
    terminated: bool = False
    truncated: bool = False
    outcomes_given: bool = False
    """True when the caller stated the outcomes (`record_decision`), False when they are discounted rewards."""
    beginning: Beginning | None = None
    """How it began; without that it cannot be played again."""

    @property
    def steps(self) -> int:
        """Number of decisions."""
        return self.columns.steps

    @property
    def reward(self) -> float:
        """Sum of all rewards."""
        return float(self.columns["reward"].sum())


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
        """Write down one decision and the reward of its step.

        `context` is what `GameStateAnalysis.context` says of the state decided in; it must not be changed afterwards.
        """
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

    def finish(
        self, number: int, *, terminated: bool = False, truncated: bool = False, beginning: Beginning | None = None
    ) -> EpisodeRecord:
        """The episode under its number, with the outcome of each decision; the recorder is empty afterwards."""
        reward = np.asarray(self._rewards, dtype=np.float64)
        decisions = self._decisions
        stated = {name: list(map(column.of, decisions)) for name, column in COLUMNS.items() if column.of is not None}
        columns = DecisionColumns.of(
            [decision.mode for decision in decisions],
            **stated,
            elapsed_ms=((np.asarray(self._clock_s) - self._start_clock_s) * 1000).astype(np.int64).tolist(),
            context=self._contexts,
            reward=reward,
            outcome=discounted_outcomes(reward),
        )
        record = EpisodeRecord(
            number=number,
            lane=self.lane,
            started_at_s=self._started_at_s,
            seconds=time.perf_counter() - self._start_clock_s,
            columns=columns,
            milestones=tuple(self._milestones),
            terminated=terminated,
            truncated=truncated,
            beginning=beginning,
        )
        self._clear()
        return record

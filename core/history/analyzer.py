"""The documented door to the decision record: write decisions down, ask what they have in common.

The training loop commits whole episodes through `store`; `record_decision` is for programs that have no episodes of
their own. All questions are answered from counts kept as decisions arrive, so they stay fast at any size.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, TypedDict

import numpy as np

from core.exceptions import DecisionValidationError
from core.history.past_outcomes import PastOutcome, find_past_outcomes
from core.history.patterns import PatternKind, find_patterns
from core.history.recent import recent_decisions
from core.history.records import DecisionColumns, EpisodeRecord
from core.history.store import HistoryStore, Run

FLUSH_AFTER_DECISIONS = 250
FLUSH_AFTER_S = 5.0
IMPLICIT_EPISODE_DECISIONS = 1000
"""Decisions recorded one by one are kept in episodes of at most this many."""


class AnalyzedState(Protocol):
    """What is read of a `core.game.analysis.GameStateAnalysis`."""

    @property
    def context(self) -> Mapping[str, str]:
        """The coarse situation, with its "mode"."""
        ...

    @property
    def state_hash(self) -> int: ...


class DecisionRow(TypedDict):
    """The documented decision record."""

    id: str
    timestamp: datetime
    state_hash: int
    action: int
    reasoning: str
    confidence: float
    outcome_reward: float
    episode_id: str
    step_number: int


class DecisionHistoryAnalyzer:
    """A decision database, with the documented methods. Use as a context manager, or call `close()`."""

    def __init__(self, db_path: str | Path = "decisions.db") -> None:
        """Open or create the file. `HistoryError` if it is of another program, of a newer version or not writable."""
        self.store = HistoryStore(db_path)
        self._run: Run | None = None
        self._episode_number = 1
        self._open_episode = _ImplicitEpisode()

    def record_decision(
        self,
        game_state: AnalyzedState,
        action_taken: int,
        reasoning: str,
        confidence: float,
        outcome_reward: float,
    ) -> None:
        """Record one decision whose outcome is known already.

        Decisions are gathered into episodes of this object's own run and written in batches: after 250 decisions or
        5 seconds, before any query, and on `end_episode` and `close`. `confidence` is 0 to 1.
        `DecisionValidationError` for an action outside 0..8 or a number out of range.
        """
        self._open_episode.add(game_state, action_taken, reasoning, confidence, outcome_reward)
        if self._open_episode.is_due:
            self.flush()
        if len(self._open_episode) >= IMPLICIT_EPISODE_DECISIONS:
            self.end_episode()

    def end_episode(self) -> None:
        """Decisions recorded from now on belong to a new episode."""
        self.flush()
        if len(self._open_episode):
            self._episode_number += 1
            self._open_episode = _ImplicitEpisode()

    def flush(self) -> None:
        """Write decisions that wait in memory. The open episode is written again as a whole, so counts stay exact."""
        if not self._open_episode.unwritten:
            return
        if self._run is None:
            self._run = self.store.start_run(settings={"recorded_by": "DecisionHistoryAnalyzer.record_decision"})
        self.store.replace_episode(self._run.id, self._open_episode.record(self._episode_number))
        self._open_episode.mark_written()

    def analyze_patterns(
        self,
        min_frequency: int = 3,
        context_filter: Mapping[str, Any] | None = None,
        *,
        kinds: Collection[str] = tuple(PatternKind),
        limit: int = 50,
    ) -> list[dict[str, Any]]:
        """Patterns seen at least `min_frequency` times, the most frequent `limit` of each kind.

        Each is a dict with `kind` (see `core.history.patterns.PatternKind`), `description`, `frequency`, `context`,
        `mean_outcome` (None for loops and milestone leads) and what the kind adds: `actions`, `action`, `source`,
        `option`, `milestone`, `period`, `share`, `mean_reward`, `mean_step`.
        `context_filter` keeps contexts with all the given values, for example `{"mode": "battle"}`.
        """
        if min_frequency < 1:
            raise DecisionValidationError(f"min_frequency is {min_frequency}; it must be 1 or more")
        try:
            wanted = [PatternKind(kind) for kind in kinds]
        except ValueError as error:
            known = ", ".join(PatternKind)
            raise DecisionValidationError(f"kinds is {tuple(kinds)}; known kinds are {known}") from error
        self.flush()
        return [
            {
                "kind": pattern.kind.value,
                "description": pattern.description,
                "frequency": pattern.frequency,
                "context": dict(pattern.context),
                "mean_outcome": pattern.mean_outcome,
                **pattern.details,
            }
            for pattern in find_patterns(self.store.connection, min_frequency, context_filter, wanted, limit)
        ]

    def get_recent_decisions(self, limit: int = 100) -> list[DecisionRow]:
        """The newest decisions as documented records, newest first. `episode_id` is "run/number"."""
        if limit < 0:
            raise DecisionValidationError(f"limit is {limit}; it must be 0 or more")
        self.flush()
        return [
            {
                "id": decision.id,
                "timestamp": decision.time,
                "state_hash": decision.state_hash,
                "action": decision.action,
                "reasoning": decision.reasoning,
                "confidence": decision.confidence,
                "outcome_reward": decision.outcome,
                "episode_id": f"{decision.run}/{decision.episode}",
                "step_number": decision.step,
            }
            for decision in recent_decisions(self.store.connection, limit)
        ]

    @property
    def changes(self) -> int:
        """Rows written through this object so far: the same number means that nothing new was recorded."""
        return self.store.connection.total_changes

    def past_outcomes(self, context: Mapping[str, str], option_key: str) -> dict[str, PastOutcome]:
        """How this option turned out before in this context (else in this mode), by the source that began it.

        Reads committed episodes of all runs in the file; a few tens of microseconds.
        """
        return find_past_outcomes(self.store.connection, context, option_key)

    def past_outcomes_of(self, context: Mapping[str, str], option_keys: Sequence[str]) -> list[dict[str, PastOutcome]]:
        """`past_outcomes` of each of these options."""
        return [self.past_outcomes(context, key) for key in option_keys]

    def close(self) -> None:
        """Write what waits and close the file. Closing twice does nothing."""
        if self.store.is_open:
            self.end_episode()
            self.store.close()

    def __enter__(self) -> DecisionHistoryAnalyzer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _ImplicitEpisode:
    """Decisions recorded one by one, until they are an episode."""

    def __init__(self) -> None:
        self._started_at_s = time.time()
        self._start_clock_s = time.perf_counter()
        self._written = 0
        self._last_write_clock_s = self._start_clock_s
        self._actions: list[int] = []
        self._contexts: list[Mapping[str, str]] = []
        self._reasonings: list[str] = []
        self._hashes: list[int] = []
        self._confidences: list[float] = []
        self._rewards: list[float] = []
        self._elapsed_ms: list[int] = []

    def __len__(self) -> int:
        return len(self._actions)

    @property
    def unwritten(self) -> int:
        return len(self._actions) - self._written

    @property
    def is_due(self) -> bool:
        waited_s = time.perf_counter() - self._last_write_clock_s
        return self.unwritten >= FLUSH_AFTER_DECISIONS or waited_s >= FLUSH_AFTER_S

    def mark_written(self) -> None:
        self._written = len(self._actions)
        self._last_write_clock_s = time.perf_counter()

    def add(self, state: AnalyzedState, action: int, reasoning: str, confidence: float, reward: float) -> None:
        if not 0 <= action <= 8:
            raise DecisionValidationError(f"action_taken is {action}; actions are 0 to 8")
        if not 0.0 <= confidence <= 1.0:
            raise DecisionValidationError(f"confidence is {confidence}; it must lie between 0 and 1")
        if not np.isfinite(reward):
            raise DecisionValidationError(f"outcome_reward is {reward}; it must be a finite number")
        self._actions.append(int(action))
        self._contexts.append(dict(state.context))
        self._reasonings.append(reasoning)
        self._hashes.append(int(state.state_hash))
        self._confidences.append(float(confidence))
        self._rewards.append(float(reward))
        self._elapsed_ms.append(int((time.perf_counter() - self._start_clock_s) * 1000))

    def record(self, number: int) -> EpisodeRecord:
        rewards = np.asarray(self._rewards, dtype=np.float64)
        columns = DecisionColumns.of(
            [context.get("mode", "") for context in self._contexts],
            elapsed_ms=self._elapsed_ms,
            action=self._actions,
            context=self._contexts,
            confidence=self._confidences,
            reward=rewards,
            outcome=rewards,
            reasoning=self._reasonings,
            state_hash=self._hashes,
        )
        return EpisodeRecord(
            number=number,
            lane=0,
            started_at_s=self._started_at_s,
            seconds=time.perf_counter() - self._start_clock_s,
            columns=columns,
            outcomes_given=True,
        )

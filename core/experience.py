"""What the decision record teaches the rules: among options that they like about equally, the one that did better.

At a decision point the rules' value of an option is tilted by how that option turned out before in a like situation
(`DecisionHistoryAnalyzer.past_outcomes`). The tilt is bounded by `MOST_TILT`, so it settles what is nearly equal (which
starter, this errand or that) and never overrides a need. It grows with the number of outcomes:

    baseline  = sum(n * mean) / (sum(n) + PRIOR_OUTCOMES)     over the other options compared
    tilt      = MOST_TILT * n / (n + PRIOR_OUTCOMES) * tanh(mean - baseline)

All finished episodes in the database file count, those of earlier runs too: the same seed plays the same games only
from the same file. Evaluations do not ask it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from core.vocabulary import Option

if TYPE_CHECKING:
    from core.history.past_outcomes import PastOutcome

MOST_TILT = 0.024
"""Options whose values differ by more than twice this keep their order, whatever the record says. The planner's steps
between alternatives are 0.02, those between a need and a wish 0.05 and more."""
PRIOR_OUTCOMES = 4
"""So many outcomes of nothing are taken for granted beside those that were seen."""

Context = tuple[tuple[str, str], ...]


class Record(Protocol):
    """What is asked of a `core.decision_history_analyzer.DecisionHistoryAnalyzer`."""

    @property
    def changes(self) -> int:
        """A number that is another one when something was recorded since."""
        ...

    def past_outcomes(self, context: Mapping[str, str], option_key: str) -> Mapping[str, PastOutcome]: ...


@dataclass(frozen=True, slots=True)
class Preference:
    """The option to take, and why when the record changed the choice."""

    option: Option
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """Of one option, whoever had chosen it."""

    count: int
    mean: float

    @property
    def total(self) -> float:
        return self.count * self.mean

    def __str__(self) -> str:
        return f"{self.mean:+.2f} in {self.count}" if self.count else "never tried"


class Experience:
    """Asks the record, and keeps answers until the next episode is recorded."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._answers: dict[tuple[Context, str], _Outcome] = {}
        self._changes = -1

    def prefer(self, options: Sequence[Option], context: Mapping[str, str]) -> Preference:
        """The best of `options` (given best first) after the tilt."""
        first = options[0]
        rivals = [option for option in options if first.value - option.value < 2 * MOST_TILT]
        if len(rivals) < 2:
            return Preference(first)
        outcomes = [self._outcome(context, option.key) for option in rivals]
        seen = sum(one.count for one in outcomes)
        total = sum(one.total for one in outcomes)
        values = [
            option.value + _tilt(one, (total - one.total) / (seen - one.count + PRIOR_OUTCOMES))
            for option, one in zip(rivals, outcomes, strict=True)
        ]
        best = max(range(len(rivals)), key=values.__getitem__)
        if best == 0:
            return Preference(first)
        reason = f"rather than {first.label} ({outcomes[0]}), as {rivals[best].label} ({outcomes[best]}) did better"
        return Preference(rivals[best], reason)

    def _outcome(self, context: Mapping[str, str], option_key: str) -> _Outcome:
        changes = self._record.changes
        if changes != self._changes:
            self._answers.clear()
            self._changes = changes
        key = (tuple(context.items()), option_key)
        known = self._answers.get(key)
        if known is None:
            found = self._record.past_outcomes(context, option_key).values()
            count = sum(one.count for one in found)
            mean = sum(one.count * one.mean_outcome for one in found) / count if count else 0.0
            known = self._answers[key] = _Outcome(count, mean)
        return known


def _tilt(outcome: _Outcome, baseline: float) -> float:
    weight = outcome.count / (outcome.count + PRIOR_OUTCOMES)
    return MOST_TILT * weight * math.tanh(outcome.mean - baseline)

"""How options turned out before: among options that the rules like about equally, take the one that did better.

At a decision point the rules' first option is challenged by every other whose value is within twice `MARGINS.record`
(`core.rules.values`) of it, with how both turned out before in a like situation
(`DecisionHistoryAnalyzer.past_outcomes`):

    soon      = tanh(difference of the mean outcomes)                           what came of it in the next 64 decisions
    far       = tanh(Welch's t of the mean progress / 2)                        how fast the story went on after it
    value'    = value + MARGINS.record * (soon + far)

and the greatest value' is taken. So the record settles what is nearly equal (which starter, this objective or that) and
never overrides a need. Mean outcomes are drawn towards that of both together, as by `PRIOR_OUTCOMES` more of it, so few
say little; an option never begun counts as one that brought nothing. `far` is 0 until both were begun twice, and grows
with the evidence, because games differ a lot by luck.

Games of training also try what is about as good: while one of these options was begun fewer than `TRIALS` times in a
like situation, take the one begun least often. Otherwise the first to succeed would be taken for ever.

All finished episodes in the database file count, those of earlier runs too: the same seed plays the same games only
from the same file. An evaluation of the whole agent asks it as it stands; its parents are evaluated without it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from core.rules.values import MARGINS
from core.vocabulary import Option

if TYPE_CHECKING:
    from core.history.past_outcomes import PastOutcome

PRIOR_OUTCOMES = 4
"""This many outcomes like the mean of both are added to those that were seen."""
LEAST_PROGRESS_ERROR = 0.05
"""Milestones in a thousand steps. A mean progress is never trusted to more than this, however alike the games were."""

TRIALS = 3
"""Times that every option that is nearly the best is begun in training before the record decides: from two on, the
spread of what came of it is known, and two may still be luck."""

FACTS_AGE = 8
"""What is told of an option as facts is asked anew when something was recorded so often since."""
SURE_COUNT = 4
"""An option that was begun so often counts as half known."""
OUTCOME_SCALE = 4.0
PROGRESS_SCALE = 10.0
"""Mean outcomes, and milestones in a thousand steps, of about this size are told as 0.76 (tanh of 1)."""

Context = tuple[tuple[str, str], ...]
Facts = tuple[float, float, float]
"""How well an option is known (0: not at all), its mean outcome, its mean progress; -1 to 1."""


class Record(Protocol):
    """What is asked of a `core.history.analyzer.DecisionHistoryAnalyzer`."""

    @property
    def changes(self) -> int:
        """A number that is another one when something was recorded since."""
        ...

    def past_outcomes_of(
        self, context: Mapping[str, str], option_keys: Sequence[str]
    ) -> Sequence[Mapping[str, PastOutcome]]:
        """Of several options at once: who asks a record that is elsewhere waits once."""
        ...


@dataclass(frozen=True, slots=True)
class Preference:
    """The option to take, and why when the record changed the choice."""

    option: Option
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Past:
    """The record of one option, over all sources."""

    count: int = 0
    mean_outcome: float = 0.0
    mean_progress: float = 0.0
    progress_error: float = math.inf

    @classmethod
    def of(cls, by_source: Mapping[str, PastOutcome]) -> _Past:
        parts = by_source.values()
        count = sum(one.count for one in parts)
        if not count:
            return cls()
        # Sources that began it once have no error of their own: they say nothing of progress.
        known = [one for one in parts if math.isfinite(one.progress_error)]
        weight = sum(one.count for one in known)
        return cls(
            count,
            sum(one.count * one.mean_outcome for one in parts) / count,
            sum(one.count * one.mean_progress for one in known) / weight if weight else 0.0,
            math.hypot(*(one.count * one.progress_error for one in known)) / weight if weight else math.inf,
        )

    def advantage_over(self, other: _Past) -> float:
        """-2 to 2: how clearly this turned out better."""
        both = self.count + other.count
        common = (self.count * self.mean_outcome + other.count * other.mean_outcome) / both if both else 0.0
        prior = common if self.count and other.count else 0.0
        soon = math.tanh(self._outcome(prior) - other._outcome(prior))
        error = math.hypot(self.progress_error, other.progress_error, LEAST_PROGRESS_ERROR)
        return soon + math.tanh((self.mean_progress - other.mean_progress) / error / 2)

    def _outcome(self, prior: float) -> float:
        return (self.count * self.mean_outcome + PRIOR_OUTCOMES * prior) / (self.count + PRIOR_OUTCOMES)

    def __str__(self) -> str:
        if not self.count:
            return "never tried"
        progress = (
            "" if math.isinf(self.progress_error) else f", then {self.mean_progress:.1f} milestones in a thousand steps"
        )
        return f"{self.mean_outcome:+.2f} in {self.count}{progress}"


class OptionStatistics:
    """Asks the record, and keeps answers until the next episode is recorded."""

    def __init__(self, record: Record, trials: int = 0) -> None:
        """`trials`: as `TRIALS` in training; 0 where nothing is to be tried, as in evaluations."""
        self._record = record
        self._trials = trials
        self._answers: dict[tuple[Context, str], _Past] = {}
        self._changes = -1
        self._facts: dict[tuple[Context, str], Facts] = {}
        self._facts_changes = -1
        self._facts_age = 0
        """How often something was recorded since the facts were asked."""

    def prefer(self, options: Sequence[Option], context: Mapping[str, str]) -> Preference:
        """The best of `options` (given best first) by value and record."""
        first = options[0]
        rivals = [option for option in options[1:] if first.value - option.value < 2 * MARGINS.record]
        if not rivals:
            return Preference(first)
        pasts = self._pasts(context, [option.key for option in (first, *rivals)])
        if self._trials:
            counts = {option: past.count for option, past in zip((first, *rivals), pasts, strict=True)}
            rarest = min(counts, key=counts.__getitem__)
            if counts[rarest] < self._trials:
                return Preference(rarest, "" if rarest is first else f"tried {counts[rarest]} times so far")
        past_of_first = pasts[0]
        best, best_value, past_of_best = first, first.value, past_of_first
        for rival, past in zip(rivals, pasts[1:], strict=True):
            value = rival.value + MARGINS.record * past.advantage_over(past_of_first)
            if value > best_value:
                best, best_value, past_of_best = rival, value, past
        if best is first:
            return Preference(first)
        reason = f"rather than {first.label} ({past_of_first}), as {best.label} ({past_of_best}) did better"
        return Preference(best, reason)

    def facts(self, option_keys: Sequence[str], context: Mapping[str, str]) -> list[Facts]:
        """What is known of options, as numbers. They may be some episodes old: a policy reads them at every choice."""
        changes = self._record.changes
        if changes != self._facts_changes:
            self._facts_changes = changes
            self._facts_age += 1
            if self._facts_age >= FACTS_AGE:
                self._facts.clear()
                self._facts_age = 0
        here = tuple(context.items())
        missing = [key for key in dict.fromkeys(option_keys) if (here, key) not in self._facts]
        for key, past in self._asked(context, missing):
            self._facts[here, key] = (
                past.count / (past.count + SURE_COUNT),
                math.tanh(past.mean_outcome / OUTCOME_SCALE),
                math.tanh(past.mean_progress / PROGRESS_SCALE) if math.isfinite(past.progress_error) else 0.0,
            )
        return [self._facts[here, key] for key in option_keys]

    def _pasts(self, context: Mapping[str, str], option_keys: Sequence[str]) -> list[_Past]:
        changes = self._record.changes
        if changes != self._changes:
            self._answers.clear()
            self._changes = changes
        here = tuple(context.items())
        missing = [key for key in dict.fromkeys(option_keys) if (here, key) not in self._answers]
        for key, past in self._asked(context, missing):
            self._answers[here, key] = past
        return [self._answers[here, key] for key in option_keys]

    def _asked(self, context: Mapping[str, str], option_keys: Sequence[str]) -> Iterable[tuple[str, _Past]]:
        if not option_keys:
            return ()
        return zip(option_keys, map(_Past.of, self._record.past_outcomes_of(context, option_keys)), strict=True)

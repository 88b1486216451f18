"""Makes confidences honest: what a source says of itself, corrected by how its choices turned out.

A decision *turned out well* when the reward of the next few steps was better than is usual in that situation.
Per source, situation and band of stated confidence, the calibrated confidence is a Beta mean: the stated value is
worth `prior_strength` observations, the outcomes are the rest, and old ones are slowly forgotten. Because the arbiter
tosses a coin for each step, comparing the outcomes of sources compares the sources, not the places where they acted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.exceptions import CheckpointError
from core.vocabulary import Source

STATE_VERSION = 1
BANDS = 5
"""Bands of stated confidence in which outcomes are counted."""
RELIABILITY_BANDS = 10
"""Bands of calibrated confidence for the calibration error (Naeini 2015 uses 10)."""


@dataclass(frozen=True, slots=True)
class CalibrationSettings:
    """How fast a source's word is replaced by its record."""

    outcome_steps: int = 4
    """Steps whose reward counts as the outcome of a decision."""
    prior_strength: float = 20.0
    forgetting: float = 0.999
    """Factor on the counts of a band per outcome in it."""


@dataclass(slots=True)
class DecisionOutcome:
    """A decision and the reward of its window: while the window is open, of its part so far."""

    source: Source
    situation: str
    stated: float
    calibrated: float
    reward: float = 0.0

    def __reduce__(self) -> tuple[type[DecisionOutcome], tuple[Source, str, float, float, float]]:
        # one for each step travels from worker to driver: as a dataclass does it, that takes ten times as long
        return DecisionOutcome, (self.source, self.situation, self.stated, self.calibrated, self.reward)


class ConfidenceCalibration:
    """Outcome counts of all lanes; `pending` decisions wait per lane until their outcome is known."""

    def __init__(self, settings: CalibrationSettings | None = None) -> None:
        self.settings = settings or CalibrationSettings()
        self.reported: list[DecisionOutcome] | None = None
        """Where outcomes are also kept as they become known, so that another calibration may count them; None keeps
        none."""
        self._counts: dict[tuple[str, str, int], list[float]] = {}  # (source, situation, band): good, all
        self._usual: dict[str, list[float]] = {}  # situation: total reward, outcomes
        self._reliability: dict[str, list[list[float]]] = {}  # source: per band stated sum, good sum, count
        self._pending: dict[int, list[DecisionOutcome]] = {}

    def copy(self) -> ConfidenceCalibration:
        """The same settings and counts; decisions that wait for their outcome are not copied."""
        twin = ConfidenceCalibration(self.settings)
        twin.load_state_dict(self.state_dict())
        return twin

    def calibrated(self, source: Source, situation: str, stated: float) -> float:
        """Chance, 0 to 1, that following `source` here turns out well, given what it says of itself."""
        prior = self.settings.prior_strength
        counts = self._counts.get((source, situation, min(BANDS - 1, int(stated * BANDS))))
        if counts is None:
            return stated
        return (prior * stated + counts[0]) / (prior + counts[1])

    def decided(self, lane: int, source: Source, situation: str, stated: float, calibrated: float) -> None:
        """A decision was taken; its outcome is the reward of this and the next steps of the lane."""
        self._pending.setdefault(lane, []).append(DecisionOutcome(source, situation, stated, calibrated))

    def rewarded(self, lane: int, reward: float, done: bool) -> None:
        """One step's reward: credits the decisions whose window it closes; at an episode's end, all that wait."""
        waiting = self._pending.get(lane)
        if not waiting:
            return
        for pending in waiting:
            pending.reward += reward
        if done:
            for pending in waiting:
                self.count(pending)
            waiting.clear()
        elif len(waiting) >= self.settings.outcome_steps:
            self.count(waiting.pop(0))

    def forget(self, lane: int) -> None:
        """Decisions of the lane that still wait get no outcome: its episode was cut short by an accident."""
        self._pending.pop(lane, None)

    def expected_calibration_error(self, source: Source) -> float | None:
        """Mean distance between calibrated confidence and the share that turned out well; None before any outcome."""
        bands = self._reliability.get(source)
        if not bands:
            return None
        total = sum(count for _, _, count in bands)
        return sum(abs(stated - good) for stated, good, _ in bands) / total

    def success_rate(self, source: Source) -> float | None:
        """Share of the source's recent decisions that turned out well; None before any outcome."""
        bands = self._reliability.get(source)
        if not bands:
            return None
        return sum(good for _, good, _ in bands) / sum(count for _, _, count in bands)

    def state_dict(self) -> dict[str, Any]:
        """All counts, JSON-able. Decisions that still wait for their outcome are not kept."""
        return {
            "version": STATE_VERSION,
            "counts": [[*key, *counts] for key, counts in self._counts.items()],
            "usual": {situation: list(sums) for situation, sums in self._usual.items()},
            "reliability": {source: [list(band) for band in bands] for source, bands in self._reliability.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores `state_dict`. Raises CheckpointError when it is of another version, and LookupError, TypeError or
        ValueError for counts of another form."""
        self.load_counts(state)
        self._pending.clear()

    def load_counts(self, state: Mapping[str, Any]) -> None:
        """`load_state_dict`, but decisions that wait for their outcome go on waiting."""
        if state.get("version") != STATE_VERSION:
            raise CheckpointError(
                f"calibration state has version {state.get('version')!r}, this program reads {STATE_VERSION}: "
                "the checkpoint is of another version of the program"
            )
        self._counts = {
            (Source(source), str(situation), int(band)): _sums(counts, 2)
            for source, situation, band, *counts in state["counts"]
        }
        self._usual = {situation: _sums(sums, 2) for situation, sums in state["usual"].items()}
        self._reliability = {
            Source(source): [_sums(bands[band], 3) for band in range(RELIABILITY_BANDS)]
            for source, bands in state["reliability"].items()
        }

    def count(self, pending: DecisionOutcome) -> None:
        """The outcome of a decision is known."""
        if self.reported is not None:
            self.reported.append(pending)
        forgetting = self.settings.forgetting
        usual = self._usual.setdefault(pending.situation, [0.0, 0.0])
        good = 1.0 if pending.reward * usual[1] > usual[0] else 0.0
        usual[0] = usual[0] * forgetting + pending.reward
        usual[1] = usual[1] * forgetting + 1.0

        band = min(BANDS - 1, int(pending.stated * BANDS))
        counts = self._counts.setdefault((pending.source, pending.situation, band), [0.0, 0.0])
        counts[0] = counts[0] * forgetting + good
        counts[1] = counts[1] * forgetting + 1.0

        bands = self._reliability.get(pending.source)
        if bands is None:
            bands = self._reliability[pending.source] = [[0.0, 0.0, 0.0] for _ in range(RELIABILITY_BANDS)]
        reliability = bands[min(RELIABILITY_BANDS - 1, int(pending.calibrated * RELIABILITY_BANDS))]
        for index, value in enumerate((pending.calibrated, good, 1.0)):
            reliability[index] = reliability[index] * forgetting + value


def _sums(given: Sequence[float], count: int) -> list[float]:
    """So many numbers that a state holds."""
    if len(given) != count:
        raise ValueError(f"{count} sums are kept together, not {len(given)}")
    return [float(value) for value in given]

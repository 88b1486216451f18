"""Trials of all kinds, in turn and within a time, and what came of them."""

from __future__ import annotations

import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from tests.campaign.kinds import Kind

LONGEST_TRIAL_S = 300.0
"""A trial that takes longer hangs, and that is a fault."""
FAULTS_KEPT = 5
"""Of a kind, the first ones."""


class TrialHangs(BaseException):
    """Raised within a trial that takes too long; no `except Exception` of the product may swallow it."""


@dataclass(slots=True)
class Outcome:
    """What came of the trials of one kind."""

    kind: Kind
    tried: int = 0
    held: int = 0
    seconds: float = 0.0
    faults: list[tuple[int, str]] = field(default_factory=list)
    """Seed of the trial, and what was not as promised."""

    def note(self, seed: int, faults: Sequence[str], seconds: float) -> None:
        self.tried += 1
        self.held += not faults
        self.seconds += seconds
        self.faults += [(seed, fault) for fault in faults][: max(0, FAULTS_KEPT - len(self.faults))]


def run_campaign(
    kinds: Sequence[Kind],
    seed: int,
    *,
    seconds: float = float("inf"),
    trials: int | None = None,
    show: Callable[[Sequence[Outcome], Kind], None] = lambda outcomes, kind: None,
) -> list[Outcome]:
    """Try the kinds until `seconds` are over, shared evenly, or each has had `trials`.

    The trials of a kind have the seeds `seed`, `seed` + 1, ...; `show` is called before each. No trial begins after the
    time, the last one may end later. Ctrl-C ends the campaign and returns what came of it so far.
    """
    outcomes = [Outcome(kind) for kind in kinds]
    end_s = time.monotonic() + seconds
    try:
        while time.monotonic() < end_s:
            waiting = [one for one in outcomes if trials is None or one.tried < trials]
            if not waiting:
                break
            next_one = min(waiting, key=lambda one: one.seconds)
            show(outcomes, next_one.kind)
            begun_s = time.monotonic()
            of_trial = seed + next_one.tried
            next_one.note(of_trial, faults_of_trial(next_one.kind, of_trial), time.monotonic() - begun_s)
    except KeyboardInterrupt:
        pass
    return outcomes


def faults_of_trial(kind: Kind, seed: int) -> list[str]:
    """One trial in a folder of its own. An exception that passes through it is a fault, and so is one that hangs."""
    with tempfile.TemporaryDirectory(prefix="campaign-", ignore_cleanup_errors=True) as folder:
        try:
            with _time_limit(LONGEST_TRIAL_S):
                return kind.trial(seed, Path(folder))
        except TrialHangs:
            return [f"not done after {LONGEST_TRIAL_S:.0f} s"]
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            return [f"{type(error).__name__}: {error} ({place.filename}:{place.lineno})"]


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    def hangs(number: int, frame: FrameType | None) -> None:
        raise TrialHangs

    before = signal.signal(signal.SIGALRM, hangs)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

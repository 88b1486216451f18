"""Retries and circuit breaking: ask again where that helps, stop asking where it does not, notice a return.

`PersistentModel` wraps any model. A question is tried a few times with growing, jittered pauses that honour the
server's Retry-After (exponential backoff with full jitter: Brooker, AWS Architecture Blog, 2015). When tries run out,
or a few questions in a row are refused one after the other, the model counts as away: further questions fail at once,
and one is let through from time to time to see whether the server is back. Going away is logged once, with the server's
own words, and so is coming back.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agents.llm.failures import FailureKind, ModelFailure, Remedy
from core.protocols import Choice, TextModel
from core.ranges import check_range

_logger = logging.getLogger(__name__)
REFUSED_IN_A_ROW = 3
"""Questions without an answer of any kind that are an outage: one prompt may be too long, hardly three in a row."""
MOST_TRIES = 100
LONGEST_TIME_S = 86_400.0
"""A day: what is longer is no pause and no time-out."""


@dataclass(frozen=True, slots=True)
class FaultSettings:
    """Tries and pauses. The defaults suit a remote API."""

    tries: int = 3
    """How often one question is sent before it counts as failed."""
    first_pause_s: float = 0.5
    """Pause before the second try; doubled before each further one."""
    longest_pause_s: float = 8.0
    """Longest pause between tries; when a server asks for more, the model counts as away for that time."""
    away_s: float = 30.0
    """First pause from a failing server; doubled with each failed attempt."""
    longest_away_s: float = 600.0
    """Longest pause from a failing server, whatever it asks for in Retry-After."""

    def __post_init__(self) -> None:
        """Raises ConfigurationError for no tries and for times that are negative or longer than a day."""
        check_range("tries", self.tries, 1, MOST_TRIES)
        for name in ("first_pause_s", "longest_pause_s", "away_s", "longest_away_s"):
            check_range(name, getattr(self, name), 0, LONGEST_TIME_S)


@dataclass(slots=True)
class _Outage:
    """The present outage: since when it was announced, and when to look again."""

    kind: FailureKind
    message: str
    look_again_at: float
    """`time.monotonic()`; infinite when only a person can repair it."""
    pause_s: float


class PersistentModel:
    """A model with retries and a circuit breaker. Safe to use from several threads."""

    def __init__(
        self,
        inner: TextModel,
        settings: FaultSettings | None = None,
        on_failure: Callable[[ModelFailure], None] = lambda failure: None,
        seed: int = 0,
    ) -> None:
        """`on_failure` is called for every failed try, answered later or not, and must not raise."""
        self._inner = inner
        self._settings = settings or FaultSettings()
        self._on_failure = on_failure
        self._random = random.Random(seed)
        self._outage: _Outage | None = None
        self._refused = 0  # questions in a row
        self._closed = threading.Event()
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def away(self) -> bool:
        """True while questions fail at once because the model counts as away."""
        with self._lock:
            return self._outage is not None and time.monotonic() < self._outage.look_again_at

    def close(self) -> None:
        """End pauses between tries at once; the questions in them fail."""
        self._closed.set()

    def choose(self, prompt: str, options: Sequence[str]) -> Choice:
        """The inner model's choice, after as many tries as allowed; else `ModelFailure`."""
        tries = self._admit()
        wasted_prompt, wasted_completion = 0, 0  # tokens of failed tries, which are paid for too
        for number in range(1, tries + 1):
            try:
                choice = self._inner.choose(prompt, options)
            except ModelFailure as failure:
                self._on_failure(failure)
                wasted_prompt = failure.prompt_tokens = failure.prompt_tokens + wasted_prompt
                wasted_completion = failure.completion_tokens = failure.completion_tokens + wasted_completion
                if failure.remedy is Remedy.NEXT_QUESTION:
                    if self._refuses_all():
                        self._leave(failure)
                    raise
                pause_s = self._pause_s(number, failure)
                if failure.remedy is Remedy.STAY_AWAY or number == tries or pause_s > self._settings.longest_pause_s:
                    self._leave(failure)
                    raise
                if self._closed.wait(pause_s):
                    raise
            else:
                self._welcome_back()
                return replace(
                    choice,
                    prompt_tokens=choice.prompt_tokens + wasted_prompt,
                    completion_tokens=choice.completion_tokens + wasted_completion,
                )
        raise AssertionError("unreachable: the last try returns or raises")

    def _admit(self) -> int:
        """Tries of this question: all normally; when away, one if it is time to look again, else none."""
        with self._lock:
            outage = self._outage
            if outage is None:
                return self._settings.tries
            if time.monotonic() >= outage.look_again_at:
                # The others keep waiting while this one looks.
                outage.look_again_at = time.monotonic() + outage.pause_s
                return 1
        failure = ModelFailure(FailureKind.AWAY, f"{self.name} is away ({outage.kind}: {outage.message})")
        self._on_failure(failure)
        raise failure

    def _pause_s(self, number: int, failure: ModelFailure) -> float:
        backoff_s = min(self._settings.longest_pause_s, self._settings.first_pause_s * 2 ** (number - 1))
        with self._lock:
            jittered_s = self._random.uniform(0.0, backoff_s)
        return max(jittered_s, failure.retry_after_s or 0.0)

    def _refuses_all(self) -> bool:
        """Note a refused question; whether the model is away now, or still."""
        with self._lock:
            self._refused += 1
            return self._outage is not None or self._refused >= REFUSED_IN_A_ROW

    def _leave(self, failure: ModelFailure) -> None:
        with self._lock:
            before = self._outage
            pause_s = self._settings.away_s if before is None else before.pause_s * 2
            pause_s = min(max(pause_s, failure.retry_after_s or 0.0), self._settings.longest_away_s)
            for_good = failure.remedy is Remedy.STAY_AWAY
            look_again_at = float("inf") if for_good else time.monotonic() + pause_s
            self._outage = _Outage(failure.kind, str(failure), look_again_at, pause_s)
        if before is None:
            until = "until this run is started again" if for_good else f"for {pause_s:.0f} s, then it is tried again"
            _logger.warning(
                "the language model %s is away (%s: %s); the rules take over its decisions %s",
                self.name,
                failure.kind.value,
                failure,
                until,
            )

    def _welcome_back(self) -> None:
        with self._lock:
            returned, self._outage, self._refused = self._outage is not None, None, 0
        if returned:
            _logger.warning("the language model %s answers again and takes its decisions back", self.name)

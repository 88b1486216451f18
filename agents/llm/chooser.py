"""The path of one question, from the agent to a language model and back.

cache -> budget -> is the model away? -> worker thread -> tries and pauses -> model; the answer is charged, cached, and
returned if it comes in time. A late answer is kept for the next time the question is asked, and a model that is mostly
late is not waited for until it has become faster. Every way to get no answer is a value (`ModelFailure` with its kind);
the caller goes on without an answer.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from agents.llm.budget import Budget, BudgetLimits
from agents.llm.cache import AnswerCache
from agents.llm.checked_model import CheckedModel
from agents.llm.failures import FailureKind, ModelFailure
from agents.llm.faults import FaultSettings, PersistentModel
from agents.llm.meter import Meter, MeterReading, Price
from agents.llm.question import check_options
from agents.llm.worker import Workers
from core.exceptions import ConfigurationError
from core.prompts.prompt import identity
from core.protocols import Choice, TextModel

_logger = logging.getLogger(__name__)
DEFAULT_PATIENCE_S = 2.0
LONG_PAUSE_S = 10.0
"""A user would take a pause of this length for a freeze, so it is said what play waits for."""
BETWEEN_PAUSES_S = 300.0
"""So long nothing more is said of pauses."""
LATE_BEFORE_A_WORD = 10
"""So many late answers, and more than half of what was asked, before it is said."""
TIMES_REMEMBERED = 8
"""Of so many answers, most must have come within the patience, or the next one is not waited for."""
_Question = tuple[str, tuple[str, ...]]
_Answer = Choice | ModelFailure


@dataclass(frozen=True, slots=True)
class OptionChooserSettings:
    """Settings for asking a language model."""

    patience_s: float | None = None
    """The agent never waits longer for an answer; the rules decide meanwhile. None: `DEFAULT_PATIENCE_S`, but the first
    question, and those that are asked with `waits`, are waited for to the end. Local models answer at once."""
    workers: int = 4
    """Questions in progress at the same time; 0 asks in the caller's own thread, best for local models."""
    budget: BudgetLimits = field(default_factory=BudgetLimits)
    faults: FaultSettings = field(default_factory=FaultSettings)
    price: Price | None = None

    def __post_init__(self) -> None:
        if (self.patience_s or 0) < 0 or not 0 <= self.workers <= 64:
            raise ConfigurationError(f"patience_s must not be negative and workers must be 0 to 64: {self}")


class OptionChooser:
    """Answers the agent's questions with one language model, within its limits."""

    def __init__(self, model: TextModel, cache: AnswerCache, settings: OptionChooserSettings | None = None) -> None:
        """Owns the cache and closes it. With `settings.workers` 0, `ask` blocks until the model answers."""
        self._settings = settings or OptionChooserSettings()
        self._meter = Meter(self._settings.price)
        self._budget = Budget(self._settings.budget, model.name, self._settings.price)
        self._model = PersistentModel(CheckedModel(model), self._settings.faults, on_failure=self._note_failure)
        self._cache = cache
        writes_notes = getattr(model, "writes_notes", False)
        self._kept_as = f"{model.name} with notes" if writes_notes else model.name
        """In the cache: an answer that was given without a note has none for a notebook."""
        cache.on_fault = lambda: self._meter.note_failure(FailureKind.CACHE)
        workers = self._settings.workers
        self._workers: Workers[_Answer] | None = Workers(workers, waiting_at_most=4 * workers) if workers else None
        self._under_way: dict[_Question, Future[_Answer]] = {}
        self._late: set[_Question] = set()
        self._in_time: deque[bool] = deque(maxlen=TIMES_REMEMBERED)
        """Of the last answers; the time that a question waited for a thread does not count."""
        self._lock = threading.Lock()
        self._is_warm = False
        """Whether a question has come to its end."""
        self._pause_is_news_s = 0.0
        self._said_over_budget = False
        self._said_slow = False

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def usable(self) -> bool:
        """False while every question fails: the model is away, or the run's budget is used up."""
        return not self._model.away and not self._budget.run_exceeded()

    def begin_episode(self) -> int:
        """A number for a new episode, which has its own budget."""
        return self._budget.begin_episode()

    def ask(
        self, prompt: str, options: Sequence[str], episode: int = 0, *, waits: bool = False
    ) -> Choice | ModelFailure:
        """The model's choice, or why there is none; returns after `patience_s` at the latest (with workers).

        A question whose answer was late may be asked again: it is sent once, and answered as soon as the answer is
        there. While a late answer is outstanding no other question waits, nor while most of the last answers were
        late: so a slow server costs `patience_s` once, however much it is asked. With `waits`, and no `patience_s` in
        the settings, the answer is waited for.
        """
        check_options(options)
        self._meter.note_ask()
        answer = self._asked(prompt, options, episode, waits)
        if isinstance(answer, Choice):
            self._meter.note_answer()
        return answer

    def _asked(self, prompt: str, options: Sequence[str], episode: int, waits: bool) -> Choice | ModelFailure:
        question = (prompt, tuple(options))
        if (known := self._cache.find(self._kept_as, identity(prompt), question[1])) is not None:
            self._meter.note_cache_hit()
            return known
        with self._lock:
            future = self._under_way.get(question)
        if future is None:
            if (limit := self._budget.exceeded(episode)) is not None:
                return self._over_budget(limit)
            if self._workers is None:
                with self._said_if_long():
                    return self._answer(question, episode)
            future = self._send(question, episode, self._workers)
        if future is None and waits and self._settings.patience_s is None:
            with self._said_if_long():
                return self._answer(question, episode)  # the threads are busy: this one has nothing better to do
        return self._wait(question, future, self._patience_s(waits))

    def _patience_s(self, waits: bool) -> float | None:
        """How long one question may take; None for as long as it takes."""
        waits_to_the_end = self._settings.patience_s is None and (waits or not self._is_warm)
        return None if waits_to_the_end else self._usual_patience_s

    @property
    def _usual_patience_s(self) -> float:
        return DEFAULT_PATIENCE_S if self._settings.patience_s is None else self._settings.patience_s

    @contextmanager
    def _said_if_long(self) -> Iterator[None]:
        """Says what play waits for while a long pause lasts."""
        timer = threading.Timer(LONG_PAUSE_S, self._say_pause, (time.monotonic(),))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _say_pause(self, since_s: float) -> None:
        with self._lock:
            is_news = time.monotonic() >= self._pause_is_news_s
            if is_news:
                self._pause_is_news_s = time.monotonic() + BETWEEN_PAUSES_S
        if not is_news:
            return
        _logger.warning(
            "play waits for the language model %s, for %.0f s by now: it is slow, or loads its weights. No step is "
            "lost; Ctrl-C stops the run as ever",
            self.name,
            time.monotonic() - since_s,
        )

    def answers_later(self, prompt: str, options: Sequence[str]) -> bool:
        """Whether the answer to this question is under way, or has come by now: asking again costs no call."""
        with self._lock:
            if (prompt, tuple(options)) in self._under_way:
                return True
        return self._cache.find(self._kept_as, prompt, options) is not None

    def reading(self) -> MeterReading:
        """Calls, hits, tokens, cost, latencies and failures so far."""
        return self._meter.reading()

    def state_dict(self) -> dict[str, Any]:
        """JSON-able counters and spending, for a checkpoint."""
        return {"meter": self._meter.state_dict(), "budget": self._budget.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._meter.load_state_dict(state["meter"])
        self._budget.load_state_dict(state["budget"])

    def close(self) -> None:
        """Give up the questions in progress and close the cache."""
        self._model.close()
        if self._workers is not None:
            self._workers.close()
        self._cache.close()

    def _send(self, question: _Question, episode: int, workers: Workers[_Answer]) -> Future[_Answer] | None:
        with self._lock:  # held until the question is noted, so that its answer cannot come first
            if (future := self._under_way.get(question)) is None:
                future = workers.submit(lambda: self._answer(question, episode))
                if future is not None:
                    self._under_way[question] = future
            return future

    def _wait(self, question: _Question, future: Future[_Answer] | None, patience_s: float | None) -> _Answer:
        if future is None:
            message = "too many questions wait for the language model already"
        elif patience_s is None:
            with self._said_if_long():
                return future.result()
        else:
            with self._lock:
                is_slow = 2 * sum(self._in_time) < len(self._in_time)
                patience_s = 0.0 if self._late or is_slow else patience_s
            try:
                return future.result(timeout=patience_s)
            except TimeoutError:
                message = f"no answer within {patience_s:g} s" if patience_s else "the answer was not waited for"
                with self._lock:
                    if question in self._under_way:
                        self._late.add(question)
        self._meter.note_failure(FailureKind.LATE)
        self._say_if_slow()
        return ModelFailure(FailureKind.LATE, message)

    def _say_if_slow(self) -> None:
        """Once: rules that decide under a model's name would otherwise show in the tables only."""
        reading = self._meter.reading()
        late = reading.failures.get(FailureKind.LATE.value, 0)
        if self._said_slow or late < LATE_BEFORE_A_WORD or 2 * late <= reading.asks:
            return
        self._said_slow = True
        took = f"half of them take {reading.latency_p50_s:.1f} s and more" if reading.calls else "none has come yet"
        advice = f"to {1.25 * reading.latency_p95_s:.1f} or more" if reading.calls else "higher"
        _logger.warning(
            "%s is slow: %d of %d answers were not there within patience_s (%g s), so the rules decided instead; %s. "
            "Set language_model.patience_s %s, or take a faster model; `crystal-agent doctor --llm` measures it",
            self.name,
            late,
            reading.asks,
            self._usual_patience_s,
            took,
            advice,
        )

    def _answer(self, question: _Question, episode: int) -> _Answer:
        """Ask the model; runs in a worker thread, or in the caller's without workers."""
        began_s = time.monotonic()
        try:
            choice = self._model.choose(*question)
            self._charge(choice.prompt_tokens, choice.completion_tokens, choice.latency_s, episode)
            self._cache.keep(self._kept_as, identity(question[0]), question[1], choice)
            return choice
        except ModelFailure as failure:
            if failure.prompt_tokens or failure.completion_tokens:
                self._charge(failure.prompt_tokens, failure.completion_tokens, failure.latency_s, episode)
            return failure
        finally:
            took_s = time.monotonic() - began_s
            self._is_warm = True
            with self._lock:
                self._in_time.append(took_s <= self._usual_patience_s)
                self._under_way.pop(question, None)
                self._late.discard(question)

    def _charge(self, prompt_tokens: int, completion_tokens: int, latency_s: float, episode: int) -> None:
        usd = self._meter.note_call(prompt_tokens, completion_tokens, latency_s)
        self._budget.charge(prompt_tokens + completion_tokens, usd, episode)

    def _note_failure(self, failure: ModelFailure) -> None:
        self._meter.note_failure(failure.kind)

    def _over_budget(self, limit: str) -> ModelFailure:
        self._meter.note_failure(FailureKind.BUDGET)
        if not self._said_over_budget:
            self._said_over_budget = True
            _logger.warning("the language model's budget of %s is used up; the rules take over its decisions", limit)
        return ModelFailure(FailureKind.BUDGET, f"the budget of {limit} is used up")

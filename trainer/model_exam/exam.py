"""Puts questions to a language model, as a run does it, and keeps what came of each."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from agents.llm.checked_model import CheckedModel
from agents.llm.failures import ModelFailure, Remedy
from agents.llm.question import neutral_order
from core.protocols import Choice, TextModel
from trainer.model_exam.questions import GameQuestion

FAILURES_IN_A_ROW = 3
"""So many at the very beginning, and the rest is not asked: a dead server costs its time limit each time."""


@dataclass(frozen=True, slots=True)
class Exam:
    """Answers and failures in the order of the questions; not all need be asked."""

    questions: tuple[GameQuestion, ...]
    outcomes: tuple[Choice | ModelFailure, ...]
    seconds: tuple[float, ...]
    """How long each took, wall time."""
    repeated_s: float | None
    """The last answered question once more; None where none was answered."""

    @property
    def answers(self) -> list[Choice]:
        """The usable ones."""
        return [outcome for outcome in self.outcomes if isinstance(outcome, Choice)]

    @property
    def failures(self) -> Counter[str]:
        """By kind."""
        return Counter(outcome.kind.value for outcome in self.outcomes if isinstance(outcome, ModelFailure))

    @property
    def first_failure(self) -> ModelFailure | None:
        """Its text is the server's or the library's own."""
        return next((outcome for outcome in self.outcomes if isinstance(outcome, ModelFailure)), None)

    @property
    def accepted_share(self) -> float:
        """Of the questions asked, 0 to 1."""
        return len(self.answers) / max(1, len(self.outcomes))

    @property
    def warm_s(self) -> tuple[float, ...]:
        """Without the first question, which also loads the model."""
        return self.seconds[1:] or self.seconds

    def percentile_s(self, percent: float) -> float:
        """Of the time that a question takes when the model is warm."""
        return float(np.percentile(self.warm_s, percent))

    @property
    def agreements(self) -> int:
        """Answers that are the rules' choice too."""
        return sum(isinstance(outcome, Choice) and outcome.index == 0 for outcome in self.outcomes)

    @property
    def agreements_by_chance(self) -> float:
        """What guessing would come to, on the same answered questions."""
        pairs = zip(self.questions, self.outcomes, strict=False)
        return sum(1 / len(question.options) for question, outcome in pairs if isinstance(outcome, Choice))


def examine(model: TextModel, questions: Sequence[GameQuestion], say: Callable[[str], None]) -> Exam:
    """Ask every question once, without a cache, another try or anybody else's questions beside it."""
    checked = CheckedModel(model)
    outcomes: list[Choice | ModelFailure] = []
    seconds: list[float] = []
    answered: GameQuestion | None = None
    for number, question in enumerate(questions, start=1):
        outcome, took_s = _ask(checked, question)
        outcomes.append(outcome)
        seconds.append(took_s)
        say(f"question {number} of {len(questions)}: {_in_words(outcome)}, {took_s:.1f} s")
        if isinstance(outcome, Choice):
            answered = question
        elif outcome.remedy is Remedy.STAY_AWAY or (answered is None and number == FAILURES_IN_A_ROW):
            break
    repeated_s = _ask(checked, answered)[1] if answered is not None else None
    return Exam(tuple(questions), tuple(outcomes), tuple(seconds), repeated_s)


def _ask(model: CheckedModel, question: GameQuestion) -> tuple[Choice | ModelFailure, float]:
    order = neutral_order(question.options)  # as a run asks
    began_s = time.perf_counter()
    try:
        choice = model.choose(question.prompt, [question.options[index] for index in order])
    except ModelFailure as failure:
        return failure, time.perf_counter() - began_s
    took_s = time.perf_counter() - began_s
    return Choice(
        order[choice.index], choice.confidence, choice.reason, choice.prompt_tokens, choice.completion_tokens, took_s
    ), took_s


def _in_words(outcome: Choice | ModelFailure) -> str:
    return "answered" if isinstance(outcome, Choice) else f"no answer ({outcome.kind.value})"

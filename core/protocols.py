"""The protocols that `core` asks of the floors above it. `core` never imports upward."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, SupportsFloat, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from core.exceptions import DecisionValidationError

MOST_TOKENS = 10_000_000
"""More than any model reads or writes at once: a count above it is a mistake."""
LONGEST_LATENCY_S = 1e6


@dataclass(frozen=True, slots=True)
class Choice:
    """A language model's answer to a fixed list of options."""

    index: int
    """Which option, from 0."""
    confidence: float
    """Probability of that option among the options, 0 to 1."""
    reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    latency_s: float = 0.0
    cached: bool = False
    note: str = ""
    """What the model wants to remember, in its own words; empty for nothing."""

    def checked(self, options: int) -> Choice:
        """The same answer to a question of so many options, with side fields that mean something.

        A confidence that is no probability becomes 1 / `options` (nothing is known), a count of tokens that is none 0.
        Raises DecisionValidationError when `index` names no option: only that is the answer.
        """
        try:
            index = operator.index(self.index)
        except TypeError:
            index = -1
        if isinstance(self.index, bool) or not 0 <= index < options:
            raise DecisionValidationError(
                f"the language model chose option {self.index!r} of {options}: it must be an integer from 0 to "
                f"{options - 1}"
            )
        confidence = probability_of(self.confidence)
        return replace(
            self,
            index=index,
            confidence=1 / options if confidence is None else confidence,
            reason=str(self.reason).encode("utf-8", "replace").decode(),
            note=str(self.note).encode("utf-8", "replace").decode(),
            prompt_tokens=token_count(self.prompt_tokens) or 0,
            completion_tokens=token_count(self.completion_tokens) or 0,
            latency_s=_number_within(self.latency_s, LONGEST_LATENCY_S) or 0.0,
        )


def probability_of(value: object) -> float | None:
    """`value` as a probability; None where it is none: no number, NaN, outside 0 to 1."""
    return _number_within(value, 1)


def token_count(value: object) -> int | None:
    """`value` as a number of tokens, 85.0 as 85; None where it is none: no whole number, negative, beyond belief."""
    count = _number_within(value, MOST_TOKENS)
    return int(count) if count is not None and count.is_integer() else None


def _number_within(value: object, highest: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, float | int | SupportsFloat):  # asking for a protocol is slow
        return None
    try:
        number = float(value)
    except (ArithmeticError, TypeError, ValueError):
        return None
    return number if 0 <= number <= highest else None


class TextModel(Protocol):
    """Anything that can choose among listed options after reading a prompt.

    Local models score the options, servers answer by structured output; free text is never parsed.
    Raises `LLMConnectionError` when it cannot answer.
    """

    @property
    def name(self) -> str: ...

    def choose(self, prompt: str, options: Sequence[str]) -> Choice: ...


@runtime_checkable
class LLMManagerLike(Protocol):
    """What `HybridAgent` needs of `trainer.llm_manager.LLMManager`."""

    @property
    def available(self) -> bool:
        """False when there is no language model: the rules then take its share."""
        ...

    def begin_episode(self) -> int:
        """A number for a new episode. Pass it with the episode's questions: budgets per episode go by it."""
        ...

    def choose_option(self, prompt: str, options: Sequence[str], episode: int = 0) -> Choice | None:
        """The model's choice, or None when it cannot answer now (away, over budget); never raises for that."""
        ...


class ButtonManager(Protocol):
    """The documented custom manager: it names buttons itself and lists no options (`BaseLLMManager`)."""

    def get_action(self, context: str) -> tuple[int, dict[str, Any]]:
        """An action index, 0 to 8, and metadata with at least `source` and `confidence`."""
        ...


@runtime_checkable
class JudgesTeacher(Protocol):
    """A policy that has compared the teacher's actions with other actions while it learned."""

    @property
    def teacher_evidence(self) -> float:
        """Log-odds that the teacher's action does better than another action; 0 before anything is known."""
        ...


class Policy(Protocol):
    """A policy over the nine buttons that can be asked for probabilities and taught from transitions."""

    def probabilities(self, observations: dict[str, NDArray[Any]], masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Action probabilities, shape (lanes, 9), rows sum to 1, masked actions have 0."""
        ...

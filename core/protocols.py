"""The protocols that `core` asks of the floors above it. `core` never imports upward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


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

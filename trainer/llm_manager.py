"""The documented door to language models: `LLMManager` for the built-in ones, `BaseLLMManager` for one's own.

A custom manager needs `get_action` only. An answer is taken when it *is* the name or the index of a button; nothing is
ever searched for inside prose.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from agents.llm.registry import load_text_model
from core.exceptions import ConfigurationError, DecisionValidationError, LLMConnectionError
from core.protocols import Choice, TextModel
from core.vocabulary import Button

__all__ = ["BaseLLMManager", "LLMManager"]

log = logging.getLogger(__name__)

LONGEST_ANSWER_SHOWN = 80


class BaseLLMManager(ABC):
    """Base of custom managers: implement `get_action`, and the agent asks it for buttons."""

    @property
    def available(self) -> bool:
        """False while there is no model to ask: the rules then carry its share."""
        return True

    @abstractmethod
    def get_action(self, context: str) -> tuple[int, dict[str, Any]]:
        """An action index, 0 to 8, and metadata with at least `source` (str) and `confidence` (0 to 1).

        `context` describes the state of the game in words.
        """

    def parse_action(self, response: str) -> int:
        """The action that `response` names: exactly a button's name (any case) or its index, blanks around it aside.

        Raises DecisionValidationError for anything else, a sentence that contains a button's name included.
        """
        answer = response.strip().upper()
        if answer in Button.__members__:
            return int(Button[answer])
        if answer.isascii() and answer.isdecimal() and int(answer) < len(Button):
            return int(answer)
        raise DecisionValidationError(
            f"the answer {response[:LONGEST_ANSWER_SHOWN]!r} names no button; it must be one of "
            f"{', '.join(button.name for button in Button)} or an index from 0 to {len(Button) - 1}, and nothing else"
        )


class LLMManager(BaseLLMManager):
    """The manager that `llm_model` of a config names. It satisfies `core.protocols.LLMManagerLike`."""

    def __init__(self, model: str = "none", max_context_length: int = 2048) -> None:
        """`model` is "none" or `provider/model[@url]`; `max_context_length` the most tokens in one prompt.

        Raises ConfigurationError for an unknown model or a length below 1.
        """
        if max_context_length < 1:
            raise ConfigurationError(f"max_context_length is {max_context_length}: it must be 1 or more")
        self.model_name = model
        self.max_context_length = max_context_length
        self.model: TextModel | None = load_text_model(model)

    @property
    def available(self) -> bool:
        """True when a model is loaded."""
        return self.model is not None

    def choose_option(self, prompt: str, options: Sequence[str]) -> Choice | None:
        """The model's choice among `options`, or None when there is no model or it cannot answer now."""
        if self.model is None:
            return None
        try:
            return self.model.choose(prompt, options)
        except LLMConnectionError as error:
            log.warning("%s cannot answer now, the rules decide: %s", self.model.name, error)
            return None

    def get_action(self, context: str) -> tuple[int, dict[str, Any]]:
        """The model's choice among the nine buttons. Raises LLMConnectionError when there is no model or no answer."""
        if self.model is None:
            raise LLMConnectionError(
                "there is no language model to ask: llm_model is 'none'; check `available` first or name a model"
            )
        choice = self.model.choose(context, [button.name for button in Button])
        metadata = {"source": self.model.name, "confidence": choice.confidence, "reasoning": choice.reason}
        return choice.index, metadata

"""The documented door to language models: `LLMManager` for the built-in ones, `BaseLLMManager` for one's own.

A custom manager needs `get_action` only. An answer is taken when it *is* the name or the index of a button; nothing is
ever searched for inside prose.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

from agents.llm.cache import AnswerCache
from agents.llm.chooser import OptionChooser
from agents.llm.failures import ModelFailure
from agents.llm.meter import MeterReading
from agents.llm.model_name import parse_model_name
from agents.llm.question import neutral_order
from agents.llm.registry import load_text_model, runs_in_this_process
from agents.llm.settings import LanguageModelSettings
from core.exceptions import ConfigurationError, CrystalHybridError, DecisionValidationError, LLMConnectionError
from core.prompts.brief import Brief
from core.protocols import Choice
from core.registry import Registry, must_derive_from
from core.vocabulary import Button

__all__ = ["LLM_MANAGERS", "BaseLLMManager", "LLMManager", "make_manager"]

log = logging.getLogger(__name__)

LONGEST_ANSWER_SHOWN = 80


class BaseLLMManager(ABC):
    """Base of custom managers: implement `get_action`, and the agent asks it for buttons.

    A config names a class derived from it in `llm_manager` as `package.module:Name`.
    """

    @classmethod
    def from_settings(cls, model: str, max_context_length: int, settings: LanguageModelSettings) -> Self:
        """The manager that a run makes from its config. Override it to read `llm_model` and `language_model`."""
        del model, max_context_length, settings
        return cls()

    @property
    def available(self) -> bool:
        """False while there is no model to ask: the rules then carry its share."""
        return True

    @abstractmethod
    def get_action(self, context: str) -> tuple[int, dict[str, Any]]:
        """An action index, 0 to 8, and metadata with at least `source` (str) and `confidence` (0 to 1).

        `context` describes the state of the game in words.
        """

    def close(self) -> None:  # noqa: B027 - a hook that may be left out
        """The run is over."""

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


LLM_MANAGERS: Registry[type[BaseLLMManager]] = Registry(
    "language-model manager", fault=must_derive_from(BaseLLMManager)
)


@LLM_MANAGERS.register("options")
class LLMManager(BaseLLMManager):
    """The manager that `llm_model` of a config names. It satisfies `core.protocols.LLMManagerLike`."""

    def __init__(
        self, model: str = "none", max_context_length: int = 2048, settings: LanguageModelSettings | None = None
    ) -> None:
        """`model` is "none" or `provider/model[@url]`; `max_context_length` the most tokens in one prompt.

        Raises ConfigurationError for an unknown model, a missing key or a length below 1, LLMConnectionError for
        weights that cannot be loaded.
        """
        if max_context_length < 1:
            raise ConfigurationError(f"max_context_length is {max_context_length}: it must be 1 or more")
        settings = settings or LanguageModelSettings(cache_path=None)
        self.model_name = model
        self.max_context_length = max_context_length
        """Tokens for one question; never more than the model can read."""
        self.brief = Brief()
        """What prompts the model wants."""
        self._chooser: OptionChooser | None = None
        name = parse_model_name(model)
        self.computes_here = runs_in_this_process(name)
        """True for a model of this process, which answers one question at a time; false for one behind a server."""
        loaded = load_text_model(
            name,
            timeout_s=settings.timeout_s,
            local=settings.local,
            thinking_tokens=settings.thinking_tokens,
            notebook=settings.notebook,
        )
        if loaded is not None:
            cache = AnswerCache(settings.cache_path or ":memory:")
            self._chooser = OptionChooser(loaded, cache, settings.chooser(model, is_local=self.computes_here))
            self.max_context_length = min(max_context_length, getattr(loaded, "context_length", max_context_length))
            self.brief = settings.brief(loaded)

    @classmethod
    def from_settings(cls, model: str, max_context_length: int, settings: LanguageModelSettings) -> Self:
        """As the config says."""
        return cls(model, max_context_length, settings)

    @property
    def available(self) -> bool:
        """False when there is no model, while it is away, and when the run's budget is used up: the rules then carry
        its share. Becomes true again when it is time to see whether a model that was away has returned.
        """
        return self._chooser is not None and self._chooser.usable

    @property
    def reading(self) -> MeterReading | None:
        """Calls, cache hits, tokens, cost, latencies and failures so far; None without a model."""
        return self._chooser.reading() if self._chooser is not None else None

    def begin_episode(self) -> int:
        """A number for a new episode, to be given with its questions: budgets per episode go by it."""
        return self._chooser.begin_episode() if self._chooser is not None else 0

    can_wait = True
    """`choose_option` takes `waits`, and may be called while it is not available (`core.agent.advice.Advisor`)."""

    def choose_option(
        self, prompt: str, options: Sequence[str], episode: int = 0, *, waits: bool = False
    ) -> Choice | None:
        """The model's choice among `options`, or None when it cannot answer now; the reason is counted in `reading`.

        The model sees the options in an order that does not tell who likes them. With `waits` a slow answer is waited
        for, where the settings leave it open.
        """
        if self._chooser is None:
            return None
        order = neutral_order(options)
        answer = self._chooser.ask(prompt, [options[index] for index in order], episode, waits=waits)
        if isinstance(answer, ModelFailure):
            log.debug("no answer from %s: %s", self._chooser.name, answer)
            return None
        return replace(answer, index=order[answer.index])

    def answers_later(self, prompt: str, options: Sequence[str]) -> bool:
        """Whether asking this again will give an answer that was not waited for: it is under way, or has come."""
        order = neutral_order(options)
        return self._chooser is not None and self._chooser.answers_later(prompt, [options[index] for index in order])

    def get_action(self, context: str) -> tuple[int, dict[str, Any]]:
        """The model's choice among the nine buttons. Raises LLMConnectionError when there is no model or no answer."""
        if self._chooser is None:
            raise LLMConnectionError(
                "there is no language model to ask: llm_model is 'none'; check `available` first or name a model"
            )
        answer = self._chooser.ask(context, [button.name for button in Button])
        if isinstance(answer, ModelFailure):
            raise answer
        return answer.index, {
            "source": self._chooser.name,
            "confidence": answer.confidence,
            "reasoning": answer.reason,
        }

    def state_dict(self) -> dict[str, Any]:
        """Counters and spending, JSON-able, so that a resumed run does not start from zero."""
        return self._chooser.state_dict() if self._chooser is not None else {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores `state_dict`; without a model, or without a state, nothing."""
        if self._chooser is not None and state:
            self._chooser.load_state_dict(state)

    def close(self) -> None:
        """Gives up questions under way and closes the cache; the manager answers no more."""
        if self._chooser is not None:
            self._chooser.close()
            self._chooser = None


def make_manager(
    llm_manager: str, llm_model: str, max_context_length: int, settings: LanguageModelSettings
) -> BaseLLMManager:
    """Who asks the language model, by the keys of a config. Raises ConfigurationError for what is no manager, or cannot
    be made."""
    manager = LLM_MANAGERS.resolve(llm_manager, "llm_manager")
    try:
        return manager.from_settings(llm_model, max_context_length, settings)
    except CrystalHybridError:
        raise
    except Exception as error:  # the constructor is anybody's code
        raise ConfigurationError(
            f"llm_manager is {llm_manager!r}, and it cannot be made: {type(error).__name__}: {error}"
        ) from error

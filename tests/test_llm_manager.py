"""The documented language-model door: strict answers, no model by default, and custom managers as documented."""

from __future__ import annotations

from typing import Any

import pytest

from core.exceptions import ConfigurationError, DecisionValidationError, LLMConnectionError
from core.protocols import LLMManagerLike
from core.vocabulary import Button
from trainer.llm_manager import BaseLLMManager, LLMManager


class CustomLLMManager(BaseLLMManager):
    """The documented example, with a fixed answer in place of a remote call."""

    def __init__(self, response: str) -> None:
        self.response = response

    def get_action(self, context: str) -> tuple[int, dict[str, Any]]:
        action = self.parse_action(self.response)
        return action, {"source": "custom_llm", "confidence": 0.8}


@pytest.mark.parametrize(
    ("answer", "button"),
    [("A", Button.A), (" up\n", Button.UP), ("Start", Button.START), ("0", Button.A), ("8", Button.NONE)],
)
def test_an_answer_is_a_name_or_an_index(answer: str, button: Button) -> None:
    assert CustomLLMManager(answer).get_action("anything") == (button, {"source": "custom_llm", "confidence": 0.8})


@pytest.mark.parametrize("answer", ["", "9", "-1", "1.0", "press A", "a wild creature appeared", "A, then B", "²"])
def test_nothing_is_searched_for_in_prose(answer: str) -> None:
    with pytest.raises(DecisionValidationError, match="names no button"):
        CustomLLMManager(answer).get_action("anything")


def test_a_custom_manager_must_implement_get_action() -> None:
    with pytest.raises(TypeError):
        BaseLLMManager()  # type: ignore[abstract]


def test_no_model_is_not_available_and_says_so_when_asked() -> None:
    manager = LLMManager()
    assert isinstance(manager, LLMManagerLike)
    assert not manager.available
    assert manager.choose_option("where to?", ["north", "south"]) is None
    with pytest.raises(LLMConnectionError, match="llm_model is 'none'"):
        manager.get_action("where to?")


def test_a_name_that_means_nothing_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="names no known provider"):
        LLMManager("zzz/model")
    with pytest.raises(ConfigurationError, match="max_context_length is 0"):
        LLMManager(max_context_length=0)

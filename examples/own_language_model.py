"""A language model of one's own, in the two ways there are.

    python run_training.py --config examples/own_language_model.json

`WORDS` is a provider: its models choose among listed options, and the rules carry the chosen option out. It is named in
`llm_model`. `AlwaysUp` is a manager: it names buttons itself. It is named in `llm_manager`, and `llm_model` is then its
own business.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from agents.llm.provider import ModelName, Provider
from agents.llm.settings import LanguageModelSettings
from core.protocols import Choice, TextModel
from trainer.llm_manager import BaseLLMManager


class SharedWords:
    """Chooses the option that has most words in common with the prompt, rare words of the prompt counting more."""

    name = "own_language_model/words"

    def choose(self, prompt: str, options: Sequence[str]) -> Choice:
        counts = Counter(_words(prompt))
        scores = [sum(1 / counts[word] for word in set(_words(option)) if word in counts) for option in options]
        best = max(range(len(options)), key=scores.__getitem__)
        share = scores[best] / sum(scores) if sum(scores) else 1 / len(options)
        return Choice(best, share, f"it shares words worth {scores[best]:.1f} with the prompt")


def load(name: ModelName, settings: LanguageModelSettings) -> TextModel:
    """A vendor's library would be imported here; `name.model` is what follows the provider's name."""
    return SharedWords()


WORDS = Provider("the option that shares most words with the prompt", load, in_this_process=True, takes_a_model=False)


class AlwaysUp(BaseLLMManager):
    """Answers every question with one button."""

    def get_action(self, context: str) -> tuple[int, dict[str, Any]]:
        return self.parse_action("UP"), {"source": "always_up", "confidence": 0.8}


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())

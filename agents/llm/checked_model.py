"""Any language model, held to the contract of `TextModel`.

A model may be anybody's code: a provider of your own, a chat template from the internet, a server's reply. Here each of
its errors becomes a `ModelFailure`, so that it is tried again, counted and said as every other one, and each of its
answers makes sense before it is charged and kept.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from agents.llm.failures import FailureKind, ModelFailure
from agents.llm.question import question_text
from core.exceptions import DecisionValidationError
from core.prompts.prompt import SeenPrompt
from core.prompts.writer import estimate_tokens
from core.protocols import Choice, TextModel, token_count

_logger = logging.getLogger(__name__)
LONGEST_ERROR = 300
"""Characters of an error's text that a failure quotes."""
PICTURE_TOKENS = 300
"""What a small picture is taken to cost where nobody says: vendors count 85 to 300."""
ANSWER_TOKENS = 100
"""What an answer is taken to have where the count that came with it is none: about the length of a filled-in form."""


class CheckedModel:
    """The model, whose answers name an option and whose only errors are `ModelFailure`s."""

    def __init__(self, inner: TextModel) -> None:
        self._inner = inner
        self._told = False

    @property
    def name(self) -> str:
        return self._inner.name

    def choose(self, prompt: str, options: Sequence[str]) -> Choice:
        """The inner model's choice, checked; its tokens are estimated where their number is no number of tokens."""
        try:
            choice = self._inner.choose(prompt, options)
            tokens = self._tokens(choice, prompt, options)
            return replace(choice.checked(len(options)), prompt_tokens=tokens[0], completion_tokens=tokens[1])
        except ModelFailure as failure:
            failure.prompt_tokens, failure.completion_tokens = self._tokens(failure, prompt, options)
            raise
        except DecisionValidationError as error:
            raise ModelFailure(FailureKind.UNKNOWN_OPTION, str(error)) from error
        except (ConnectionError, TimeoutError) as error:
            raise ModelFailure(FailureKind.CONNECTION, _in_words(error)) from error
        except Exception as error:  # of whatever class: an answer is optional
            raise ModelFailure(FailureKind.BROKEN, _in_words(error)) from error

    def _tokens(self, spent: Choice | ModelFailure, prompt: str, options: Sequence[str]) -> tuple[int, int]:
        """Prompt and completion. A count that is none must not be a gift to the budget, nor use it up."""
        reported = token_count(spent.prompt_tokens), token_count(spent.completion_tokens)
        if None not in reported:
            return reported  # type: ignore[return-value]
        if not self._told:
            self._told = True
            _logger.warning(
                "%s reports %.20r and %.20r tokens, which cannot be: such counts are estimated from the text",
                self.name,
                spent.prompt_tokens,
                spent.completion_tokens,
            )
        asked = estimate_tokens(question_text(prompt, options)) + PICTURE_TOKENS * isinstance(prompt, SeenPrompt)
        return (
            asked if reported[0] is None else reported[0],
            ANSWER_TOKENS if reported[1] is None else reported[1],
        )


def _in_words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:LONGEST_ERROR]

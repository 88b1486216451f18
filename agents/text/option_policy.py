"""A language model as a policy over listed options: differentiable probabilities, sampling with a temperature.

An option is scored as the model's answer (`agents/llm/scoring.py`), so every draw is a valid action with a known
probability, as a policy gradient needs. Several policies may share one base model and differ in their adapters.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from agents.llm.scoring import TokenQuestion, option_log_probabilities, pack
from agents.text.text_policy import TextPolicy
from core.exceptions import ConfigurationError


@dataclass(frozen=True, slots=True)
class OptionChoice:
    """An option that was drawn."""

    question: TokenQuestion
    index: int
    log_probability: float
    """Log-probability of the option under the distribution it was drawn from."""
    probabilities: tuple[float, ...]


class OptionPolicy:
    """Chooses among options with a `TextPolicy`'s model.

    Args:
        text: model, tokenizer and adapter.
        temperature: scores are divided by it.
        remember_tokens: most tokens, in all, of the questions whose answers are kept while the weights stay.
    """

    def __init__(self, text: TextPolicy, temperature: float = 1.0, remember_tokens: int = 0) -> None:
        self.text = text
        self.temperature = temperature
        self.remember_tokens = remember_tokens
        self.context_length: int = getattr(text.model.config, "max_position_embeddings", 1 << 20)
        """Most tokens of a question with its longest option."""
        layers = DynamicCache(config=text.model.config).layers
        self._side_by_side = all(type(layer) is DynamicLayer for layer in layers)
        self._memory: OrderedDict[TokenQuestion, Tensor] = OrderedDict()
        self._remembered_tokens = 0

    def tokenize(self, prompt: str, options: Sequence[str]) -> TokenQuestion:
        """The question in tokens. Raises ConfigurationError when it is longer than the model can read."""
        question = TokenQuestion(self.text.encode(prompt), tuple(self.text.answer_tokens(option) for option in options))
        length = len(question.prompt) + max(map(len, question.options))
        if length > self.context_length:
            raise ConfigurationError(
                f"the question has {length} tokens, the model reads {self.context_length}; use a model that reads more"
            )
        return question

    def choose(self, prompt: str, options: Sequence[str], generator: torch.Generator) -> OptionChoice:
        """Draw an option; the same generator state gives the same draw."""
        question = self.tokenize(prompt, options)
        with torch.inference_mode():
            log_probabilities = self._remembered(question)
        probabilities = log_probabilities.exp()
        index = int(torch.multinomial(probabilities, 1, generator=generator))
        return OptionChoice(question, index, float(log_probabilities[index]), tuple(probabilities.tolist()))

    def log_probabilities(self, questions: Sequence[TokenQuestion]) -> list[Tensor]:
        """log pi over each question's options, one tensor (options,) a question, with gradient."""
        self.text.select()
        model: Any = self.text.model
        if self._side_by_side:
            rows = pack(questions, dtype=model.dtype, device=str(self.text.device))
            logits = model(
                input_ids=rows.tokens,
                attention_mask=rows.mask,
                position_ids=rows.positions,
                use_cache=False,
                logits_to_keep=rows.needed_logits,
            ).logits
            scores = option_log_probabilities(logits, rows)
        else:
            scores = [self._one_by_one(question) for question in questions]
        return [torch.log_softmax(score.float() / self.temperature, dim=0) for score in scores]

    def forget(self) -> None:
        """Drop the kept answers, because the weights have changed."""
        self._memory.clear()
        self._remembered_tokens = 0

    def _one_by_one(self, question: TokenQuestion) -> Tensor:
        """For architectures that ignore a mask for options side by side (windows, state spaces)."""
        scores = []
        for option in question.options:
            alone = [TokenQuestion(question.prompt, (option,))]
            tokens = torch.tensor([[*question.prompt, *option]], device=self.text.device)
            logits = self.text.model(input_ids=tokens, use_cache=False).logits
            rows = pack(alone, dtype=logits.dtype, device=str(self.text.device))
            scores.append(option_log_probabilities(logits, rows)[0][0])
        return torch.stack(scores)

    def _remembered(self, question: TokenQuestion) -> Tensor:
        known = self._memory.get(question)
        if known is not None:
            self._memory.move_to_end(question)
            return known
        answer = self.log_probabilities([question])[0].cpu()
        if self.remember_tokens:
            self._memory[question] = answer
            self._remembered_tokens += _size(question)
            while self._remembered_tokens > self.remember_tokens:
                forgotten, _ = self._memory.popitem(last=False)
                self._remembered_tokens -= _size(forgotten)
        return answer


def _size(question: TokenQuestion) -> int:
    return len(question.prompt) + sum(map(len, question.options))

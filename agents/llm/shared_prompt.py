"""Scoring of listed options by models that cannot score them in one row, such as those with sliding windows.

The prompt is read once. What the model remembers of it (keys and values of whatever kind) is copied for each option,
and all options are read in one batch, padded on the right. The memory of the last prompt is kept, so the same prompt
again, or one that goes on where it ended, costs its new tokens only. A memory with a window cannot be cut back, so a
copy is kept where two prompts parted: the next one with that beginning (task and examples, say) goes on from there.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from agents.llm.scoring import TokenQuestion

SHORTEST_BEGINNING = 32
"""Tokens: a copy of the memory of fewer costs more than reading them."""


class SharedPromptScorer:
    """One model's way to score options; not safe for several threads at once."""

    def __init__(self, model: PreTrainedModel, device: str, *, keep: bool = True) -> None:
        """With `keep` false nothing is remembered between two questions."""
        self._model = model
        self._device = device
        self._keep = keep
        names = inspect.signature(model.forward).parameters
        self._memory_name = "past_key_values" if "past_key_values" in names else "cache_params"
        self._last_logits_only = {"logits_to_keep": 1} if "logits_to_keep" in names else {}
        self.forget()

    def forget(self) -> None:
        """Drop what is remembered; call it after the weights have changed."""
        self._read: tuple[int, ...] = ()
        self._memory: Any = None
        self._next: Tensor | None = None
        self._beginning: tuple[int, ...] = ()
        """What the last two prompts had in common."""
        self._beginning_memory: Any = None

    def scores(self, question: TokenQuestion) -> Tensor:
        """Log-probability of each option's text after the prompt, its end included; (options,)."""
        memory, following = self._after_prompt(question.prompt)
        first = torch.tensor([option[0] for option in question.options], device=self._device)
        total = torch.log_softmax(following.float(), dim=-1)[first]
        longest = max(map(len, question.options)) - 1
        if longest == 0:
            return total
        count = len(question.options)
        tokens = torch.zeros((count, longest), dtype=torch.long, device=self._device)
        targets = torch.zeros_like(tokens)
        counts = torch.zeros((count, longest), device=self._device)
        for row, option in enumerate(question.options):
            tokens[row, : len(option) - 1] = torch.tensor(option[:-1], device=self._device)
            targets[row, : len(option) - 1] = torch.tensor(option[1:], device=self._device)
            counts[row, : len(option) - 1] = 1.0
        own = copy.deepcopy(memory)
        own.batch_repeat_interleave(count)
        logits = self._model(input_ids=tokens, use_cache=True, **{self._memory_name: own}).logits
        chances = torch.log_softmax(logits.float(), dim=-1).gather(2, targets[:, :, None]).squeeze(2)
        return total + (chances * counts).sum(1)

    def _after_prompt(self, prompt: tuple[int, ...]) -> tuple[Any, Tensor]:
        """The memory of the prompt, and the logits of the token that follows it, (vocabulary,)."""
        if self._next is not None and self._read == prompt:
            return self._memory, self._next
        try:
            read, memory = self._known_beginning(prompt)
            memory, following = self._go_on(memory, prompt[len(read) :])
        except BaseException:
            self.forget()  # half a memory would make every later answer wrong
            raise
        if self._keep:
            self._read, self._memory, self._next = prompt, memory, following
        return memory, following

    def _known_beginning(self, prompt: tuple[int, ...]) -> tuple[tuple[int, ...], Any]:
        """As many of the prompt's first tokens as are remembered, and the memory of them, which may be written on."""
        if self._next is not None and self._read == prompt[: len(self._read)]:
            return self._read, self._memory
        length = shared_length(self._read, prompt[:-1])  # a token must be left: its logits are needed
        if self._beginning and self._beginning == prompt[: len(self._beginning)] and len(self._beginning) < len(prompt):
            return self._beginning, copy.deepcopy(self._beginning_memory)
        if length < SHORTEST_BEGINNING:
            return (), None
        self._beginning = prompt[:length]
        self._beginning_memory, _ = self._go_on(None, self._beginning)
        return self._beginning, copy.deepcopy(self._beginning_memory)

    def _go_on(self, memory: Any, tokens: tuple[int, ...]) -> tuple[Any, Tensor]:
        """Read more: the memory of all, and the logits of the token that follows, (vocabulary,)."""
        output = self._model(
            input_ids=torch.tensor([tokens], device=self._device),
            use_cache=True,
            **{self._memory_name: memory},
            **self._last_logits_only,
        )
        return getattr(output, self._memory_name), output.logits[0, -1]


def shared_length(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two prompts have in common from their beginning on."""
    for place, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return place
    return min(len(one), len(other))

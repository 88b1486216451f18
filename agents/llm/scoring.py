"""Scoring of listed options by a local causal model, all options of a question in one forward pass.

Every option is written after the same prompt, as one row of tokens:

    prompt | option 1 | option 2 | ... | option n

A four-dimensional attention mask lets each option see only the prompt and itself, and position ids let each begin where
the prompt ends. So the row gives exactly the probabilities of n separate sequences, and the prompt is computed once.
The keys and values of the beginning that a prompt shares with the last one are kept (`prefix`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class TokenQuestion:
    """A question in tokens: the prompt, and each option with the token that ends an answer."""

    prompt: tuple[int, ...]
    options: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class PackedRows:
    """Questions side by side, ready for one forward pass.

    `tokens` and `positions` are (rows, length), `mask` is (rows, 1, length, prefix + length) and additive:
    0 where a token may look, the dtype's minimum where not. The first `prefix` tokens of the prompt are left out of
    the row, because the model's cache holds them.
    """

    tokens: Tensor
    positions: Tensor
    mask: Tensor
    prefix: int
    questions: tuple[TokenQuestion, ...]

    @property
    def needed_logits(self) -> int:
        """How many of the last places predict a token of an option."""
        shortest = min(len(question.prompt) for question in self.questions)
        return self.tokens.shape[1] - (shortest - self.prefix - 1)


def pack(
    questions: Sequence[TokenQuestion], *, prefix: int = 0, dtype: torch.dtype = torch.float32, device: str = "cpu"
) -> PackedRows:
    """Lay questions out as rows, padded on the right. `prefix` > 0 needs exactly one question with a longer prompt."""
    if prefix and (len(questions) != 1 or prefix >= len(questions[0].prompt)):
        raise ValueError(f"a cached prefix of {prefix} tokens needs one question with a longer prompt")
    length = max(len(q.prompt) + sum(map(len, q.options)) for q in questions) - prefix
    tokens = torch.zeros((len(questions), length), dtype=torch.long)
    positions = torch.zeros((len(questions), length), dtype=torch.long)
    owner = torch.full((len(questions), length), -1)  # which option a token belongs to, -1: the prompt
    for row, question in enumerate(questions):
        flat = [*question.prompt, *(token for option in question.options for token in option)][prefix:]
        tokens[row, : len(flat)] = torch.tensor(flat)
        prompt_length = len(question.prompt) - prefix
        positions[row, :prompt_length] = torch.arange(prefix, len(question.prompt))
        start = prompt_length
        for number, option in enumerate(question.options):
            end = start + len(option)
            positions[row, start:end] = torch.arange(len(question.prompt), len(question.prompt) + len(option))
            owner[row, start:end] = number
            start = end
        owner[row, start:] = len(question.options)  # padding sees the prompt and itself; nothing reads it
    earlier = torch.ones((length, length), dtype=torch.bool).tril()
    looks = earlier & ((owner[:, None, :] == -1) | (owner[:, :, None] == owner[:, None, :]))
    mask = torch.zeros((len(questions), 1, length, prefix + length), dtype=dtype)
    mask[:, 0, :, prefix:].masked_fill_(~looks, torch.finfo(dtype).min)
    return PackedRows(tokens.to(device), positions.to(device), mask.to(device), prefix, tuple(questions))


def option_log_probabilities(logits: Tensor, rows: PackedRows) -> list[Tensor]:
    """Log-probability of each option's text, its end included: one tensor (options,) a question.

    `logits` are the model's, (rows, length, vocabulary), or those of the last places only. Differentiable, so
    training uses it too; all places are gathered at once, because each gather costs a gradient of the logits' size.
    """
    kept = logits.shape[1]
    left_out = rows.tokens.shape[1] - kept
    predictors: list[int] = []
    targets: list[int] = []
    lengths: list[int] = []
    for row, question in enumerate(rows.questions):
        first = len(question.prompt) - rows.prefix
        base = row * kept - left_out
        last_of_prompt = base + first - 1
        for option in question.options:
            # The token at place k is predicted by the logits at place k - 1; an option's first, by the prompt's last.
            predictors += (last_of_prompt, *range(base + first, base + first + len(option) - 1))
            targets += option
            lengths.append(len(option))
            first += len(option)
    places = torch.tensor(predictors, device=logits.device)
    wanted = torch.tensor(targets, device=logits.device)
    chances = nn.functional.log_softmax(logits.flatten(0, 1)[places].float(), dim=-1)
    per_token = chances.gather(1, wanted[:, None])[:, 0]
    per_option = torch.stack([part.sum() for part in per_token.split(lengths)])
    return list(per_option.split([len(question.options) for question in rows.questions]))

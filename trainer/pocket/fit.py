"""Trains a small language model to choose among options.

The loss of a question is the cross-entropy of the chosen option among the options, each option scored by the
log-probability of its text: exactly the number by which the model chooses later. A smaller part is ordinary language
modelling of the chosen option, so that the model can also write its choice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from agents.llm.scoring import PackedRows, TokenQuestion, option_log_probabilities, pack
from trainer.pocket.examples import Example


@dataclass(frozen=True, slots=True)
class FitSettings:
    steps: int = 1500
    batch: int = 32
    learning_rate: float = 2e-3
    warm_up_steps: int = 50
    weight_decay: float = 0.05
    word_share: float = 0.2
    """Weight of the language-modelling part of the loss."""
    largest_gradient: float = 1.0
    threads: int = 2
    """Torch threads; a training repeats bit for bit only with the same number."""


class Tokenize(Protocol):
    """`HuggingFaceModel.tokenize`."""

    def __call__(self, prompt: str, options: Sequence[str]) -> TokenQuestion: ...


@dataclass(frozen=True, slots=True)
class FitExample:
    """An example in tokens."""

    question: TokenQuestion
    chosen: int
    situation: str

    @property
    def tokens(self) -> int:
        return len(self.question.prompt) + sum(map(len, self.question.options))


def lessons_of(examples: Sequence[Example], tokenize: Tokenize) -> list[FitExample]:
    return [FitExample(tokenize(e.prompt, e.options), e.chosen, e.situation) for e in examples]


def fit(
    model: nn.Module, lessons: Sequence[FitExample], settings: FitSettings, seed: int, say: Callable[[str], None]
) -> None:
    """Train `model` in place. Repeatable for the same seed, lessons, settings and library versions."""
    torch.manual_seed(seed)
    torch.set_num_threads(settings.threads)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, betas=(0.9, 0.98)
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, settings))
    model.train()
    right = seen = 0
    for step, batch in enumerate(_batches(lessons, settings, seed), start=1):
        rows = pack([lesson.question for lesson in batch])
        choice_loss, word_loss, hits = _losses(model, rows, batch)
        optimizer.zero_grad(set_to_none=True)
        (choice_loss + settings.word_share * word_loss).backward()
        nn.utils.clip_grad_norm_(model.parameters(), settings.largest_gradient)
        optimizer.step()
        schedule.step()
        right, seen = right + hits, seen + len(batch)
        if step % 100 == 0:
            say(
                f"step {step} of {settings.steps}: loss of choices {choice_loss.item():.3f}, of words "
                f"{word_loss.item():.3f}, {right / seen:.1%} as the rules"
            )
            right = seen = 0
    model.eval()


def scores_of(model: nn.Module, lessons: Sequence[FitExample], batch: int = 32) -> list[Tensor]:
    """Log-probabilities of the options of each lesson, in the order of the lessons."""
    order = sorted(range(len(lessons)), key=lambda index: lessons[index].tokens)
    scores: dict[int, Tensor] = {}
    with torch.inference_mode():
        for start in range(0, len(order), batch):
            chunk = order[start : start + batch]
            rows = pack([lessons[index].question for index in chunk])
            scores.update(zip(chunk, option_log_probabilities(_logits(model, rows), rows), strict=True))
    return [scores[index] for index in range(len(lessons))]


def _rate(step: int, settings: FitSettings) -> float:
    """Linear warm-up, then half a cosine down to a tenth."""
    if step < settings.warm_up_steps:
        return (step + 1) / settings.warm_up_steps
    progress = (step - settings.warm_up_steps) / max(1, settings.steps - settings.warm_up_steps)
    return 0.55 + 0.45 * math.cos(math.pi * min(1.0, progress))


def _batches(lessons: Sequence[FitExample], settings: FitSettings, seed: int) -> Iterator[list[FitExample]]:
    """`settings.steps` batches of lessons of similar length, for little padding; every lesson once an epoch."""
    random = np.random.default_rng(seed)
    given = 0
    while True:
        noise = random.uniform(0.85, 1.15, len(lessons))
        order = sorted(range(len(lessons)), key=lambda index: lessons[index].tokens * noise[index])
        starts = np.arange(0, len(order), settings.batch)
        random.shuffle(starts)
        for start in starts:
            yield [lessons[index] for index in order[start : start + settings.batch]]
            given += 1
            if given == settings.steps:
                return


def _logits(model: nn.Module, rows: PackedRows) -> Tensor:
    """Logits only where they predict an option's token: in a small network the softmax is half of the cost."""
    output: Any = model(
        input_ids=rows.tokens,
        attention_mask=rows.mask,
        position_ids=rows.positions,
        use_cache=False,
        logits_to_keep=rows.needed_logits,
    )
    return output.logits


def _losses(model: nn.Module, rows: PackedRows, batch: Sequence[FitExample]) -> tuple[Tensor, Tensor, int]:
    """Mean loss of the choices, mean loss of the chosen options' words, and the number of right choices."""
    scores = option_log_probabilities(_logits(model, rows), rows)
    pairs = list(zip(batch, scores, strict=True))
    choices = torch.stack([-options.log_softmax(0)[lesson.chosen] for lesson, options in pairs])
    answers = torch.stack([-options[lesson.chosen] for lesson, options in pairs])
    hits = sum(int(options.argmax()) == lesson.chosen for lesson, options in pairs)
    answer_tokens = sum(len(lesson.question.options[lesson.chosen]) for lesson in batch)
    return choices.mean(), answers.sum() / answer_tokens, hits

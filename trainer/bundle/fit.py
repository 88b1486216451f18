"""Clones both heads from lessons: cross-entropy of the rules' press, of the option's end and of the rules' choice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agents.heads.cloning import END_WEIGHT, choice_logits, choice_loss, press_loss_of, views_of
from agents.heads.lessons import Lessons
from agents.heads.networks import ButtonNetwork, OptionNetwork
from agents.heads.plane_codes import planes_of
from trainer.bundle.varied_lessons import Steps, kinds_of_situations, recode, turn


@dataclass(frozen=True, slots=True)
class CloningSettings:
    """How the heads are fitted."""

    button_epochs: float = 5.0
    button_batch: int = 512
    option_epochs: float = 40.0
    option_batch: int = 128
    hidden_prior_share: float = 0.5
    """Of the choices, those in which the rules' value and rank are hidden, so that one head plays with and without."""
    learning_rate: float = 2e-3
    warm_up_share: float = 0.1
    weight_decay: float = 1e-3
    end_weight: float = END_WEIGHT
    largest_gradient: float = 1.0
    recoded_share: float = 0.0
    """Of the steps, those in which each group of codes (places, options, words, milestones) is drawn anew, so that the
    button head presses where it meets new ones (`trainer/bundle/varied_lessons.py`)."""
    turned_share: float = 0.0
    """Of the steps in which the player walks, those seen turned by a quarter or mirrored."""
    balanced_share: float = 0.0
    """Of a batch of the button head, the steps that are drawn from all kinds of situations alike
    (`trainer/bundle/varied_lessons.py`), however rare; the others come once an epoch."""
    ignored: tuple[str, ...] = ()
    """Parts of the view that the button head does without, to see what they are worth."""
    threads: int = 1
    """Torch threads; a training repeats bit for bit only with the same number. On cores that others use as well, more
    than one wait for each other."""


def clone_button_head(
    network: ButtonNetwork, lessons: Lessons, settings: CloningSettings, seed: int, say: Callable[[str], None]
) -> None:
    """Trains `network` in place. Repeatable for the same seed, lessons, settings and library versions."""
    rows = np.flatnonzero(lessons.teaches_press)
    steps = max(1, int(settings.button_epochs * len(rows) / settings.button_batch))

    dice = np.random.default_rng([seed, 1])
    rare = round(settings.balanced_share * settings.button_batch)
    kinds = kinds_of_situations(lessons.vectors, rows) if rare else []

    def loss_of(batch: NDArray[np.int64]) -> Tensor:
        if rare:
            drawn = [int(dice.choice(kinds[kind])) for kind in dice.integers(len(kinds), size=rare)]
            batch = np.concatenate([batch, drawn])
        steps = Steps(
            lessons.vectors[batch].astype(np.float32),
            planes_of(lessons.planes[batch]),
            lessons.masks[batch],
            lessons.presses[batch],
        )
        if settings.recoded_share:
            recode(steps, settings.recoded_share, dice)
        if settings.turned_share:
            turn(steps, settings.turned_share, dice)
        return press_loss_of(
            network,
            torch.from_numpy(steps.vectors),
            torch.from_numpy(steps.planes),
            torch.from_numpy(steps.masks),
            torch.from_numpy(steps.presses),
            torch.from_numpy(lessons.ends[batch]),
            settings.end_weight,
            settings.ignored,
        )

    usual = settings.button_batch - rare
    _fit(network, loss_of, _batches(rows, usual, seed), steps, settings, "button head", say)
    network.ignore(settings.ignored)


def clone_option_head(
    network: OptionNetwork, lessons: Lessons, settings: CloningSettings, seed: int, say: Callable[[str], None]
) -> None:
    """Trains `network` in place; in part of the choices the rules' value and rank are hidden."""
    dice = np.random.default_rng(seed)
    rows = np.arange(len(lessons.chosen))
    steps = max(1, int(settings.option_epochs * len(rows) / settings.option_batch))

    def loss_of(batch: NDArray[np.int64]) -> Tensor:
        hidden = torch.from_numpy(dice.random(len(batch)) < settings.hidden_prior_share)
        return choice_loss(network, lessons, batch, hidden)

    _fit(network, loss_of, _batches(rows, settings.option_batch, seed), steps, settings, "option head", say)


def button_agreement(network: ButtonNetwork, lessons: Lessons) -> tuple[float, float]:
    """Share of steps whose likeliest press is the rules', and whose option's end is judged as the rules do."""
    rows = np.flatnonzero(lessons.teaches_press)
    right_presses = right_ends = 0
    with torch.inference_mode():
        for batch in np.array_split(rows, max(1, len(rows) // 2048)):
            logits, ends = network(*views_of(lessons, batch), torch.from_numpy(lessons.masks[batch]))
            wanted = torch.from_numpy(lessons.presses[batch])
            right_presses += int((logits.argmax(dim=1) == wanted).sum())
            own = ends.gather(1, wanted[:, None]).squeeze(1) > 0
            right_ends += int((own == torch.from_numpy(lessons.ends[batch])).sum())
    return right_presses / len(rows), right_ends / len(rows)


def option_agreement(network: OptionNetwork, lessons: Lessons, *, shows_prior: bool) -> float:
    """Share of choices whose likeliest option is the rules'."""
    rows = np.arange(len(lessons.chosen))
    right = 0
    with torch.inference_mode():
        for batch in np.array_split(rows, max(1, len(rows) // 2048)):
            hidden = torch.full((len(batch),), not shows_prior)
            logits = choice_logits(network, lessons, batch, hidden)
            right += int((logits.argmax(dim=1) == torch.from_numpy(lessons.chosen[batch])).sum())
    return right / max(1, len(rows))


def _batches(rows: NDArray[np.int64], size: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Batches without end, every row once an epoch."""
    dice = np.random.default_rng(seed)
    while True:
        order = dice.permutation(rows)
        for start in range(0, max(1, len(order) - size + 1), size):
            yield np.sort(order[start : start + size])


def _fit(
    network: nn.Module,
    loss_of: Callable[[NDArray[np.int64]], Tensor],
    batches: Iterator[NDArray[np.int64]],
    steps: int,
    settings: CloningSettings,
    name: str,
    say: Callable[[str], None],
) -> None:
    torch.set_num_threads(settings.threads)
    rate = settings.learning_rate
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, total_steps=steps + 1, pct_start=settings.warm_up_share
    )
    network.train()
    running = 0.0
    for step in range(1, steps + 1):
        loss = loss_of(next(batches))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), settings.largest_gradient)
        optimizer.step()
        schedule.step()
        running = loss.item() if step == 1 else 0.98 * running + 0.02 * loss.item()
        if step % max(1, steps // 10) == 0:
            say(f"{name}: step {step} of {steps}, loss {running:.3f}")
    network.eval()

"""What cloning minimises: cross-entropy of the rules' press, of the option's end, and of the rules' choice."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from agents.heads.button_view import SITUATION_PLANES, SITUATION_SIZE
from agents.heads.lessons import Lessons
from agents.heads.networks import ButtonNetwork, OptionNetwork, without_prior
from agents.heads.option_view import OPTION_SLOTS

END_WEIGHT = 0.5
"""Of the option's end against the press."""


def views_of(lessons: Lessons, batch: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    """Vectors and planes of these steps."""
    return torch.from_numpy(lessons.vectors[batch]).float(), torch.from_numpy(lessons.planes[batch]).float()


def press_loss(
    network: ButtonNetwork, lessons: Lessons, batch: NDArray[np.int64], end_weight: float = END_WEIGHT
) -> Tensor:
    """Of these steps, nats: the rules' press, and whether the option is over after it."""
    pressed = torch.from_numpy(lessons.presses[batch])
    logits, end_logits = network(*views_of(lessons, batch), torch.from_numpy(lessons.masks[batch]))
    own_ends = end_logits.gather(1, pressed[:, None]).squeeze(1)
    ends = torch.from_numpy(lessons.ends[batch]).float()
    return F.cross_entropy(logits, pressed) + end_weight * F.binary_cross_entropy_with_logits(own_ends, ends)


def choice_logits(network: OptionNetwork, lessons: Lessons, batch: NDArray[np.int64], hidden: Tensor) -> Tensor:
    """Of these choices (choices, OPTION_SLOTS); where `hidden`, the rules' value and rank are not seen."""
    vectors, planes = views_of(lessons, lessons.choice_steps[batch])
    options = torch.from_numpy(lessons.options[batch]).float()
    options = torch.where(hidden[:, None, None], without_prior(options), options)
    listed = torch.arange(OPTION_SLOTS)[None] < torch.from_numpy(lessons.option_counts[batch])[:, None]
    return network(vectors[:, :SITUATION_SIZE], planes[:, :SITUATION_PLANES], options, listed)


def choice_loss(network: OptionNetwork, lessons: Lessons, batch: NDArray[np.int64], hidden: Tensor) -> Tensor:
    """Of these choices, nats."""
    return F.cross_entropy(choice_logits(network, lessons, batch, hidden), torch.from_numpy(lessons.chosen[batch]))

"""What cloning minimises: cross-entropy of the rules' press, of the option's end, and of the rules' choice."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from agents.heads.button_view import PLACE_OF, SITUATION_PLANES, SITUATION_SIZE, VIEW_PLANES
from agents.heads.lessons import Lessons
from agents.heads.networks import ButtonNetwork, OptionNetwork, without_prior
from agents.heads.options.view import OPTION_SLOTS
from agents.heads.plane_codes import planes_of

END_WEIGHT = 0.5
"""Of the option's end against the press."""


def views_of(lessons: Lessons, batch: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    """Vectors and planes of these steps."""
    return torch.from_numpy(lessons.vectors[batch]).float(), torch.from_numpy(planes_of(lessons.planes[batch]))


def press_loss(
    network: ButtonNetwork,
    lessons: Lessons,
    batch: NDArray[np.int64],
    end_weight: float = END_WEIGHT,
    ignored: Collection[str] = (),
) -> Tensor:
    """Of these steps, nats: the rules' press, and whether the option is over after it. `ignored` parts of the view are
    0 (`ButtonNetwork.ignore`)."""
    vectors, planes = views_of(lessons, batch)
    masks, pressed = torch.from_numpy(lessons.masks[batch]), torch.from_numpy(lessons.presses[batch])
    ends = torch.from_numpy(lessons.ends[batch])
    return press_loss_of(network, vectors, planes, masks, pressed, ends, end_weight, ignored)


def press_loss_of(
    network: ButtonNetwork,
    vectors: Tensor,
    planes: Tensor,
    masks: Tensor,
    pressed: Tensor,
    ends: Tensor,
    end_weight: float = END_WEIGHT,
    ignored: Collection[str] = (),
) -> Tensor:
    """As `press_loss`, of views that the caller has put together, and may be changed."""
    for part in ignored:
        if part in VIEW_PLANES:
            planes[:, VIEW_PLANES[part]] = 0.0
        else:
            vectors[:, PLACE_OF[part]] = 0.0
    logits, end_logits = network(vectors, planes, masks)
    own_ends = end_logits.gather(1, pressed[:, None]).squeeze(1)
    return F.cross_entropy(logits, pressed) + end_weight * F.binary_cross_entropy_with_logits(own_ends, ends.float())


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

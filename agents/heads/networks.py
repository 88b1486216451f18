"""The networks of both heads: small enough that a step costs far less than the emulator."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

import torch
from torch import Tensor, nn

from agents.heads.button_view import (
    PLACE_OF,
    PLANES_SHAPE,
    SITUATION_PLANES,
    SITUATION_SIZE,
    VIEW_PLANES,
    VIEW_SIZE,
)
from agents.heads.options.view import ADVICE, OPTION_SIZE, PRIOR, RECORD
from core.vocabulary import ACTION_COUNT

MASKED_LOGIT = -1e8
WIDTH = 192
OPTION_WIDTH = 128


def _convolutions(planes: int, first: int, second: int) -> nn.Sequential:
    """(n, planes, 9, 10) to (n, 16 * second)."""
    return nn.Sequential(
        nn.Conv2d(planes, first, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(first, second, 3, stride=2),
        nn.ReLU(),
        nn.Flatten(),
    )


class ButtonNetwork(nn.Module):
    """Presses for an option, and tells when it has come to its end."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = _convolutions(PLANES_SHAPE[0], 24, 48)
        self.join = nn.Sequential(nn.Linear(VIEW_SIZE + 48 * 16, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU())
        self.press = nn.Linear(WIDTH, ACTION_COUNT)
        self.ends = nn.Linear(WIDTH, ACTION_COUNT)

    def forward(self, vector: Tensor, planes: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Masked logits of the presses, and for each press the logit that the option is over after it; both
        (n, actions)."""
        joined = self.joined(vector, planes)
        return self.press(joined).masked_fill(~mask, MASKED_LOGIT), self.ends(joined)

    def joined(self, vector: Tensor, planes: Tensor) -> Tensor:
        """What presses and ends are told from, (n, WIDTH)."""
        return self.join(torch.cat([vector, self.convolutions(planes)], dim=1))

    def ignore(self, parts: Collection[str]) -> None:
        """Cuts what leads from these parts of the view (`PLACE_OF`, `VIEW_PLANES`) into the network."""
        with torch.no_grad():
            for part in parts:
                if part in VIEW_PLANES:
                    cast(nn.Conv2d, self.convolutions[0]).weight[:, VIEW_PLANES[part]] = 0.0
                else:
                    cast(nn.Linear, self.join[0]).weight[:, PLACE_OF[part]] = 0.0


class OptionNetwork(nn.Module):
    """A pointer over the listed options: one score each, from the situation and the option's facts."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = _convolutions(SITUATION_PLANES, 16, 32)
        self.situation = nn.Sequential(nn.Linear(SITUATION_SIZE + 32 * 16, OPTION_WIDTH), nn.ReLU())
        self.score = nn.Sequential(
            nn.Linear(OPTION_WIDTH + OPTION_SIZE, OPTION_WIDTH),
            nn.ReLU(),
            nn.Linear(OPTION_WIDTH, OPTION_WIDTH),
            nn.ReLU(),
            nn.Linear(OPTION_WIDTH, 1),
        )
        self.forget_untaught()

    def forget_untaught(self) -> None:
        """Cuts what a language model and the record tell: where training never showed it, it must not matter in play.

        From nothing, training learns what it is worth.
        """
        weights = cast(nn.Linear, self.score[0]).weight
        with torch.no_grad():
            for part in (ADVICE, RECORD):
                weights[:, OPTION_WIDTH + part.start : OPTION_WIDTH + part.stop] = 0.0

    def forward(self, vector: Tensor, planes: Tensor, options: Tensor, listed: Tensor) -> Tensor:
        """Logits (n, slots). `vector` (n, SITUATION_SIZE) and `planes` tell the situation, `options`
        (n, slots, OPTION_SIZE) the options, `listed` (n, slots) which slots hold one."""
        seen = self.situation(torch.cat([vector, self.convolutions(planes)], dim=1))
        row, slot = listed.nonzero(as_tuple=True)  # most slots are empty: only what is listed is scored
        scores = self.score(torch.cat([seen[row], options[row, slot]], dim=1)).squeeze(1)
        return torch.full(listed.shape, MASKED_LOGIT).index_put((row, slot), scores)


class ValueNetwork(nn.Module):
    """What a situation is worth; needed to train the option head, not to play."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = _convolutions(SITUATION_PLANES, 16, 32)
        self.score = nn.Sequential(
            nn.Linear(SITUATION_SIZE + 32 * 16, OPTION_WIDTH),
            nn.ReLU(),
            nn.Linear(OPTION_WIDTH, OPTION_WIDTH),
            nn.ReLU(),
            nn.Linear(OPTION_WIDTH, 1),
        )

    def forward(self, vector: Tensor, planes: Tensor) -> Tensor:
        """(n, 1)."""
        return self.score(torch.cat([vector, self.convolutions(planes)], dim=1))


def without_prior(options: Tensor) -> Tensor:
    """The same options, the rules' value and rank hidden."""
    hidden = options.clone()
    hidden[..., PRIOR] = 0.0
    return hidden

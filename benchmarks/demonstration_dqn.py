"""The off-policy rival of `learning_methods.py`: a masked double DQN with demonstrations. No part of the product."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from core.agent.lane_transitions import NO_TEACHER_ACTION, LaneTransitions
from core.vocabulary import ACTION_COUNT

DISCOUNT = 0.99
MARGIN = 0.2
"""No action may be valued within this of the teacher's action (the large-margin loss of DQfD, Hester 2018)."""
STEPS_AN_UPDATE = 32
GRADIENT_STEPS = 64
"""Per update, as a replay allows; the policy-gradient methods take 8."""
MASKED_VALUE = -1e9


class DemonstrationDqn:
    """Keeps everybody's transitions in one replay, so it needs no behaviour probabilities. Same calls as the learner.

    The margin loss fades with the half-life that the other methods' teacher term has.
    """

    def __init__(self, width: int, lanes: int, teacher_half_life: int, seed: int) -> None:
        torch.manual_seed(seed)
        self.network, self.target = _network(width), _network(width)
        self.target.load_state_dict(self.network.state_dict())
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-3)
        self.exploration = 0.3
        self.updates = 0
        self._lanes = lanes
        self._teacher_half_life = teacher_half_life
        self._random = np.random.default_rng(seed)
        self._last: dict[str, NDArray[Any]] | None = None
        self._replay: dict[str, list[NDArray[Any]]] = {}
        self._steps = 0

    def probabilities(
        self, observations: Mapping[str, NDArray[Any]], masks: NDArray[np.bool_]
    ) -> NDArray[np.floating[Any]]:
        """Epsilon-greedy; when asked for more than its own lanes it is being tested, and greedy."""
        with torch.inference_mode():
            values = self.network(torch.from_numpy(observations["features"]))
            best = values.masked_fill(~torch.from_numpy(masks), MASKED_VALUE).argmax(dim=1).numpy()
        exploration = self.exploration if len(masks) == self._lanes else 0.0
        return (1 - exploration) * np.eye(ACTION_COUNT)[best] + exploration * masks / masks.sum(axis=1, keepdims=True)

    def observe(self, played: LaneTransitions) -> None:
        """Keeps a step when the next one shows its mask; a truncated transition has none and is left out."""
        if self._last is not None:
            last = {**self._last, "after_masks": played.masks}
            kept = ~last.pop("truncated")
            for name, part in last.items():
                self._replay.setdefault(name, []).append(part[kept])
        allowed = played.masks[np.arange(self._lanes), np.maximum(played.teacher_actions, 0)]
        self._last = {
            "view": played.observations["features"],
            "masks": played.masks,
            "actions": played.actions,
            "wishes": np.where(allowed, played.teacher_actions, NO_TEACHER_ACTION),
            "rewards": played.rewards,
            "terminated": played.terminated,
            "truncated": played.truncated,
            "after": played.next_observations["features"],
        }
        self._steps += 1

    @property
    def ready(self) -> bool:
        return self._steps == STEPS_AN_UPDATE * (self.updates + 1)

    def update(self) -> None:
        """Gradient steps on random samples of all that ever happened."""
        columns = {name: torch.from_numpy(np.concatenate(parts)) for name, parts in self._replay.items()}
        for _ in range(GRADIENT_STEPS):
            rows = torch.from_numpy(self._random.integers(0, len(columns["actions"]), 128))
            self._gradient_step(**{name: column[rows] for name, column in columns.items()})
        self.updates += 1
        self.exploration = max(0.05, 0.3 * 0.9**self.updates)
        self.target.load_state_dict(self.network.state_dict())

    def _gradient_step(
        self,
        view: Tensor,
        masks: Tensor,
        actions: Tensor,
        wishes: Tensor,
        rewards: Tensor,
        terminated: Tensor,
        after: Tensor,
        after_masks: Tensor,
    ) -> None:
        values = self.network(view)
        with torch.no_grad():
            best = self.network(after).masked_fill(~after_masks, MASKED_VALUE).argmax(dim=1, keepdim=True)
            targets = rewards + DISCOUNT * self.target(after).gather(1, best).squeeze(1) * ~terminated
        loss = functional.smooth_l1_loss(values.gather(1, actions[:, None]).squeeze(1), targets)
        labelled = wishes != NO_TEACHER_ACTION
        if labelled.any():
            wished = wishes.clamp_min(0)[:, None]
            margins = torch.full_like(values, MARGIN).scatter(1, wished, 0.0)
            rival = (values + margins).masked_fill(~masks, MASKED_VALUE).max(dim=1).values
            excess = rival - values.gather(1, wished).squeeze(1)
            fading = 0.5 ** (self._steps * self._lanes / self._teacher_half_life)
            loss = loss + fading * (excess * labelled).sum() / labelled.sum()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()


def _network(width: int) -> nn.Module:
    return nn.Sequential(nn.Linear(width, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, ACTION_COUNT))

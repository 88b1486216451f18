"""What the option head learns from rewards in the main training: each choice against what was to be expected there.

A choice is one transition from its step to the next step at which somebody chooses (semi-Markov): the rewards between
count, discounted by the step, and then what the critic says there. So

    A = r_t + g r_{t+1} + ... + g^{n-1} r_{t+n-1} + g^n V(s_{t+n}) - V(s_t)

with n steps to the next choice, and PPO's clipped surrogate over the listed options. The button head's critic serves
both. Beyond the end of a game nothing is worth anything; at a horizon and at a rollout's end the last view stands for
the next one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from agents.heads.button_view import SITUATION_PLANES, SITUATION_SIZE
from agents.heads.networks import OptionNetwork
from agents.heads.options.view import OPTION_SIZE, OPTION_SLOTS
from agents.heads.rollout import HeadsRollout, ListedOptions

FEWEST_CHOICES = 8
"""With fewer in a rollout, their mean says nothing, and they are left out."""


def choice_advantages(
    rollout: HeadsRollout, values: NDArray[np.float32], discount: float
) -> list[tuple[int, int, ListedOptions, float]]:
    """(step, lane, choice, A) of every choice that the option head drew; `values` is V(s), (steps, lanes)."""
    chooses = np.zeros((rollout.steps + 1, rollout.lanes), np.bool_)
    for step, lane, _ in rollout.choices:
        chooses[step, lane] = True
    returns = np.empty_like(values)
    ahead = values[-1]
    for step in range(rollout.steps - 1, -1, -1):
        is_last = rollout.truncated[step] | (step == rollout.steps - 1)
        following = values[min(step + 1, rollout.steps - 1)]
        after = np.where(is_last, values[step], np.where(chooses[step + 1], following, ahead))
        ahead = rollout.rewards[step] + discount * np.where(rollout.terminated[step], 0.0, after)
        returns[step] = ahead
    return [
        (step, lane, choice, float(returns[step, lane] - values[step, lane]))
        for step, lane, choice in rollout.choices
        if choice.chance < 1.0 and choice.taken < OPTION_SLOTS
    ]


@dataclass(frozen=True, slots=True)
class ChoiceBatch:
    """The choices of one rollout, to learn from."""

    vectors: Tensor
    planes: Tensor
    options: Tensor
    listed: Tensor
    taken: Tensor
    chances: Tensor
    advantages: Tensor
    """Of mean 0 and deviation 1."""

    @classmethod
    def of(cls, rollout: HeadsRollout, values: NDArray[np.float32], discount: float) -> ChoiceBatch | None:
        """None where there are too few."""
        drawn = choice_advantages(rollout, values, discount)
        if len(drawn) < FEWEST_CHOICES:
            return None
        place = tuple(np.array([one[axis] for one in drawn]) for axis in (0, 1))
        options = np.zeros((len(drawn), OPTION_SLOTS, OPTION_SIZE), np.float32)
        listed = np.zeros((len(drawn), OPTION_SLOTS), np.bool_)
        for row, (_, _, choice, _) in enumerate(drawn):
            options[row, : len(choice.facts)] = choice.facts
            listed[row, : len(choice.facts)] = True
        advantages = np.array([advantage for *_, advantage in drawn], np.float32)
        return cls(
            torch.from_numpy(rollout.observations["vector"][place][:, :SITUATION_SIZE]).float(),
            torch.from_numpy(rollout.observations["planes"][place][:, :SITUATION_PLANES]).float(),
            torch.from_numpy(options),
            torch.from_numpy(listed),
            torch.tensor([choice.taken for _, _, choice, _ in drawn]),
            torch.tensor([choice.chance for _, _, choice, _ in drawn]),
            torch.from_numpy((advantages - advantages.mean()) / (advantages.std() + 1e-8)),
        )


def choice_reward_loss(network: OptionNetwork, batch: ChoiceBatch, clip_range: float) -> Tensor:
    """PPO's clipped surrogate of the choices."""
    logits = network(batch.vectors, batch.planes, batch.options, batch.listed)
    chosen = functional.log_softmax(logits, dim=-1).gather(1, batch.taken[:, None]).squeeze(1)
    ratio = (chosen - batch.chances.log()).exp()
    clipped = ratio.clamp(1 - clip_range, 1 + clip_range)
    return -torch.minimum(ratio * batch.advantages, clipped * batch.advantages).mean()

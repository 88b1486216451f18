"""How a local model learns from its decisions: a clipped policy gradient on the options it chose.

For decision t with option o, the probability pi_old(o) it was drawn with, and the return R_t that followed,

    R_t = sum_k gamma^k r_{t+k}            until the end of the episode
    A_t = (R_t - b_t) / (std + 1e-8)       b_t: mean return of the same step in all episodes of the batch
    L   = -mean( min(u A, clip(u, 1 - eps, 1 + eps) A) ) - eta * H,    u = pi(o) / pi_old(o)

A step's own mean is a baseline that needs no second network and takes out what only the time left explains. This is
PPO's surrogate (Schulman 2017, equation 7) with GRPO's way of setting a baseline (Shao et al. 2024).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from agents.learning.named_tensors import first_difference, load_named_tensors, named_tensors
from agents.llm.scoring import TokenQuestion
from agents.text.option_policy import OptionChoice, OptionPolicy
from core.exceptions import CheckpointError, TrainingError
from trainer.grpo.advantages import group_advantages

WEIGHTS = "weights"
"""What the names of the weights begin with in `tensors`."""


@dataclass(frozen=True, slots=True)
class OptionLearnerSettings:
    """Numbers of the update."""

    learning_rate: float = 3e-4
    discount: float = 0.9
    clip_range: float = 0.2
    entropy_coefficient: float = 0.01
    epochs: int = 2
    batch_size: int = 32
    max_gradient_norm: float = 0.5
    whole_episodes: bool = False
    """True: every decision of an episode gets the episode's whole reward, less the mean of the batch's episodes (GRPO
    with the episodes as its group); False: A_t of the module's text."""


@dataclass(frozen=True, slots=True)
class UpdateStatistics:
    """One decision and what it was worth."""

    question: TokenQuestion
    index: int
    log_probability: float
    advantage: float


@dataclass(slots=True)
class _Trajectory:
    choices: list[OptionChoice] = field(default_factory=list)
    rewards: list[float] = field(default_factory=list)


class OptionLearner:
    """One model's adapter (or whole weights) and what it has lived through since its last update."""

    def __init__(
        self, name: str, family: str, policy: OptionPolicy, settings: OptionLearnerSettings, seed: int = 0
    ) -> None:
        self.name = name
        self.family = family
        self.policy = policy
        self.settings = settings
        self.updates = 0
        self._shuffle = np.random.default_rng(seed)
        marker = f".{policy.text.adapter}."
        mine = {id(parameter) for parameter in policy.text.trainable_parameters()}
        self._parameters = {
            key.replace(marker, "."): parameter
            for key, parameter in policy.text.model.named_parameters()
            if id(parameter) in mine
        }
        self.optimizer = torch.optim.AdamW(
            list(self._parameters.values()), lr=settings.learning_rate, weight_decay=0.0, betas=(0.9, 0.99)
        )
        self._finished: list[_Trajectory] = []
        self._ended_games: list[_Trajectory] = []
        """Of the episode under way."""
        self._running = _Trajectory()

    # -- living ------------------------------------------------------------------------------------------------

    def add(self, choice: OptionChoice) -> None:
        """A decision; rewards that follow are its."""
        self._running.choices.append(choice)
        self._running.rewards.append(0.0)

    def reward(self, reward: float) -> None:
        """What came after the last decision; before the first, nothing is learned from it."""
        if self._running.rewards:
            self._running.rewards[-1] += reward

    def end_game(self) -> None:
        """Later rewards do not reach back beyond this; the episode goes on."""
        if self._running.choices:
            self._ended_games.append(self._running)
        self._running = _Trajectory()

    def end_episode(self) -> None:
        """As `end_game`; and what the episode's games brought can be learned from."""
        self.end_game()
        self._finished += self._ended_games
        self._ended_games = []

    def abandon_episode(self) -> None:
        """The episode under way will be played anew."""
        self._ended_games = []
        self._running = _Trajectory()

    @property
    def has_experience(self) -> bool:
        """Whether an update would have anything to look at."""
        return bool(self._finished)

    def discard_experience(self) -> None:
        """Forgets the finished episodes since the last update."""
        self._finished.clear()

    def use_settings(self, learning_rate: float, batch_size: int) -> None:
        """For the updates to come."""
        self.settings = replace(self.settings, learning_rate=learning_rate, batch_size=batch_size)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate

    # -- learning ----------------------------------------------------------------------------------------------

    def parameters(self) -> dict[str, torch.nn.Parameter]:
        """What learns, under names without the adapter's."""
        return self._parameters

    def weights_changed(self) -> None:
        """Answers that were remembered do not hold any longer."""
        self.policy.forget()

    together = None
    """Adapters of one base learn one after the other."""

    def update_steps(self) -> Generator[None, None, None]:
        """See `weights.WeightOwner`. Raises TrainingError when a gradient is not finite."""
        experience = self._experience()
        self.discard_experience()
        if not any(one.advantage for one in experience):
            return
        self.policy.forget()
        parts = math.ceil(len(experience) / self.settings.batch_size)
        for _ in range(self.settings.epochs):
            for rows in np.array_split(self._shuffle.permutation(len(experience)), parts):
                self.optimizer.zero_grad()
                self._loss([experience[row] for row in rows]).backward()
                yield
                self._step()
        self.updates += 1

    def _step(self) -> None:
        norm = float(torch.nn.utils.clip_grad_norm_(self._parameters.values(), self.settings.max_gradient_norm))
        if not math.isfinite(norm):
            raise TrainingError(
                f"the gradient of {self.name} is {norm}: a reward is not finite or the learning rate "
                f"({self.settings.learning_rate}) too high; go on from the last checkpoint with a lower one"
            )
        self.optimizer.step()

    def _loss(self, batch: Sequence[UpdateStatistics]) -> torch.Tensor:
        self.policy.text.model.eval()  # no dropout: the ratio must be 1 before the first step
        different: dict[TokenQuestion, int] = {}
        places = [different.setdefault(one.question, len(different)) for one in batch]
        answers = self.policy.log_probabilities(list(different))  # the same prompt often occurs; read it once
        rows = [answers[place] for place in places]
        new = torch.stack([row[one.index] for row, one in zip(rows, batch, strict=True)])
        entropy = torch.stack([-(row.exp() * row).sum() for row in rows]).mean()
        old = torch.tensor([one.log_probability for one in batch], device=new.device)
        advantages = torch.tensor([one.advantage for one in batch], device=new.device, dtype=new.dtype)
        ratio = (new - old).exp()
        clipped = ratio.clamp(1 - self.settings.clip_range, 1 + self.settings.clip_range)
        surrogate = torch.minimum(ratio * advantages, clipped * advantages).mean()
        return -surrogate - self.settings.entropy_coefficient * entropy

    def _experience(self) -> list[UpdateStatistics]:
        if not self._finished:
            return []
        if self.settings.whole_episodes:
            advantages = episode_advantages([one.rewards for one in self._finished])
        else:
            advantages = step_advantages(
                [discounted_returns(one.rewards, self.settings.discount) for one in self._finished]
            )
        return [
            UpdateStatistics(choice.question, choice.index, choice.log_probability, float(advantage))
            for trajectory, row in zip(self._finished, advantages, strict=True)
            for choice, advantage in zip(trajectory.choices, row, strict=True)
        ]

    # -- checkpoints -------------------------------------------------------------------------------------------

    def tensors(self) -> dict[str, torch.Tensor]:
        """Weights and Adam's moments."""
        return named_tensors(self._parameters, self.optimizer, WEIGHTS)

    def state_dict(self) -> dict[str, Any]:
        """What is not in the tensors, JSON-able: counters, random state, and the experience of finished episodes.

        Most prompts occur many times, so each is kept once.
        """
        questions: dict[TokenQuestion, int] = {}
        trajectories = [
            {
                "questions": [questions.setdefault(c.question, len(questions)) for c in one.choices],
                "choices": [(c.index, c.log_probability) for c in one.choices],
                "rewards": one.rewards,
            }
            for one in self._finished
        ]
        return {
            "updates": self.updates,
            "shuffle": self._shuffle.bit_generator.state,
            "questions": [(question.prompt, question.options) for question in questions],
            "trajectories": trajectories,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` gave; an episode under way is forgotten."""
        self.updates = int(state["updates"])
        self._shuffle.bit_generator.state = state["shuffle"]
        self.discard_experience()
        self.abandon_episode()
        questions = [
            TokenQuestion(tuple(prompt), tuple(tuple(option) for option in options))
            for prompt, options in state["questions"]
        ]
        for kept in state["trajectories"]:
            choices = [
                OptionChoice(questions[number], index, log_probability, ())
                for number, (index, log_probability) in zip(kept["questions"], kept["choices"], strict=True)
            ]
            self._finished.append(_Trajectory(choices, list(kept["rewards"])))

    def load_tensors(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Restores what `tensors` gave; CheckpointError, changing nothing, when names or shapes do not fit."""
        if first_difference(self._parameters, tensors, WEIGHTS) is not None:
            raise CheckpointError(
                f"the saved weights of {self.name} are of another model or rank; use the one they had"
            )
        load_named_tensors(self._parameters, self.optimizer, tensors, WEIGHTS)
        self.policy.forget()


def discounted_returns(rewards: Sequence[float], discount: float) -> NDArray[np.float64]:
    """R_t of the module's text."""
    returns = np.zeros(len(rewards))
    running = 0.0
    for step in range(len(rewards) - 1, -1, -1):
        running = rewards[step] + discount * running
        returns[step] = running
    return returns


def step_advantages(returns: Sequence[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """A_t of the module's text: what a return is above the mean of its step; steps seen once get the overall mean."""
    longest = max(map(len, returns))
    overall = float(np.concatenate(returns).mean())
    baselines = np.full(longest, overall)
    for step in range(longest):
        column = [row[step] for row in returns if len(row) > step]
        if len(column) > 1:
            baselines[step] = float(np.mean(column))
    centred = [row - baselines[: len(row)] for row in returns]
    deviation = float(np.concatenate(centred).std())
    if deviation < 1e-9:
        return [np.zeros(len(row)) for row in centred]
    return [row / (deviation + 1e-8) for row in centred]


def episode_advantages(rewards: Sequence[Sequence[float]]) -> list[NDArray[np.float64]]:
    """What an episode's reward is above the mean of the batch's, in standard deviations, for all its decisions."""
    (advantages,) = group_advantages([np.array([sum(row) for row in rewards])])
    return [np.full(len(row), advantage) for row, advantage in zip(rewards, advantages, strict=True)]

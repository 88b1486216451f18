"""Learns which options to choose: sb3-contrib's MaskablePPO on transitions that our own play has gathered.

One transition leads from one decision point to the next, however many steps that takes, so time is discounted by the
step and not by the choice (semi-Markov). What is to be kept small is time: a step costs 1 / `COST_STEPS`, and an
episode that does not get there costs all its steps.

Episodes that are branches of one save state may be compared with each other instead of with the critic: the advantage
of all choices of a branch is how much shorter it was than its group, in standard deviations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.buffers import MaskableDictRolloutBuffer
from stable_baselines3.common.logger import Logger
from torch import Tensor
from torch.nn import functional

from agents.heads.networks import OptionNetwork
from agents.heads.options.policy import OPTION_ACTIONS, OPTION_OBSERVATIONS, OptionHeadPolicy
from agents.heads.options.rollout import OptionRollout
from agents.heads.options.view import OPTION_SLOTS
from agents.learning.named_tensors import first_difference, load_named_tensors, named_tensors
from core.exceptions import CheckpointError

COST_STEPS: Final = 1000
"""Steps that cost 1."""
_WEIGHTS, _UPDATES = "policy", "updates"


@dataclass(frozen=True, slots=True)
class OptionLearningSettings:
    """How the option head learns from its own play."""

    learning_rate: float = 3e-4
    epochs: int = 8
    batch: int = 256
    clip_range: float = 0.2
    target_kl: float = 0.03
    discount: float = 0.9999
    """Of a step."""
    trace_decay: float = 0.95
    """Of a choice: how far the advantage looks beyond it before it trusts the critic."""
    entropy_weight: float = 0.003
    retention_weight: float = 0.02
    """On the divergence from the head that learning began with."""
    value_weight: float = 0.5
    largest_gradient: float = 0.5
    critic_epochs: int = 30
    """Of the critic by itself before the first update, on what the episodes really took."""


@dataclass(frozen=True, slots=True)
class OptionUpdate:
    """What one update came to."""

    transitions: int
    entropy: float
    """Mean of the choices' entropy before the update, nats."""
    approx_kl: float
    clip_fraction: float
    value_loss: float
    explained_variance: float
    """Of what is left of the episodes, by the critic before the update."""


class OptionHeadLearner:
    """Trains an option head in place. Repeatable for the same seed, rollouts and library versions on one machine."""

    def __init__(self, head: OptionNetwork, settings: OptionLearningSettings, seed: int) -> None:
        self.settings = settings
        self._seed = seed
        self._updates = 0
        self._model = MaskablePPO(
            OptionHeadPolicy,
            None,  # type: ignore[arg-type]  # the spaces are given below: our own play fills the buffer
            learning_rate=settings.learning_rate,
            batch_size=settings.batch,
            n_epochs=settings.epochs,
            clip_range=settings.clip_range,
            ent_coef=1.0,
            vf_coef=settings.value_weight,
            max_grad_norm=settings.largest_gradient,
            target_kl=settings.target_kl,
            policy_kwargs={
                "head": head,
                "entropy_weight": settings.entropy_weight,
                "retention_weight": settings.retention_weight,
            },
            device="cpu",
            _init_setup_model=False,
        )
        self._model.observation_space, self._model.action_space = OPTION_OBSERVATIONS, OPTION_ACTIONS
        self._model.n_envs = self._model.n_steps = 1
        with _drawn_from(seed):
            self._model._setup_model()
        self._model.set_logger(Logger(None, []))
        assert isinstance(self._model.policy, OptionHeadPolicy)
        self._policy = self._model.policy

    def update(self, rollout: OptionRollout) -> OptionUpdate:
        """Learns from whole episodes that the head, as it is now, has played."""
        settings = self.settings
        torch.set_num_threads(1)
        with _drawn_from(self._seed + self._updates):
            observations, masks = _seen(rollout)
            if not self._updates:
                self._begin_critic(observations, rollout)
            values = self._values(observations)
            gae = advantages(rollout, values, settings.discount, settings.trace_decay)
            groups = group_advantages(rollout)
            alone = rollout.groups < 0
            scaled = np.where(alone, gae / max(1e-6, float(gae[alone].std()) if alone.any() else 1.0), groups)
            entropy = self._entropy(observations, masks)
            buffer = _filled(rollout, observations, masks, values, scaled, returns=values + gae)
            self._model.rollout_buffer = buffer  # type: ignore[assignment]
            self._model.train()
        self._updates += 1
        told: dict[str, Any] = self._model.logger.name_to_value
        left = to_go(rollout, settings.discount)
        return OptionUpdate(
            transitions=len(rollout),
            entropy=entropy,
            approx_kl=float(told["train/approx_kl"]),
            clip_fraction=float(told["train/clip_fraction"]),
            value_loss=float(told["train/value_loss"]),
            explained_variance=1.0 - float(np.var(left - values) / max(1e-9, float(np.var(left)))),
        )

    def tensors(self) -> dict[str, Tensor]:
        """All that the next update depends on, for `safetensors.torch.save_file`."""
        policy = self._policy
        kept = named_tensors(dict(policy.named_parameters()), policy.optimizer, _WEIGHTS)
        return {**kept, _UPDATES: torch.tensor([self._updates])}

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Goes on from what `tensors` gave. Raises CheckpointError, changing nothing, when they do not fit."""
        policy = self._policy
        parameters = dict(policy.named_parameters())
        difference = first_difference(parameters, tensors, _WEIGHTS)
        if difference is not None or _UPDATES not in tensors:
            raise CheckpointError(
                f"the option learner's tensors are of another version, first difference {difference}: delete the "
                "folder of this stage, to begin it anew"
            )
        load_named_tensors(parameters, policy.optimizer, tensors, _WEIGHTS)
        self._updates = int(tensors[_UPDATES])

    def _begin_critic(self, observations: dict[str, NDArray[np.float32]], rollout: OptionRollout) -> None:
        """The critic has to know what is usual before anything is better than that."""
        critic, rows = self._policy.critic, np.arange(len(rollout))
        targets = torch.from_numpy(to_go(rollout, self.settings.discount))
        optimizer = torch.optim.Adam(critic.parameters(), lr=1e-3)
        for _ in range(self.settings.critic_epochs):
            np.random.shuffle(rows)
            for batch in np.array_split(rows, max(1, len(rows) // self.settings.batch)):
                vector, planes = (torch.from_numpy(observations[part][batch]) for part in ("vector", "planes"))
                loss = functional.mse_loss(critic(vector, planes).squeeze(1), targets[batch])
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()

    def _values(self, observations: dict[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        with torch.inference_mode():
            parts = [self._policy.predict_values(part).squeeze(1) for part, _ in _batches(observations, None)]
            return torch.cat(parts).numpy().copy()

    def _entropy(self, observations: dict[str, NDArray[np.float32]], masks: NDArray[np.bool_]) -> float:
        with torch.inference_mode():
            found = [
                self._policy.get_distribution(*part).distribution.entropy() for part in _batches(observations, masks)
            ]
            return float(torch.cat(found).mean())


def to_go(rollout: OptionRollout, discount: float) -> NDArray[np.float32]:
    """(n,): what the rest of each transition's episode really cost, at most 0."""
    return advantages(rollout, np.zeros(len(rollout), dtype=np.float32), discount, 1.0)


def advantages(
    rollout: OptionRollout, values: NDArray[np.float32], discount: float, trace_decay: float
) -> NDArray[np.float32]:
    """(n,): generalized advantages over options, each of which takes its own time."""
    steps = rollout.steps.astype(np.float64)
    kept = discount**steps
    costs = (1 - kept) / (1 - discount) if discount < 1 else steps
    found = np.zeros(len(rollout), dtype=np.float64)
    ahead = following = 0.0
    for place in range(len(rollout) - 1, -1, -1):
        if rollout.ends[place]:
            ahead = following = 0.0
        error = -costs[place] / COST_STEPS + kept[place] * following - values[place]
        found[place] = ahead = error + kept[place] * trace_decay * ahead
        following = float(values[place])
    return found.astype(np.float32)


def group_advantages(rollout: OptionRollout) -> NDArray[np.float32]:
    """(n,): how much shorter a branch was than its group's mean, in standard deviations; 0 outside of groups."""
    found = np.zeros(len(rollout), dtype=np.float32)
    for group in np.unique(rollout.groups[rollout.groups >= 0]):
        rows = np.flatnonzero(rollout.groups == group)
        lengths = rollout.episode_steps[rows[rollout.ends[rows]]]
        if len(lengths) > 1:
            found[rows] = (lengths.mean() - rollout.episode_steps[rows]) / max(1.0, float(lengths.std()))
    return found


def _seen(rollout: OptionRollout) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.bool_]]:
    observations = {
        "vector": rollout.vectors.astype(np.float32),
        "planes": rollout.planes.astype(np.float32),
        "options": rollout.options.astype(np.float32),
        "temperature": rollout.temperatures[:, None],
    }
    return observations, np.arange(OPTION_SLOTS)[None] < rollout.option_counts[:, None]


def _batches(
    observations: dict[str, NDArray[np.float32]], masks: NDArray[np.bool_] | None
) -> Iterator[tuple[dict[str, Tensor], NDArray[np.bool_] | None]]:
    count = len(observations["vector"])
    for rows in np.array_split(np.arange(count), max(1, count // 1024)):
        part = {name: torch.from_numpy(array[rows]) for name, array in observations.items()}
        yield part, None if masks is None else masks[rows]


def _filled(
    rollout: OptionRollout,
    observations: dict[str, NDArray[np.float32]],
    masks: NDArray[np.bool_],
    values: NDArray[np.float32],
    scaled: NDArray[np.float32],
    returns: NDArray[np.float32],
) -> MaskableDictRolloutBuffer:
    """The rollout in the form in which sb3-contrib reads it."""
    buffer = MaskableDictRolloutBuffer(len(rollout), OPTION_OBSERVATIONS, OPTION_ACTIONS, "cpu")
    for name, array in observations.items():
        buffer.observations[name] = array[:, None].copy()
    buffer.actions[:] = rollout.chosen[:, None, None]
    for name, array in (
        ("values", values),
        ("log_probs", rollout.log_probabilities),
        ("advantages", scaled),
        ("returns", returns),
    ):
        getattr(buffer, name)[:] = array[:, None]
    buffer.action_masks[:] = masks[:, None]
    buffer.pos, buffer.full = len(rollout), True
    return buffer


@contextmanager
def _drawn_from(seed: int) -> Iterator[None]:
    """What sb3 draws comes from the seed; whoever draws beside it goes on where he was."""
    kept = np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        np.random.seed(seed % 2**32)
        try:
            yield
        finally:
            np.random.set_state(kept)

"""From a full rollout to an update's input: the old policy's probabilities, value targets, a flat batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy
from torch import Tensor
from torch.nn import functional

from agents.learning.network import features_of, masked_entropy, of_features
from agents.learning.rollout import Rollout
from agents.learning.settings import LearnerSettings
from agents.learning.trust import rewards_ahead
from agents.learning.update import Batch
from agents.learning.vtrace import Targets, vtrace_targets
from core.agent.lane_transitions import NO_TEACHER_ACTION

FORWARD_ROWS = 256
"""Most observations in one forward pass outside training. What a layer makes of more does not fit a core's cache: a
pass over 1,024 observations in one piece takes half as much time again."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A rollout ready to learn from. Arrays are (steps, lanes), the flat ones (steps * lanes,)."""

    batch: Batch
    targets: Targets
    values: NDArray[np.float32]
    """V(s) before the update."""
    importance: NDArray[np.float32]
    """pi_old/beta, not truncated."""
    agrees: NDArray[np.bool_]
    """Flat: whether the policy's likeliest action is the teacher's."""
    followed: NDArray[np.bool_]
    """Flat: whether the played action is the teacher's."""
    outcomes: NDArray[np.float64]
    """Flat: the rewards of the next steps, which measure the teacher (`trust.rewards_ahead`)."""


def as_tensors(observations: Mapping[str, NDArray[Any]]) -> dict[str, Tensor]:
    """Observations as tensors that share their memory."""
    return {key: torch.from_numpy(np.asarray(value)) for key, value in observations.items()}


def prepare(
    policy: MaskableMultiInputActorCriticPolicy,
    rollout: Rollout,
    settings: LearnerSettings,
    keeps_features: bool = False,
) -> Prepared:
    """The rollout flat, with pi_old, V and the targets of equations 1 to 3. `keeps_features`: in the batch."""
    shape = (rollout.steps, rollout.lanes)
    observations = as_tensors({key: array.reshape(-1, *array.shape[2:]) for key, array in rollout.observations.items()})
    masks = torch.from_numpy(rollout.masks.reshape(-1, rollout.masks.shape[2]))
    actions = torch.from_numpy(rollout.actions.reshape(-1))
    with torch.inference_mode():
        seen = [
            features_of(policy, {key: rows[start:end] for key, rows in observations.items()})
            for start, end in _pieces(len(masks))
        ]
        parts = [
            of_features(policy, features, masks[start:end])
            for features, (start, end) in zip(seen, _pieces(len(masks)), strict=True)
        ]
        log_probabilities = functional.log_softmax(torch.cat([logits for logits, _ in parts]), dim=-1)
        played = log_probabilities.gather(1, actions[:, None]).squeeze(1).numpy()
        likeliest = log_probabilities.argmax(dim=1).numpy()
        values = torch.cat([values for _, values in parts]).numpy().reshape(shape)

    kept: dict[str, Tensor] = {}
    if keeps_features:
        kept = {"features": torch.cat(seen), "entropies": masked_entropy(log_probabilities, masks)}
    importance = (np.exp(played).reshape(shape) / rollout.behaviour_probabilities).astype(np.float32)
    # nothing is known of a step that was never played: at weight 0 its value target is its own value, and the step
    # before it bootstraps from there
    importance[rollout.lost] = 0.0
    ends = rollout.terminated | rollout.truncated
    targets = vtrace_targets(
        values=values,
        next_values=_next_values(policy, rollout, values),
        rewards=rollout.rewards,
        ends=ends,
        importance=importance,
        discount=settings.discount,
        trace_decay=settings.trace_decay,
        rho_bar=settings.rho_bar,
        c_bar=settings.c_bar,
    )
    teacher_actions = rollout.teacher_actions.reshape(-1)
    labels = np.maximum(teacher_actions, 0)
    allowed = masks.numpy()[np.arange(len(labels)), labels]
    labelled = (teacher_actions != NO_TEACHER_ACTION) & ~rollout.lost.reshape(-1) & allowed
    batch = Batch(
        observations=observations,
        masks=masks,
        actions=actions,
        old_log_probabilities=torch.from_numpy(played.copy()),
        weights=torch.from_numpy(targets.weights.reshape(-1)),
        advantages=torch.from_numpy(targets.advantages.reshape(-1)),
        value_targets=torch.from_numpy(targets.values.reshape(-1)),
        teacher_actions=torch.from_numpy(labels),
        labelled=torch.from_numpy(labelled),
        **kept,
    )
    return Prepared(
        batch=batch,
        targets=targets,
        values=values,
        importance=importance,
        agrees=likeliest == labels,
        followed=rollout.actions.reshape(-1) == labels,
        outcomes=rewards_ahead(rollout.rewards, ends | rollout.lost).reshape(-1),
    )


def _next_values(
    policy: MaskableMultiInputActorCriticPolicy, rollout: Rollout, values: NDArray[np.float32]
) -> NDArray[np.float32]:
    """V(s_{t+1}) of equation 1."""
    with torch.inference_mode():
        last = policy.predict_values(as_tensors(rollout.last_observations)).numpy().reshape(1, -1)
        next_values = np.concatenate([values[1:], last])
        if rollout.truncated_at:
            finals = {
                key: np.stack([final[key] for final in rollout.truncated_observations]) for key in rollout.observations
            }
            steps, lanes = zip(*rollout.truncated_at, strict=True)
            next_values[list(steps), list(lanes)] = policy.predict_values(as_tensors(finals)).numpy().reshape(-1)
    next_values[rollout.terminated] = 0.0
    return next_values


def _pieces(rows: int) -> list[tuple[int, int]]:
    return [(start, start + FORWARD_ROWS) for start in range(0, rows, FORWARD_ROWS)]

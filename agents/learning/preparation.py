"""From a full rollout to an update's input: the old policy's probabilities, value targets, a flat batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

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

Flat = TypeVar("Flat", Tensor, NDArray[np.bool_], NDArray[np.float64])

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

    def of_lanes(self, lanes: slice) -> Prepared:
        """Some lanes of it."""
        shape = self.values.shape

        def flat(values: Flat) -> Flat:
            return values.reshape(*shape, *values.shape[1:])[:, lanes].reshape(-1, *values.shape[1:])

        targets = self.targets
        return Prepared(
            self.batch.each(flat),
            Targets(targets.values[:, lanes], targets.advantages[:, lanes], targets.weights[:, lanes]),
            self.values[:, lanes],
            self.importance[:, lanes],
            flat(self.agrees),
            flat(self.followed),
            flat(self.outcomes),
        )


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the policy before an update makes of a rollout."""

    log_probabilities: Tensor
    """(steps * lanes, actions)."""
    values: NDArray[np.float32]
    """V(s), (steps, lanes)."""
    last_values: NDArray[np.float32]
    """Of the observations after the last step, (lanes,)."""
    truncated_values: Sequence[float]
    """Of those at truncations, in their order."""
    features: Tensor | None = None
    """(steps * lanes, width), where they are kept."""


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
    return with_outlook(rollout, outlook(policy, rollout, keeps_features), settings)


def flat_observations(rollout: Rollout) -> dict[str, Tensor]:
    """(steps * lanes, ...), step by step."""
    return as_tensors({key: array.reshape(-1, *array.shape[2:]) for key, array in rollout.observations.items()})


def outlook(policy: MaskableMultiInputActorCriticPolicy, rollout: Rollout, keeps_features: bool = False) -> Outlook:
    """Of one policy."""
    observations, masks = flat_observations(rollout), torch.from_numpy(rollout.masks).flatten(0, 1)
    with torch.inference_mode():
        seen = [
            features_of(policy, {key: rows[start:end] for key, rows in observations.items()})
            for start, end in pieces(len(masks))
        ]
        parts = [
            of_features(policy, features, masks[start:end])
            for features, (start, end) in zip(seen, pieces(len(masks)), strict=True)
        ]
        log_probabilities = functional.log_softmax(torch.cat([logits for logits, _ in parts]), dim=-1)
        values = torch.cat([values for _, values in parts]).numpy().reshape(rollout.steps, rollout.lanes)
    return Outlook(
        log_probabilities,
        values,
        last_values=_values(policy, rollout.last_observations),
        truncated_values=truncated_values(policy, rollout.truncated_observations),
        features=torch.cat(seen) if keeps_features else None,
    )


def truncated_values(
    policy: MaskableMultiInputActorCriticPolicy, finals: Sequence[Mapping[str, NDArray[Any]]]
) -> list[float]:
    """V of each of these observations."""
    if not finals:
        return []
    return _values(policy, {key: np.stack([final[key] for final in finals]) for key in finals[0]}).tolist()


def with_outlook(rollout: Rollout, seen: Outlook, settings: LearnerSettings) -> Prepared:
    """`prepare`, where it is known what the policy makes of the rollout."""
    shape = (rollout.steps, rollout.lanes)
    masks = torch.from_numpy(rollout.masks).flatten(0, 1)
    actions = torch.from_numpy(rollout.actions.reshape(-1))
    with torch.inference_mode():
        played = seen.log_probabilities.gather(1, actions[:, None]).squeeze(1).numpy()
        likeliest = seen.log_probabilities.argmax(dim=1).numpy()

    kept: dict[str, Tensor] = {}
    if seen.features is not None:
        kept = {"features": seen.features, "entropies": masked_entropy(seen.log_probabilities, masks)}
    importance = (np.exp(played).reshape(shape) / rollout.behaviour_probabilities).astype(np.float32)
    # nothing is known of a step that was never played: at weight 0 its value target is its own value, and the step
    # before it bootstraps from there
    importance[rollout.lost] = 0.0
    ends = rollout.terminated | rollout.truncated
    targets = vtrace_targets(
        values=seen.values,
        next_values=_next_values(rollout, seen),
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
        observations=flat_observations(rollout),
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
        values=seen.values,
        importance=importance,
        agrees=likeliest == labels,
        followed=rollout.actions.reshape(-1) == labels,
        outcomes=rewards_ahead(rollout.rewards, ends | rollout.lost).reshape(-1),
    )


def _next_values(rollout: Rollout, seen: Outlook) -> NDArray[np.float32]:
    """V(s_{t+1}) of equation 1."""
    next_values = np.concatenate([seen.values[1:], seen.last_values[None]])
    if rollout.truncated_at:
        steps, lanes = zip(*rollout.truncated_at, strict=True)
        next_values[list(steps), list(lanes)] = seen.truncated_values
    next_values[rollout.terminated] = 0.0
    return next_values


def _values(
    policy: MaskableMultiInputActorCriticPolicy, observations: Mapping[str, NDArray[Any]]
) -> NDArray[np.float32]:
    with torch.inference_mode():
        return policy.predict_values(as_tensors(observations)).numpy().reshape(-1)


def pieces(rows: int, most: int = FORWARD_ROWS) -> list[tuple[int, int]]:
    """Beginnings and ends of so many rows at a time."""
    return [(start, min(start + most, rows)) for start in range(0, rows, most)]

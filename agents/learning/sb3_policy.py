"""The button policy: Stable-Baselines3's maskable actor-critic, trained on the actions of *all* sources.

`MaskablePPOLearner` gives action probabilities for all lanes at once, takes every transition with the probability that
the whole agent gave the played action, and updates itself when its rollout is full. The mathematics is in
`agents/learning/update.py` and `vtrace.py`; this file is their interface.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy

from agents.learning.acting import ActingPolicy
from agents.learning.metrics import LearnerMetrics
from agents.learning.named_tensors import first_difference, load_named_tensors, named_tensors
from agents.learning.network import build_policy
from agents.learning.preparation import Prepared, as_tensors, prepare
from agents.learning.rollout import Rollout
from agents.learning.settings import LearnerSettings
from agents.learning.trust import TeacherTrust
from agents.learning.update import LossWeights, UpdateNumbers, gradient_steps, run_to_its_end
from core.agent.lane_transitions import LaneTransitions
from core.exceptions import CheckpointError, TrainingError
from core.vocabulary import ACTION_COUNT

__all__ = ["LearnerMetrics", "LearnerSettings", "MaskablePPOLearner"]

STATE_VERSION = 3
MOST_FINISHED_UPDATES = 256
WEIGHTS = "policy"
"""Prefix of the weights' names in `tensors`."""


class MaskablePPOLearner:
    """A policy over `action_count` buttons that learns from transitions of any source whose probability is known.

    Deterministic: the same seed, observations and transitions give the same weights, bit for bit, on one machine.
    Sets torch to one thread: with nets this small a second thread costs time.
    """

    def __init__(
        self,
        observation_space: spaces.Dict,
        lanes: int,
        settings: LearnerSettings | None = None,
        seed: int = 0,
        action_count: int = ACTION_COUNT,
    ) -> None:
        torch.set_num_threads(1)
        self.observation_space = observation_space
        self.lanes = lanes
        self.settings = settings or LearnerSettings()
        self.teacher_scale = 1.0
        """0 to 1: the curriculum's schedule of the teacher term (equation 10); unused where there is a half-life."""
        self.reward_scale = 1.0
        """0 to 1: weight of the policy gradient; at 0 only the teacher's actions and the value are learned."""
        self.policy = self._new_policy(action_count, seed)
        self._parameters = dict(self.policy.named_parameters())
        self._acting = ActingPolicy(self.policy)
        self.finished_updates: deque[LearnerMetrics] = deque(maxlen=MOST_FINISHED_UPDATES)
        """Metrics of the newest updates, for whoever draws curves and takes them out."""
        self.updates = 0
        self.transitions = 0
        """Transitions learned from in updates so far."""
        self.shuffle = np.random.default_rng(seed)
        """Dice that put the samples of an update in order."""
        self._trust = TeacherTrust()
        self._rollout = self._new_rollout(self.settings.rollout_steps, action_count)

    # -- acting ------------------------------------------------------------------------------------------------

    def probabilities(self, observations: Mapping[str, NDArray[Any]], masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        """pi(.|s) for a batch of observations with a leading axis: (batch, actions), rows sum to 1, masked are 0.

        Raises DecisionValidationError when a mask allows no action.
        """
        return self._acting.probabilities(observations, masks)

    def values(self, observations: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """V(s), the discounted return expected under the policy: (batch,)."""
        with torch.inference_mode():
            return self.policy.predict_values(as_tensors(observations)).squeeze(-1).numpy()

    # -- learning ----------------------------------------------------------------------------------------------

    def observe(self, played: LaneTransitions) -> None:
        """Copy in one step of all lanes.

        Raises TrainingError when the rollout is full (call `update` first), when a probability is not in (0, 1], or
        when the mask forbids a played action.
        """
        self._rollout.add(played)

    def begin_rollout(self, steps: int) -> Rollout:
        """An empty rollout of so many steps, which `observe` fills from now on in place of the one that was there."""
        self._rollout = self._new_rollout(steps, self._rollout.masks.shape[-1])
        return self._rollout

    def observe_parts(self, parts: Sequence[Rollout]) -> None:
        """Copy in the same steps of all lanes, played side by side: full rollouts of some lanes each, in their order.

        Raises TrainingError where they do not fit what the rollout lacks (`missing_steps`).
        """
        self._rollout.extend(parts)

    def fitted_part(self, part: Rollout | None, lanes: int, steps: int) -> Rollout:
        """A part for `observe_parts` of so many steps, from one of more or fewer; None: these lanes were not played."""
        if part is None:
            part = Rollout(self.observation_space, 0, lanes, self._rollout.masks.shape[-1])
        return part if part.filled == steps else part.fitted(steps, self.observation_space)

    def cut_lanes(self, lanes: range) -> None:
        """The games of these lanes were lost after the last step of `observe_parts`: nothing later follows from it."""
        self._rollout.cut(lanes)

    @property
    def missing_steps(self) -> int:
        """Steps of all lanes until an update is due."""
        return self._rollout.missing

    @property
    def ready(self) -> bool:
        """True when the rollout is full and `update` may be called."""
        return self._rollout.full

    @property
    def teacher_coefficient(self) -> float:
        """k_T of equation 10, with the trust as it is now."""
        half_life = self.settings.teacher_half_life
        schedule = self.teacher_scale if half_life is None else 0.5 ** (self.transitions / half_life)
        return self.settings.teacher_coefficient * schedule * self._trust.value

    @property
    def teacher_evidence(self) -> float:
        """Log-odds that following the teacher does better than not following it (`agents/learning/trust.py`)."""
        return self._trust.evidence

    def update(self) -> LearnerMetrics:
        """Learn from the full rollout and empty it. Raises TrainingError when not `ready` or not finite."""
        return run_to_its_end(self.update_steps())

    def update_steps(self) -> Generator[None, None, LearnerMetrics]:
        """`update` with a halt before every optimizer step, so that several learners can share their gradients.

        Between two steps the gradients lie in the `grad` of `parameters()`, and may be changed.
        """
        self._require_full_rollout("update")
        started = time.perf_counter()
        prepared = prepare(self.policy, self._rollout, self.settings, self._critic_is_apart)
        weights, numbers = self.begin_update(prepared), UpdateNumbers()
        yield from gradient_steps(self.policy, prepared.batch, self.settings, weights, self.shuffle, numbers)
        return self.end_update(prepared, weights, numbers, time.perf_counter() - started)

    @property
    def full_rollout(self) -> Rollout:
        """What `update` learns from. Raises TrainingError when not `ready`."""
        self._require_full_rollout("update")
        return self._rollout

    @property
    def learns_from_steps_alone(self) -> bool:
        """Whether `gradient_steps` by its rollout, settings and `shuffle` is all that an update does."""
        return self._further_loss is None and not self._critic_is_apart

    def begin_update(self, prepared: Prepared) -> LossWeights:
        """Judges the teacher by the full rollout; says what the update weighs."""
        labelled = prepared.batch.labelled.numpy()
        chances = self._rollout.teacher_probabilities.reshape(-1)
        self._trust.judge(prepared.outcomes[labelled], prepared.followed[labelled], chances[labelled])
        self._look_at(prepared)
        return LossWeights(self.teacher_coefficient, self.reward_scale, self._further_loss)

    def end_update(
        self, prepared: Prepared, weights: LossWeights, numbers: UpdateNumbers, duration_s: float
    ) -> LearnerMetrics:
        """Counts the update, whose gradient steps are done, and empties the rollout."""
        labelled, targets = prepared.batch.labelled.numpy(), prepared.targets
        self.updates += 1
        self.transitions += len(prepared.batch)
        self._rollout.clear()

        importance = targets.weights.astype(np.float64)
        target_variance = float(np.var(targets.values))
        error_variance = float(np.var(targets.values - prepared.values))
        metrics = LearnerMetrics(
            update=self.updates,
            transitions=self.transitions,
            policy_loss=numbers.mean("policy"),
            value_loss=numbers.mean("value"),
            entropy=numbers.mean("entropy"),
            approx_kl=numbers.mean("approx_kl"),
            clip_fraction=numbers.mean("clip_fraction"),
            teacher_loss=numbers.mean("teacher"),
            teacher_agreement=float(prepared.agrees[labelled].mean()) if labelled.any() else 0.0,
            teacher_share=float(labelled.mean()),
            teacher_trust=self._trust.value,
            teacher_coefficient=float(weights.teacher),
            advantage_mean=float(targets.advantages.mean()),
            advantage_std=float(targets.advantages.std()),
            value_mean=float(prepared.values.mean()),
            target_mean=float(targets.values.mean()),
            explained_variance=1.0 - error_variance / target_variance if target_variance > 0 else 0.0,
            weight_mean=float(prepared.importance.mean()),
            weight_max=float(prepared.importance.max()),
            weight_clipped=float((prepared.importance > self.settings.rho_bar * 1.0001).mean()),
            effective_samples=float(importance.sum() ** 2 / (importance**2).sum() / importance.size),
            gradient_norm=float(np.mean(numbers.gradient_norms)) if numbers.gradient_norms else 0.0,
            gradient_steps=len(numbers.gradient_norms),
            duration_s=duration_s,
        )
        self.finished_updates.append(metrics)
        return metrics

    def _require_full_rollout(self, method: str) -> None:
        if not self.ready:
            raise TrainingError(
                f"{method}() needs a full rollout; {self._rollout.filled} of {self._rollout.steps} steps are there"
            )

    def parameters(self) -> Mapping[str, torch.nn.Parameter]:
        """The weights themselves, by name; learners of one observation space and settings have the same names."""
        return self._parameters

    def discard_rollout(self) -> None:
        """Forget the steps since the last update, as after a resume: their episodes are played again."""
        self._rollout.clear()

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Copies of all weights by name, for a policy that plays elsewhere."""
        return {name: value.detach().numpy().copy() for name, value in self._parameters.items()}

    def load_weights(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Take over what `weights` of an equal network gave; the optimizer stays as it is. Raises KeyError where a name
        is missing."""
        with torch.no_grad():
            for name, value in self._parameters.items():
                value.copy_(torch.from_numpy(weights[name]))

    # -- checkpoints -------------------------------------------------------------------------------------------

    def tensors(self) -> dict[str, torch.Tensor]:
        """All weights and Adam's moments, contiguous copies on the CPU, ready for `safetensors.torch.save_file`."""
        return named_tensors(self._parameters, self.policy.optimizer, WEIGHTS)

    def load_tensors(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Restore what `tensors` gave. Raises CheckpointError, changing nothing, when names or shapes do not fit."""
        difference = first_difference(self._parameters, tensors, WEIGHTS)
        if difference is not None:
            raise CheckpointError(
                f"these weights are of another network, first difference {difference[0]} of shape {difference[1]}: "
                "the observation space (observation_type), learner.network or its widths differ; use the settings that "
                'it was made with ("state", if the run began when the observation type did not reach the policy)'
            )
        load_named_tensors(self._parameters, self.policy.optimizer, tensors, WEIGHTS)

    def state_dict(self) -> dict[str, Any]:
        """Everything else that the next update depends on, JSON-able. The rollout is not kept (`discard_rollout`)."""
        return {
            "version": STATE_VERSION,
            "updates": self.updates,
            "transitions": self.transitions,
            "teacher_scale": self.teacher_scale,
            "teacher_evidence": self._trust.evidence,
            "shuffle": self.shuffle.bit_generator.state,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what `state_dict` gave and forget the rollout. Raises CheckpointError on a foreign or newer state."""
        if state.get("version") != STATE_VERSION:
            raise CheckpointError(
                f"learner state has version {state.get('version')!r}, this program reads {STATE_VERSION}: "
                "the checkpoint is of another version of the program"
            )
        self._adopt(state)
        self.discard_rollout()

    def _new_policy(self, action_count: int, seed: int) -> MaskableMultiInputActorCriticPolicy:
        """A fresh network with its optimizer."""
        return build_policy(self.observation_space, action_count, self.settings, seed)

    def _new_rollout(self, steps: int, action_count: int) -> Rollout:
        """An empty one of all lanes."""
        return Rollout(self.observation_space, steps, self.lanes, action_count)

    def _look_at(self, prepared: Prepared) -> None:
        """For those who learn more from a rollout than its steps."""

    _critic_is_apart = False
    """The critic's gradient stops at the features of the policy."""
    _further_loss: Callable[[], torch.Tensor] | None = None
    """Of a minibatch of other data than the rollout, beside each of its minibatches."""

    def _adopt(self, state: Mapping[str, Any]) -> None:
        self.updates = int(state["updates"])
        self.transitions = int(state["transitions"])
        self.teacher_scale = float(state["teacher_scale"])
        self._trust.evidence = float(state["teacher_evidence"])
        self.shuffle.bit_generator.state = state["shuffle"]

"""Brings the transitions of a single documented environment to a learner, which wants them whole and in order.

`HybridAgent.update` learns what came of an action before anybody has seen the policy's view of the next state, so a
transition waits here until the next `get_action`, or is completed at once when the episode is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from core.exceptions import ConfigurationError
from core.vocabulary import Decision

NO_LABEL = -1
View = dict[str, NDArray[Any]]


@runtime_checkable
class Learner(Protocol):
    """A policy that learns from transitions of all lanes at once (`agents.sb3_policy.MaskablePPOLearner`)."""

    @property
    def observation_space(self) -> Any: ...
    @property
    def ready(self) -> bool: ...
    def probabilities(
        self, observations: Mapping[str, NDArray[Any]], masks: NDArray[np.bool_]
    ) -> NDArray[np.float32]: ...
    def observe(
        self,
        observations: Mapping[str, NDArray[Any]],
        masks: NDArray[np.bool_],
        actions: NDArray[np.int64],
        behaviour_probabilities: NDArray[np.floating[Any]],
        guide_actions: NDArray[np.int64],
        rewards: NDArray[np.floating[Any]],
        terminated: NDArray[np.bool_],
        truncated: NDArray[np.bool_],
        next_observations: Mapping[str, NDArray[Any]],
    ) -> None: ...
    def update(self) -> object: ...


@dataclass(frozen=True, slots=True)
class OneLane:
    """A single environment's step in the form of many lanes: views and mask with a leading axis of one."""

    observations: View
    masks: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Transition:
    before: OneLane
    decision: Decision
    reward: float
    terminated: bool
    truncated: bool


class TransitionFeeder:
    """One lane's waiting transition."""

    def __init__(self) -> None:
        self._waiting: _Transition | None = None

    def add(self, before: OneLane, decision: Decision, reward: float, *, terminated: bool, truncated: bool) -> None:
        """A transition whose next view is not known yet; `complete` gives it."""
        self._waiting = _Transition(before, decision, reward, terminated, truncated)

    def complete(self, learner: Learner, next_view: View) -> None:
        """Hands over what waits, if anything, and lets the learner update itself when its rollout is full."""
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            return
        decision = waiting.decision
        guide_action = NO_LABEL if decision.guide_action is None else decision.guide_action
        learner.observe(
            waiting.before.observations,
            waiting.before.masks,
            np.array([decision.action]),
            np.array([decision.behaviour_probability]),
            np.array([guide_action]),
            np.array([waiting.reward]),
            np.array([waiting.terminated]),
            np.array([waiting.truncated]),
            next_view,
        )
        if learner.ready:
            learner.update()


def policy_view(observation_space: Any, observation: Mapping[str, Any], info: Mapping[str, Any]) -> View:
    """The policy's view with a leading axis of one: the observation if it has the keys, else `info["policy_view"]`.

    Raises ConfigurationError when neither has what the policy was built for.
    """
    keys = tuple(observation_space.spaces)
    for holder in (observation, info.get("policy_view", {})):
        if all(key in holder for key in keys):
            return {key: np.asarray(holder[key])[None] for key in keys}
    raise ConfigurationError(
        f"the policy reads {', '.join(keys)}, but the observation has {', '.join(observation)} and info no "
        "'policy_view' with them: build the policy for this environment's policy_space"
    )

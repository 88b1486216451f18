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

from core.agent.lane_transitions import LaneInputs, LaneTransitions
from core.exceptions import ConfigurationError
from core.vocabulary import Decision

View = dict[str, NDArray[Any]]


@runtime_checkable
class TransitionLearner(Protocol):
    """A policy that learns from transitions of all lanes at once (`agents.learning.sb3_policy.MaskablePPOLearner`)."""

    @property
    def observation_space(self) -> Any: ...
    @property
    def ready(self) -> bool: ...
    def probabilities(
        self, observations: Mapping[str, NDArray[Any]], masks: NDArray[np.bool_]
    ) -> NDArray[np.float32]: ...
    def observe(self, played: LaneTransitions) -> None: ...
    def update(self) -> object: ...


@dataclass(frozen=True, slots=True)
class _Transition:
    before: LaneInputs
    decision: Decision
    reward: float
    terminated: bool
    truncated: bool


class TransitionFeeder:
    """One lane's waiting transition."""

    def __init__(self) -> None:
        self._waiting: _Transition | None = None

    def add(self, before: LaneInputs, decision: Decision, reward: float, *, terminated: bool, truncated: bool) -> None:
        """A transition whose next view is not known yet; `complete` gives it. `before` has one row."""
        self._waiting = _Transition(before, decision, reward, terminated, truncated)

    def complete(self, learner: TransitionLearner, next_view: Mapping[str, NDArray[Any]]) -> None:
        """Hands over what waits, if anything, and lets the learner update itself when its rollout is full."""
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            return
        learner.observe(
            LaneTransitions.of_decisions(
                waiting.before,
                [waiting.decision],
                np.array([waiting.reward]),
                next_view,
                terminated=np.array([waiting.terminated]),
                truncated=np.array([waiting.truncated]),
            )
        )
        if learner.ready:
            learner.update()


def learner_view(policy: TransitionLearner, observation: Mapping[str, Any], info: Mapping[str, Any]) -> View:
    """What a learning policy reads of a single environment's step; see `policy_view`."""
    return policy_view(policy.observation_space, observation, info)


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

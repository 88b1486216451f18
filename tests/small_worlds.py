"""Two worlds so small that a learner that is right must solve them in seconds, with teachers of known quality.

Both speak the form of the vector environment: arrays with a leading lane axis, masks, no automatic reset.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from agents.learning.sb3_policy import LearnerSettings
from core.agent.lane_transitions import NO_TEACHER_ACTION, LaneTransitions
from core.vocabulary import ACTION_COUNT, Button

TEACHER_HALF_LIFE = 3000
"""Transitions."""
QUICK = LearnerSettings(
    rollout_steps=32,
    minibatch_size=128,
    learning_rate=2e-3,
    features_width=32,
    policy_widths=(32,),
    value_widths=(32,),
    entropy_coefficient=0.03,
    teacher_half_life=TEACHER_HALF_LIFE,
)
"""A learner that fits these worlds: small, fast, with a teacher term that fades within a run."""


@dataclass(slots=True)
class WorldStep:
    """What the vector environment would hand over."""

    observations: dict[str, NDArray[np.float32]]
    masks: NDArray[np.bool_]


class IdentityWorld:
    """Press the button that is shown, among the allowed ones: reward 1 or 0, the episode ends at once."""

    observation_space = spaces.Dict({"features": spaces.Box(0.0, 1.0, (ACTION_COUNT,), np.float32)})

    def __init__(self, lanes: int, seed: int) -> None:
        self.lanes = lanes
        self.random = np.random.default_rng(seed)
        self._draw()

    def _draw(self) -> None:
        self.shown = self.random.integers(0, ACTION_COUNT, self.lanes)
        self.masks = self.random.random((self.lanes, ACTION_COUNT)) < 0.7
        self.masks[np.arange(self.lanes), self.shown] = True

    def view(self) -> WorldStep:
        return WorldStep({"features": np.eye(ACTION_COUNT, dtype=np.float32)[self.shown]}, self.masks.copy())

    def right(self) -> NDArray[np.int64]:
        return self.shown.copy()

    def wrong(self) -> NDArray[np.int64]:
        """An allowed button that is not the shown one; the shown one where nothing else is allowed."""
        others = self.masks.copy()
        others[np.arange(self.lanes), self.shown] = False
        return np.where(others.any(axis=1), others.argmax(axis=1), self.shown)

    def act(self, actions: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
        return (actions == self.shown).astype(np.float32), np.ones(self.lanes, bool), np.zeros(self.lanes, bool)

    def reset_finished(self, finished: NDArray[np.bool_]) -> None:
        assert finished.all()
        self._draw()


class GridWorld:
    """Walk from one corner of a square to the other: 1 at the goal, -0.01 a step, time runs out after `limit` steps.

    Only steps that stay inside are allowed, and A, B, Start, Select and None never are.
    """

    def __init__(self, lanes: int, seed: int, size: int = 6, limit: int = 60) -> None:
        self.lanes, self.size, self.limit = lanes, size, limit
        self.observation_space = spaces.Dict({"features": spaces.Box(0.0, 1.0, (size * size,), np.float32)})
        self.x, self.y, self.age = (np.zeros(lanes, np.int64) for _ in range(3))

    def view(self) -> WorldStep:
        masks = np.zeros((self.lanes, ACTION_COUNT), np.bool_)
        masks[:, Button.UP] = self.y > 0
        masks[:, Button.DOWN] = self.y < self.size - 1
        masks[:, Button.LEFT] = self.x > 0
        masks[:, Button.RIGHT] = self.x < self.size - 1
        return WorldStep({"features": np.eye(self.size**2, dtype=np.float32)[self.y * self.size + self.x]}, masks)

    def right(self) -> NDArray[np.int64]:
        return np.where(self.x < self.size - 1, Button.RIGHT, Button.DOWN)

    def wrong(self) -> NDArray[np.int64]:
        """Away from the goal; where that is a wall, the one way that is left."""
        return np.where(self.x > 0, Button.LEFT, np.where(self.y > 0, Button.UP, Button.RIGHT))

    def act(self, actions: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
        self.x += (actions == Button.RIGHT).astype(np.int64) - (actions == Button.LEFT)
        self.y += (actions == Button.DOWN).astype(np.int64) - (actions == Button.UP)
        self.age += 1
        arrived = (self.x == self.size - 1) & (self.y == self.size - 1)
        return np.where(arrived, 1.0, -0.01).astype(np.float32), arrived, ~arrived & (self.age >= self.limit)

    def reset_finished(self, finished: NDArray[np.bool_]) -> None:
        self.x[finished] = self.y[finished] = self.age[finished] = 0


Metrics = TypeVar("Metrics", covariant=True)


class Learns(Protocol[Metrics]):
    """The calls of `MaskablePPOLearner`, which a rival method may have too."""

    @property
    def ready(self) -> bool: ...
    def probabilities(
        self, observations: Mapping[str, NDArray[Any]], masks: NDArray[np.bool_]
    ) -> NDArray[np.floating[Any]]: ...
    def observe(self, played: LaneTransitions) -> None: ...
    def update(self) -> Metrics: ...


World = IdentityWorld | GridWorld
Teacher = Callable[[World], NDArray[np.int64]]


def right(world: World) -> NDArray[np.int64]:
    """A teacher that knows the answer."""
    return world.right()


def wrong(world: World) -> NDArray[np.int64]:
    """A teacher that never does."""
    return world.wrong()


def sample(probabilities: NDArray[np.floating], random: np.random.Generator) -> NDArray[np.int64]:
    """One action per row."""
    cumulative = probabilities.astype(np.float64).cumsum(axis=1)
    return (cumulative <= random.random((len(cumulative), 1)) * cumulative[:, -1:]).sum(axis=1)


def play(
    world: World,
    learner: Learns[Metrics],
    updates: int,
    teacher: Teacher | None = None,
    share: float = 0.0,
    seed: int = 0,
    claimed_share: float | None = None,
) -> list[Metrics]:
    """Trains for `updates` updates; the teacher acts in `share` of the steps and always says what it would do.

    `claimed_share` lies to the learner about the share (0 pretends that the policy chose everything).
    """
    random = np.random.default_rng(seed)
    lanes = np.arange(world.lanes)
    metrics: list[Metrics] = []
    while len(metrics) < updates:
        step = world.view()
        probabilities = learner.probabilities(step.observations, step.masks)
        wishes = np.full(world.lanes, NO_TEACHER_ACTION) if teacher is None else teacher(world)
        g = share * (wishes != NO_TEACHER_ACTION)
        actions = np.where(random.random(world.lanes) < g, wishes, sample(probabilities, random))
        said = g if claimed_share is None else np.full(world.lanes, claimed_share)
        behaviour = said * (actions == wishes) + (1 - said) * probabilities[lanes, actions]
        guided = said + (1 - said) * probabilities[lanes, np.maximum(wishes, 0)]
        rewards, terminated, truncated = world.act(actions)
        after = world.view().observations
        played = LaneTransitions(
            step.observations, step.masks, actions, behaviour, wishes, guided, rewards, terminated, truncated, after
        )
        learner.observe(played)
        world.reset_finished(terminated | truncated)
        if learner.ready:
            metrics.append(learner.update())
    return metrics


def success(world: World, learner: Learns[Any], seed: int = 1000) -> float:
    """Mean discounted success of the policy alone over one episode per lane of a fresh world: 1 is perfect.

    In the grid an arrival counts as the shortest way's length over the steps it took.
    """
    random = np.random.default_rng(seed)
    done = np.zeros(world.lanes, bool)
    score = np.zeros(world.lanes)
    shortest = 2 * (world.size - 1) if isinstance(world, GridWorld) else 1
    for age in range(1, 1000):
        step = world.view()
        rewards, terminated, truncated = world.act(sample(learner.probabilities(step.observations, step.masks), random))
        score = np.where(~done & terminated & (rewards > 0), shortest / age, score)
        done |= terminated | truncated
        if done.all():
            return float(score.mean())
        world.reset_finished(terminated | truncated)
    raise AssertionError("a world without end")

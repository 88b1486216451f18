"""A rollout that is put together from what workers have played of it is the one of a learner that saw all lanes."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from agents.learning.rollout import Rollout
from core.agent.lane_transitions import LaneTransitions
from core.exceptions import TrainingError

SPACE = spaces.Dict({"features": spaces.Box(-1, 1, (3,), np.float32), "map": spaces.Box(0, 9, (2, 2), np.uint8)})
LANES, STEPS, ACTIONS = 5, 6, 4


def transitions(random: np.random.Generator, lanes: int = LANES) -> LaneTransitions:
    """A step in which some games end."""

    def view() -> dict[str, Any]:
        return {
            "features": random.uniform(-1, 1, (lanes, 3)).astype(np.float32),
            "map": random.integers(0, 9, (lanes, 2, 2), dtype=np.uint8),
        }

    ends = random.random(lanes)
    return LaneTransitions(
        view(),
        np.ones((lanes, ACTIONS), np.bool_),
        random.integers(0, ACTIONS, lanes),
        random.uniform(0.1, 1, lanes),
        random.integers(-1, ACTIONS, lanes),
        random.random(lanes),
        random.normal(size=lanes),
        ends < 0.2,
        ends > 0.6,
        view(),
        ends > 0.9,
    )


def rows_of(played: LaneTransitions, lanes: slice) -> LaneTransitions:
    def cut(value: Any) -> Any:
        return {key: one[lanes] for key, one in value.items()} if isinstance(value, dict) else value[lanes]

    return LaneTransitions(**{name: cut(getattr(played, name)) for name in LaneTransitions.__dataclass_fields__})


def content(rollout: Rollout) -> dict[str, Any]:
    ends = zip(rollout.truncated_at, rollout.truncated_observations, strict=True)
    kept = {key: value for key, value in vars(rollout).items() if not key.startswith("truncated_")}
    return {**kept, "ends": sorted((place, {key: one.tolist() for key, one in view.items()}) for place, view in ends)}


def test_parts_of_lanes_and_of_steps_are_the_whole() -> None:
    random = np.random.default_rng(0)
    whole, merged = (Rollout(SPACE, STEPS, LANES, ACTIONS) for _ in range(2))
    for steps in (2, 4):
        parts = [Rollout(SPACE, steps, 2, ACTIONS), Rollout(SPACE, steps, 3, ACTIONS)]
        for _ in range(steps):
            played = transitions(random)
            whole.add(played)
            parts[0].add(rows_of(played, slice(0, 2)))
            parts[1].add(rows_of(played, slice(2, 5)))
        merged.extend(pickle.loads(pickle.dumps(parts)))
    assert merged.full and len(whole.truncated_at) > 5
    for name, value in content(whole).items():
        other = content(merged)[name]
        if isinstance(value, dict):
            assert all(np.array_equal(value[key], other[key]) for key in value), name
        else:
            assert np.array_equal(value, other) if isinstance(value, np.ndarray) else value == other, name


def test_parts_that_do_not_go_together_are_refused() -> None:
    random = np.random.default_rng(0)
    merged = Rollout(SPACE, STEPS, LANES, ACTIONS)
    short, long = Rollout(SPACE, 2, 2, ACTIONS), Rollout(SPACE, STEPS + 1, 3, ACTIONS)
    for part in (short, long):
        while not part.full:
            part.add(transitions(random, part.lanes))
    unfilled = Rollout(SPACE, 2, 3, ACTIONS)
    for parts in ([short, long], [short, unfilled], [short], [long, short]):
        with pytest.raises(TrainingError, match="do not go together into a rollout that lacks 6 steps of 5 lanes"):
            merged.extend(parts)
    assert merged.filled == 0


def test_lanes_whose_worker_was_lost_end_where_they_were_seen_last() -> None:
    random = np.random.default_rng(1)
    merged, part = Rollout(SPACE, STEPS, LANES, ACTIONS), Rollout(SPACE, 2, LANES, ACTIONS)
    merged.cut(range(LANES))  # nothing was played yet
    last = transitions(random)
    part.add(last)
    part.add(last)
    merged.extend([part])
    ended = last.terminated | last.truncated
    assert ended.any() and not ended.all()
    before = len(merged.truncated_at)
    merged.cut(range(LANES))
    assert (merged.terminated | merged.truncated)[1].all()
    assert [lane for _, lane in merged.truncated_at[before:]] == np.flatnonzero(~ended).tolist()
    for (_, lane), view in list(zip(merged.truncated_at, merged.truncated_observations, strict=True))[before:]:
        assert np.array_equal(view["features"], last.next_observations["features"][lane])


def test_a_part_of_other_steps_is_fitted_by_its_end_and_what_is_missing_was_never_played() -> None:
    random = np.random.default_rng(0)
    part = Rollout(SPACE, 4, 2, ACTIONS)
    for _ in range(4):
        part.add(transitions(random, 2))
    shorter, longer = part.fitted(3, SPACE), part.fitted(6, SPACE)
    none = Rollout(SPACE, 0, 2, ACTIONS).fitted(3, SPACE)
    assert shorter.full and longer.full and none.full
    for name in ("actions", "rewards", "masks", "behaviour_probabilities", "terminated", "truncated"):
        assert np.array_equal(getattr(shorter, name), getattr(part, name)[1:]), name
        assert np.array_equal(getattr(longer, name)[2:], getattr(part, name)), name
    assert np.array_equal(longer.lost[2:], part.lost) and longer.lost[:2].all() and none.lost.all()
    ends = list(zip(part.truncated_at, part.truncated_observations, strict=True))
    assert any(step == 0 for step, _ in part.truncated_at) and any(step > 0 for step, _ in part.truncated_at)
    moved = [((step - 1, lane), view) for (step, lane), view in ends if step > 0]
    assert list(zip(shorter.truncated_at, shorter.truncated_observations, strict=True)) == moved
    assert longer.truncated_at == [(step + 2, lane) for step, lane in part.truncated_at]
    merged = Rollout(SPACE, 3, 4, ACTIONS)
    merged.extend([shorter, none])
    assert merged.full and merged.behaviour_probabilities.min() > 0

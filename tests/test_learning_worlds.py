"""Learning must succeed where it can be checked: small worlds, teachers of known quality, real gradient steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from agents.learning.sb3_policy import LearnerSettings, MaskablePPOLearner
from tests.small_worlds import QUICK, GridWorld, IdentityWorld, Teacher, World, play, right, success, wrong

LANES = 8
UPDATES_A_LOOK = 4
SEEDS = (0, 1, 2)
UNCORRECTED = replace(QUICK, teacher_coefficient=0.0)
"""With `claimed_share=0`: plain PPO that takes everybody's actions for its own."""


def identity(lanes: int, seed: int) -> World:
    return IdentityWorld(lanes, seed)


def grid(lanes: int, seed: int) -> World:
    return GridWorld(lanes, seed)


def small_grid(lanes: int, seed: int) -> World:
    return GridWorld(lanes, seed, size=4)


def curve(
    make: Callable[[int, int], World],
    seed: int,
    updates: int,
    teacher: Teacher | None = None,
    share: float = 0.0,
    settings: LearnerSettings = QUICK,
    claimed_share: float | None = None,
) -> list[float]:
    """Success of the policy alone after every few updates."""
    world = make(LANES, seed)
    learner = MaskablePPOLearner(world.observation_space, LANES, settings, seed)
    successes = []
    for start in range(0, updates, UPDATES_A_LOOK):
        play(world, learner, UPDATES_A_LOOK, teacher, share, seed=1000 * seed + start, claimed_share=claimed_share)
        successes.append(success(make(64, 99), learner))
    return successes


def mean_curve(*args: object, **kwargs: object) -> NDArray[np.float64]:
    """Mean over seeds."""
    make, updates, *rest = args
    return np.mean([curve(make, seed, updates, *rest, **kwargs) for seed in SEEDS], axis=0)  # type: ignore[arg-type]


def looks_until(successes: NDArray[np.float64], threshold: float) -> int:
    """Looks until the success is at least `threshold` for the first time."""
    assert successes.max() >= threshold, successes
    return int(np.argmax(successes >= threshold)) + 1


def test_the_policy_alone_learns_both_worlds() -> None:
    assert curve(identity, 0, 24)[-1] > 0.95
    assert curve(grid, 0, 24)[-1] > 0.95


def test_a_guide_that_is_always_right_makes_it_faster() -> None:
    alone = mean_curve(grid, 16)
    guided = mean_curve(grid, 16, right, 0.5)
    assert guided[0] > alone[0] + 0.2
    assert looks_until(guided, 0.6) < looks_until(alone, 0.6)
    assert guided[-1] > 0.95


def test_the_teacher_term_speeds_up_what_the_correction_alone_would_learn() -> None:
    with_term = mean_curve(grid, 4, right, 0.5)
    without = mean_curve(grid, 4, right, 0.5, settings=replace(QUICK, teacher_coefficient=0.0))
    assert with_term[0] > without[0] + 0.1


def test_a_guide_that_is_always_wrong_does_not_keep_the_policy_from_learning() -> None:
    for seed in SEEDS:
        assert curve(identity, seed, 28, wrong, 0.5)[-1] > 0.95
        assert curve(small_grid, seed, 48, wrong, 0.25)[-1] > 0.9


def test_taking_a_wrong_guides_actions_for_ones_own_learns_less() -> None:
    """The test that fails if the correction is broken: plain PPO on the same data stays behind."""
    corrected = mean_curve(identity, 20, wrong, 0.5)
    uncorrected = mean_curve(identity, 20, wrong, 0.5, settings=UNCORRECTED, claimed_share=0.0)
    assert corrected[-1] > uncorrected[-1] + 0.05


def test_a_guide_that_draws_at_random_neither_helps_nor_hinders() -> None:
    random = np.random.default_rng(0)

    def any_allowed(world: World) -> NDArray[np.int64]:
        return np.array([random.choice(np.flatnonzero(row)) for row in world.view().masks])

    assert curve(identity, 0, 24, any_allowed, 0.5)[-1] > 0.95
    assert curve(grid, 0, 32, any_allowed, 0.5)[-1] > 0.95


def test_trust_ends_the_imitation_of_a_wrong_guide_and_not_of_a_right_one() -> None:
    trusts = {}
    for teacher in (right, wrong):
        world = IdentityWorld(LANES, 0)
        learner = MaskablePPOLearner(world.observation_space, LANES, QUICK, 0)
        trusts[teacher] = play(world, learner, 8, teacher, 0.5)[-1].teacher_trust
    assert trusts[right] > 0.95
    assert trusts[wrong] < 0.05


def test_weights_average_to_one_when_the_probabilities_are_true() -> None:
    """E_beta[pi/beta] = 1; a share that is claimed but not played shows in this number."""
    world = IdentityWorld(LANES, 0)
    learner = MaskablePPOLearner(world.observation_space, LANES, replace(QUICK, rollout_steps=256), 0)
    (true,) = play(world, learner, 1, wrong, 0.5)
    (claimed,) = play(world, learner, 1, wrong, 0.5, claimed_share=0.1)
    assert abs(true.weight_mean - 1.0) < 0.05
    assert abs(claimed.weight_mean - 1.0) > 0.1


def test_same_seed_same_weights_in_a_world() -> None:
    def trained() -> dict[str, torch.Tensor]:
        world = GridWorld(LANES, 4)
        learner = MaskablePPOLearner(world.observation_space, LANES, QUICK, 4)
        play(world, learner, 3, right, 0.5, seed=4)
        return learner.tensors()

    first, again = trained(), trained()
    assert all(torch.equal(first[name], again[name]) for name in first)

"""A learner that finds no core free takes its time from all players alike."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Iterable

import numpy as np
import pytest

from agents.learning.core_turns import CoreTurns
from agents.learning.overlapped_learner import OverlappedLearner
from agents.learning.sb3_policy import MaskablePPOLearner
from tests.test_overlapped_learner import assert_equal, weights_of
from tests.test_sb3_policy import LANES, SMALL, VECTOR, feed
from trainer.run import fleet_training
from trainer.run.fleet_training import turns_beside

two_cores = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="needs Linux, and two cores that a thread can choose between",
)


def compute(seconds: float) -> None:
    end_s = time.thread_time() + seconds
    while time.thread_time() < end_s:
        pass


@pytest.fixture
def moves(monkeypatch: pytest.MonkeyPatch) -> list[set[int]]:
    """The cores that threads of this process were told to use, in order; they are told, too."""
    told: list[set[int]] = []
    tell = os.sched_setaffinity

    def tell_and_note(thread: int, cores: Iterable[int]) -> None:
        told.append(set(cores))
        tell(thread, cores)

    monkeypatch.setattr(os, "sched_setaffinity", tell_and_note)
    return told


@two_cores
def test_it_goes_on_where_it_has_computed_least_and_is_held_nowhere(moves: list[set[int]]) -> None:
    all_cores = os.sched_getaffinity(0)
    first, second = sorted(all_cores)[:2]
    tell = os.sched_setaffinity
    tell(0, {first, second})
    moves.clear()
    try:
        turns = CoreTurns()
        turns.begin()
        for seconds in (0.02, 0.005, 0.03, 0.0):
            compute(seconds)
            turns.go_on()
        assert moves[0::2] == [{first}, {second}, {second}, {first}, {first}]
        assert moves[1::2] == [{first, second}] * 5
    finally:
        tell(0, all_cores)


@two_cores
def test_a_learner_moves_at_every_gradient_step_and_learns_the_same(moves: list[set[int]]) -> None:
    plain = MaskablePPOLearner(VECTOR, LANES, SMALL, seed=1)
    overlapped = OverlappedLearner(VECTOR, LANES, SMALL, seed=1)
    overlapped.core_turns = CoreTurns()
    feed(overlapped, np.random.default_rng(0))
    plain._rollout = copy.deepcopy(overlapped._rollout)
    plain.update()
    overlapped.hand_over()
    metrics = overlapped.catch_up()
    assert metrics is not None and metrics.gradient_steps > 1
    assert len(moves) == 2 * (1 + metrics.gradient_steps)
    assert_equal(weights_of(overlapped), weights_of(plain))


def test_only_workers_that_leave_no_core_free_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_training, "usable_cores", lambda: 4)
    assert turns_beside(3) is None
    assert turns_beside(4) is not None and turns_beside(8) is not None

"""Learning beside the play: the same weights as learning in between, one rollout later."""

from __future__ import annotations

import copy
import threading

import numpy as np
import pytest
import torch

from agents.learning.overlapped_learner import OverlappedLearner
from agents.learning.sb3_policy import LearnerSettings, MaskablePPOLearner
from core.exceptions import TrainingError
from tests.test_sb3_policy import LANES, SMALL, VECTOR, feed

ROLLOUTS = 3


def weights_of(learner: MaskablePPOLearner) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in learner.tensors().items()}


def assert_equal(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_weights_come_into_play_one_rollout_later_and_are_the_same() -> None:
    plain = MaskablePPOLearner(VECTOR, LANES, SMALL, seed=1)
    overlapped = OverlappedLearner(VECTOR, LANES, SMALL, seed=1)
    before = weights_of(plain)
    for rollout in range(ROLLOUTS):
        feed(overlapped, np.random.default_rng(rollout))
        plain._rollout = copy.deepcopy(overlapped._rollout)
        plain_before = weights_of(plain)
        plain.update()
        metrics = overlapped.hand_over()
        assert (metrics is None) == (rollout == 0)
        assert_equal(weights_of(overlapped), plain_before)
        assert overlapped.updates == rollout
    overlapped.catch_up()
    assert_equal(weights_of(overlapped), weights_of(plain))
    assert overlapped.state_dict() == plain.state_dict()
    assert not np.array_equal(before["policy.action_net.weight"], weights_of(plain)["policy.action_net.weight"])


def test_play_goes_on_while_the_student_studies(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = OverlappedLearner(VECTOR, LANES, SMALL, seed=1)
    go_on = threading.Event()
    study = learner._student.update
    monkeypatch.setattr(learner._student, "update", lambda: go_on.wait(60) and study())
    feed(learner, np.random.default_rng(0))
    before = weights_of(learner)
    learner.hand_over()
    feed(learner, np.random.default_rng(1))  # asks for probabilities at every step
    assert_equal(weights_of(learner), before)
    go_on.set()
    assert learner.hand_over() is not None
    assert learner.updates == 1


def test_an_update_that_fails_is_told_and_leaves_the_weights() -> None:
    learner = OverlappedLearner(VECTOR, LANES, SMALL, seed=1)
    feed(learner, np.random.default_rng(0))
    learner._rollout.rewards[3] = np.nan
    before = weights_of(learner)
    learner.hand_over()
    with pytest.raises(TrainingError, match="finite"):
        learner.catch_up()
    assert_equal(weights_of(learner), before)


def test_a_restored_learner_forgets_what_was_under_way() -> None:
    learner = OverlappedLearner(VECTOR, LANES, SMALL, seed=1)
    tensors, state = learner.tensors(), learner.state_dict()
    feed(learner, np.random.default_rng(0))
    learner.hand_over()
    learner.load_tensors(tensors)
    learner.load_state_dict(state)
    assert learner.catch_up() is None
    plain = MaskablePPOLearner(VECTOR, LANES, SMALL, seed=1)
    for made in (learner, plain):
        feed(made, np.random.default_rng(5))
        made.update()
    assert_equal(weights_of(learner), weights_of(plain))


def test_half_a_rollout_is_not_handed_over() -> None:
    learner = OverlappedLearner(VECTOR, LANES, LearnerSettings(rollout_steps=8), seed=1)
    with pytest.raises(TrainingError, match="0 of 8"):
        learner.hand_over()
    assert torch.get_num_threads() == 1


def test_a_study_that_is_put_off_begins_when_it_has_to() -> None:
    plain = MaskablePPOLearner(VECTOR, LANES, SMALL, seed=1)
    overlapped = OverlappedLearner(VECTOR, LANES, SMALL, seed=1)
    feed(overlapped, np.random.default_rng(0))
    plain._rollout = copy.deepcopy(overlapped._rollout)
    plain.update()
    overlapped.hand_over(begins=False)
    overlapped.wait()
    assert overlapped._student.updates == 0
    overlapped.begin_study()
    overlapped.begin_study()
    overlapped.wait()
    assert overlapped._student.updates == 1, "it is studied once"
    overlapped.catch_up()
    assert_equal(weights_of(overlapped), weights_of(plain))
    feed(overlapped, np.random.default_rng(1))
    overlapped.hand_over(begins=False)
    assert overlapped.catch_up() is not None and overlapped.updates == 2

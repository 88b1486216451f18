"""Learners that learn together learn what each of them learns alone."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn

from agents.learning import joint_update
from agents.learning.joint_update import update_steps_together, update_together
from agents.learning.networks.convolutional import ConvolutionalExtractor
from agents.learning.sb3_policy import MaskablePPOLearner
from agents.learning.settings import LearnerSettings
from core.exceptions import TrainingError
from tests.test_sb3_policy import SMALL, VECTOR, VIEW, feed
from trainer.multi_model.config import WeightUpdateStrategy
from trainer.multi_model.model_seat import PolicyWeights
from trainer.multi_model.weights import update_weights

ODD = replace(SMALL, minibatch_size=5)
"""Minibatches of different sizes: 16 samples in three parts."""


def made(space: spaces.Dict, settings: Sequence[LearnerSettings], lanes: int = 1) -> list[MaskablePPOLearner]:
    """Learners with weights, dice and full rollouts of their own."""
    learners = [MaskablePPOLearner(space, lanes, own, seed) for seed, own in enumerate(settings)]
    for seed, learner in enumerate(learners):
        feed(learner, np.random.default_rng(100 + seed))
    return learners


def numbers(learner: MaskablePPOLearner) -> dict[str, float]:
    """Of the newest update, but for its time."""
    return {key: value for key, value in learner.finished_updates[-1].as_dict().items() if key != "duration_s"}


def assert_alike(one: MaskablePPOLearner, other: MaskablePPOLearner) -> None:
    """But for rounding."""
    own, others = one.tensors(), other.tensors()
    assert own.keys() == others.keys()
    for name in own:
        torch.testing.assert_close(own[name], others[name], rtol=1e-3, atol=2e-6, msg=name)
    assert one.state_dict() == other.state_dict()
    assert numbers(one) == pytest.approx(numbers(other), rel=1e-3, abs=1e-5)


def assert_same(one: MaskablePPOLearner, other: MaskablePPOLearner) -> None:
    """Bit for bit."""
    own, others = one.tensors(), other.tensors()
    assert own.keys() == others.keys()
    assert all(torch.equal(own[name], others[name]) for name in own)
    assert one.state_dict() == other.state_dict()


@pytest.mark.parametrize(("space", "lanes"), [(VECTOR, 1), (VECTOR, 3), (VIEW, 1), (VIEW, 2)])
def test_each_learns_what_it_would_learn_alone(space: spaces.Dict, lanes: int) -> None:
    together = made(space, [ODD] * 3, lanes)
    alone = copy.deepcopy(together)
    assert any(learner.full_rollout.truncated_at for learner in together)
    together[1].teacher_scale = alone[1].teacher_scale = 0.0
    together[2].reward_scale = alone[2].reward_scale = 0.25
    for again in (False, True):  # the second time there are moments
        if again:
            for learner, other in zip(together, alone, strict=True):
                other.load_tensors(learner.tensors())  # so that rounding does not add up
                feed(learner, np.random.default_rng(7))
                other.observe_parts([learner.full_rollout])
        update_together(together)
        for learner in alone:
            learner.update()
        for learner, other in zip(together, alone, strict=True):
            assert_alike(learner, other)
            assert not learner.ready


def test_learners_that_are_alike_are_laid_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others learn as they would alone, bit for bit: of other settings, of other widths, or the only one left."""
    stacked: list[int] = []

    class SeenPolicies(joint_update.StackedPolicies):
        def __init__(self, policies: Any) -> None:
            super().__init__(policies)
            stacked.append(len(policies))

    monkeypatch.setattr(joint_update, "StackedPolicies", SeenPolicies)
    other_rate, wider = replace(SMALL, clip_range=0.1), replace(SMALL, features_width=24)
    together = made(VECTOR, [SMALL, other_rate, SMALL, wider, SMALL])
    alone = copy.deepcopy(together)
    halts = [len(halted) for halted in update_steps_together(together)]
    assert stacked == [3]
    assert halts == [5] * SMALL.epochs
    for learner in alone:
        learner.update()
    for place in (1, 3):
        assert_same(together[place], alone[place])
    for place in (0, 2, 4):
        assert_alike(together[place], alone[place])


class Flat(BaseFeaturesExtractor):
    """A network that says nothing of its parts."""

    def __init__(self, observation_space: spaces.Dict, width: int) -> None:
        super().__init__(observation_space, width)
        self.layer = nn.Linear(12, width)

    def forward(self, observations: dict[str, Tensor]) -> Tensor:
        return self.layer(observations["features"]).tanh()


class Scaled(ConvolutionalExtractor):
    """A network that says less than all of its parts."""

    def __init__(self, observation_space: spaces.Dict, width: int) -> None:
        super().__init__(observation_space, width)
        self.factor = nn.Parameter(torch.ones(()))

    def forward(self, observations: dict[str, Tensor]) -> Tensor:
        return super().forward(observations) * self.factor


class Normed(ConvolutionalExtractor):
    """A network with a layer that is not known."""

    def __init__(self, observation_space: spaces.Dict, width: int) -> None:
        super().__init__(observation_space, width)
        self.join.append(nn.LayerNorm(width))


@pytest.mark.parametrize("network", [Flat, Scaled, Normed])
def test_networks_that_cannot_be_laid_side_by_side_learn_one_by_one(network: type) -> None:
    settings = replace(SMALL, network=f"{__name__}:{network.__name__}")
    together = made(VECTOR, [settings] * 2)
    alone = copy.deepcopy(together)
    assert [len(halted) for halted in update_steps_together(together)] == [2] * SMALL.epochs
    for learner, other in zip(together, alone, strict=True):
        other.update()
        assert_same(learner, other)


def test_a_learner_that_has_moved_too_far_stops_by_itself() -> None:
    """From then on not a bit of its weights, moments or dice changes."""
    settings = replace(ODD, learning_rate=0.01, epochs=4, target_kl=0.02)
    together = made(VECTOR, [settings] * 4)
    alone, cut = copy.deepcopy(together), copy.deepcopy(together)
    update_together(together)
    for learner, other in zip(together, alone, strict=True):
        other.update()
        assert_alike(learner, other)
    taken = [learner.finished_updates[-1].gradient_steps for learner in together]
    first = int(np.argmin(taken))
    assert taken[first] < max(taken), "one stops while another goes on"
    steps = update_steps_together(cut)
    while cut[first] in next(steps):
        pass
    steps.close()  # right after it has stopped
    own, others = cut[first].tensors(), together[first].tensors()
    assert all(torch.equal(own[name], others[name]) for name in own)
    assert cut[first].state_dict()["shuffle"] == together[first].state_dict()["shuffle"]


@pytest.mark.parametrize("strategy", [WeightUpdateStrategy.ASYNCHRONOUS, WeightUpdateStrategy.SYNCHRONIZED])
def test_a_learner_whose_update_is_not_due_keeps_its_weights(strategy: WeightUpdateStrategy) -> None:
    learners = made(VIEW, [SMALL] * 3)
    update_together(learners)
    for seed in (0, 2):
        feed(learners[seed], np.random.default_rng(seed))
    before = copy.deepcopy(learners)
    done = update_weights(strategy, owners(learners), {})
    assert done.updated == ("0", "2")
    assert_same(learners[1], before[1])
    for seed in (0, 2):
        own, others = learners[seed].parameters(), before[seed].parameters()
        assert not any(torch.equal(own[name], others[name]) for name in own)


def test_averaged_gradients_are_those_of_learners_that_learn_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """And learners that were equal stay so, bit for bit."""
    equal = [MaskablePPOLearner(VIEW, 1, SMALL, seed=5) for _ in range(3)]
    for seed, learner in enumerate(equal):
        feed(learner, np.random.default_rng(seed))
    alone = copy.deepcopy(equal)
    done = update_weights(WeightUpdateStrategy.SYNCHRONIZED, owners(equal), {})
    monkeypatch.setattr(PolicyWeights, "together", None)
    expected = update_weights(WeightUpdateStrategy.SYNCHRONIZED, owners(alone), {})
    assert done.gradient_norms == pytest.approx(expected.gradient_norms, rel=1e-3)
    first = equal[0].tensors()
    for learner, other in zip(equal, alone, strict=True):
        assert_alike(learner, other)
        assert all(torch.equal(own, first[name]) for name, own in learner.tensors().items())


def owners(learners: Sequence[MaskablePPOLearner]) -> list[PolicyWeights]:
    return [PolicyWeights(str(place), learner) for place, learner in enumerate(learners)]


def test_a_gradient_that_is_not_finite_is_said_and_no_weight_has_it() -> None:
    learners = made(VECTOR, [SMALL] * 2)
    before = copy.deepcopy(learners)
    learners[1].full_rollout.rewards[3] = np.nan
    with pytest.raises(TrainingError, match="the policy's gradient is nan"):
        update_together(learners)
    for learner, other in zip(learners, before, strict=True):
        own, others = learner.tensors(), other.tensors()
        assert all(torch.equal(own[name], others[name]) for name in others)


def test_one_without_a_full_rollout_is_refused() -> None:
    learners = made(VECTOR, [SMALL])
    with pytest.raises(TrainingError, match="0 of 16 steps"):
        update_together([*learners, MaskablePPOLearner(VECTOR, 1, SMALL, 9)])

"""Policies asked at once answer what each of them answers alone, also after their weights have moved."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn

from agents.learning.apart_array_layers import apart_array_layers
from agents.learning.array_layers import NoArrayLayer
from agents.learning.policy_group import PolicyGroup
from agents.learning.sb3_policy import MaskablePPOLearner
from agents.learning.settings import LearnerSettings
from core.exceptions import DecisionValidationError
from tests.test_multi_model_cartridge import make_trainer, session_of
from trainer.fleet import engine
from trainer.fleet.thread_fleet import ThreadFleet
from trainer.multi_model.config import WeightUpdateStrategy
from trainer.multi_model.seats import segment

VIEWS = {
    "numbers": spaces.Dict({"features": spaces.Box(-1, 1, (7,), np.float32)}),
    "numbers and map": spaces.Dict(
        {"features": spaces.Box(-1, 1, (7,), np.float32), "map": spaces.Box(0, 1, (5, 9, 10), np.uint8)}
    ),
    "screen": spaces.Dict({"screen": spaces.Box(0, 255, (1, 72, 80), np.uint8)}),
}
SETTINGS = LearnerSettings(rollout_steps=4)


@pytest.mark.parametrize("view", VIEWS)
def test_each_row_is_the_answer_of_its_own_policy(view: str) -> None:
    settings = LearnerSettings(rollout_steps=4, features_width=24, policy_widths=(20, 12))
    learners = [MaskablePPOLearner(VIEWS[view], 1, settings, seed) for seed in range(5)]
    VIEWS[view].seed(3)
    samples = [VIEWS[view].sample() for _ in learners]
    observations = {key: np.stack([sample[key] for sample in samples]) for key in VIEWS[view].spaces}
    masks = np.random.default_rng(0).random((5, 9)) < 0.6
    masks[:, 0] = True
    weights = [learner.weights() for learner in learners]
    learners[4].load_weights(weights[1])
    weights[4] = weights[1]
    group = PolicyGroup(learners, weights)
    together = group.probabilities(observations, masks)
    for row, learner in enumerate(learners):
        one = slice(row, row + 1)
        alone = learner.probabilities({key: array[one] for key, array in observations.items()}, masks[one])
        assert together[one] == pytest.approx(alone, abs=1e-6)
        assert (together[row][~masks[row]] == 0).all()
    masks[2] = False
    with pytest.raises(DecisionValidationError, match="allow no action"):
        group.probabilities(observations, masks)


FLAT = LearnerSettings(rollout_steps=4, network=f"{__name__}:Flat")


@pytest.mark.parametrize(
    ("settings", "differ", "calls"),
    [(SETTINGS, False, [3]), (SETTINGS, True, []), (FLAT, False, [3]), (FLAT, True, [1, 1, 1])],
)
def test_policies_with_the_same_weights_are_one_and_others_lie_side_by_side(
    settings: LearnerSettings, differ: bool, calls: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One by one where the network says nothing of its parts."""
    learners = [MaskablePPOLearner(VIEWS["numbers"], 1, settings, 0) for _ in range(3)]
    weights = [learners[0].weights()] * 3
    if differ:
        weights[1] = learners[1].weights()
    asked: list[int] = []
    probabilities = MaskablePPOLearner.probabilities

    def counted(learner: MaskablePPOLearner, observations: Any, masks: Any) -> Any:
        asked.append(len(masks))
        return probabilities(learner, observations, masks)

    monkeypatch.setattr(MaskablePPOLearner, "probabilities", counted)
    observations = {"features": np.random.default_rng(0).normal(size=(3, 7)).astype(np.float32)}
    masks = np.ones((3, 9), dtype=np.bool_)
    PolicyGroup(learners, weights).probabilities(observations, masks)
    assert asked == calls


class Flat(BaseFeaturesExtractor):
    """A network that says nothing of its parts."""

    def __init__(self, observation_space: spaces.Dict, width: int) -> None:
        super().__init__(observation_space, width)
        self.layer = nn.Linear(7, width)

    def forward(self, observations: dict[str, Tensor]) -> Tensor:
        return self.layer(observations["features"]).tanh()


@pytest.mark.parametrize(
    "modules",
    [
        [nn.Linear(4, 3), nn.Linear(4, 3, bias=False)],
        [nn.Linear(4, 3), nn.Tanh()],
        [nn.Conv2d(2, 3, 3), nn.Conv2d(2, 3, 3, padding=1)],
        [nn.Conv2d(2, 4, 3, groups=2), nn.Conv2d(2, 4, 3, groups=2)],
        [nn.LayerNorm(4), nn.LayerNorm(4)],
    ],
)
def test_what_cannot_lie_side_by_side_is_said(modules: list[nn.Module]) -> None:
    with pytest.raises(NoArrayLayer):
        apart_array_layers(modules)


def test_agents_on_the_cartridge_are_asked_together_with_their_present_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers are threads, to look at them: a worker asks the policies of all its seats together."""
    asked: list[list[dict[str, np.ndarray]]] = []

    class SeenGroup(PolicyGroup):
        def __init__(self, policies: Any, weights: Any) -> None:
            super().__init__(policies, weights)
            asked.append([policy.weights() for policy in policies])

    monkeypatch.setattr(segment, "PolicyGroup", SeenGroup)
    monkeypatch.setattr(engine, "LocalFleet", ThreadFleet)
    trainer = make_trainer(tmp_path, weight_update_strategy=WeightUpdateStrategy.ASYNCHRONOUS)
    asyncio.run(trainer.train_multi_model_episode(1))
    learned = [seat.learner.weights() for seat in session_of(trainer).seats]
    asyncio.run(trainer.train_multi_model_episode(2))
    asyncio.run(trainer.shutdown())
    assert [len(weights) for weights in asked] == [2] * 4, "one group a segment, of both seats"
    first, second, third, _ = asked
    for own, played in zip(learned, third, strict=True):
        assert all(np.array_equal(own[name], played[name]) for name in own)
    assert all(np.array_equal(first[0][name], second[0][name]) for name in first[0]), "learned beside the play"
    assert any(not np.array_equal(second[0][name], third[0][name]) for name in first[0])

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

from agents.learning.policy_stack import PolicyStack, _told
from agents.learning.sb3_policy import MaskablePPOLearner
from agents.learning.settings import LearnerSettings
from core.exceptions import DecisionValidationError
from tests.test_multi_model_cartridge import make_trainer, session_of
from trainer.fleet.thread_fleet import ThreadFleet
from trainer.multi_model.config import WeightUpdateStrategy
from trainer.multi_model.seats import segment
from trainer.run import environments

VIEWS = {
    "numbers": spaces.Dict({"features": spaces.Box(-1, 1, (7,), np.float32)}),
    "numbers and map": spaces.Dict(
        {"features": spaces.Box(-1, 1, (7,), np.float32), "map": spaces.Box(0, 1, (5, 9, 10), np.uint8)}
    ),
    "screen": spaces.Dict({"screen": spaces.Box(0, 255, (1, 72, 80), np.uint8)}),
}


@pytest.mark.parametrize("view", VIEWS)
def test_each_row_is_the_answer_of_its_own_policy(view: str) -> None:
    settings = LearnerSettings(rollout_steps=4, features_width=24, policy_widths=(20, 12))
    learners = [MaskablePPOLearner(VIEWS[view], 1, settings, seed) for seed in range(5)]
    VIEWS[view].seed(3)
    samples = [VIEWS[view].sample() for _ in learners]
    observations = {key: np.stack([sample[key] for sample in samples]) for key in VIEWS[view].spaces}
    masks = np.random.default_rng(0).random((5, 9)) < 0.6
    masks[:, 0] = True
    together = PolicyStack([learner.policy for learner in learners]).probabilities(observations, masks)
    for row, learner in enumerate(learners):
        one = slice(row, row + 1)
        alone = learner.probabilities({key: array[one] for key, array in observations.items()}, masks[one])
        assert together[one] == pytest.approx(alone, abs=1e-6)
        assert (together[row][~masks[row]] == 0).all()
    masks[2] = False
    with pytest.raises(DecisionValidationError, match=r"rows \[2\] allow no action"):
        PolicyStack([learner.policy for learner in learners]).probabilities(observations, masks)


class Flat(BaseFeaturesExtractor):
    """A network that says nothing of its parts."""

    def __init__(self, observation_space: spaces.Dict, width: int) -> None:
        super().__init__(observation_space, width)
        self.layer = nn.Linear(7, width)

    def forward(self, observations: dict[str, Tensor]) -> Tensor:
        return self.layer(observations["features"]).tanh()


@pytest.mark.parametrize(
    ("network", "spoil", "reason"),
    [
        ("tests.test_policy_stack:Flat", False, "the network Flat has no stack_parts"),
        ("convolutional", True, "a layer of Dropout cannot be laid beside others"),
    ],
)
def test_policies_that_cannot_be_laid_side_by_side_are_asked_one_by_one(
    network: str, spoil: bool, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = LearnerSettings(rollout_steps=4, features_width=8, network=network)
    learners = [MaskablePPOLearner(VIEWS["numbers"], 1, settings, seed) for seed in range(3)]
    for learner in learners:
        learner.policy.set_training_mode(False)
        if spoil:
            learner.policy.mlp_extractor.policy_net.append(nn.Dropout(0.0))
    _told.clear()
    for _ in range(2):
        stack = PolicyStack([learner.policy for learner in learners])
    assert [reason in record.message for record in caplog.records] == [True], "said once"
    observations = {"features": np.random.default_rng(0).normal(size=(3, 7)).astype(np.float32)}
    masks = np.ones((3, 9), dtype=np.bool_)
    together = stack.probabilities(observations, masks)
    for row, learner in enumerate(learners):
        one = slice(row, row + 1)
        assert together[one] == pytest.approx(
            learner.probabilities({"features": observations["features"][one]}, masks[one])
        )


def test_agents_on_the_cartridge_are_asked_at_once_with_their_present_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers are threads, to look at them: a worker asks one stack of the policies of all its seats."""
    asked: list[tuple[PolicyStack, int, list[dict[str, np.ndarray]]]] = []

    class SeenStack(PolicyStack):
        def probabilities(self, observations: Any, masks: Any) -> Any:
            rows = super().probabilities(observations, masks)
            if not asked or asked[-1][0] is not self:
                weights = [
                    {name: one.detach().numpy().copy() for name, one in policy.named_parameters()}
                    for policy in self._policies
                ]
                asked.append((self, len(masks), weights))
            return rows

    monkeypatch.setattr(segment, "PolicyStack", SeenStack)
    monkeypatch.setattr(environments, "LocalFleet", ThreadFleet)
    trainer = make_trainer(tmp_path, weight_update_strategy=WeightUpdateStrategy.ASYNCHRONOUS)
    asyncio.run(trainer.train_multi_model_episode(1))
    learned = [seat.learner.weights() for seat in session_of(trainer).seats]
    asyncio.run(trainer.train_multi_model_episode(2))
    asyncio.run(trainer.shutdown())
    assert [rows for _, rows, _ in asked] == [2] * 4, "one stack a segment, of both seats"
    first, second, third, _ = (weights for _, _, weights in asked)
    for own, played in zip(learned, third, strict=True):
        assert all(np.array_equal(own[name], played[name]) for name in own)
    assert all(np.array_equal(first[0][name], second[0][name]) for name in first[0]), "learned beside the play"
    assert any(not np.array_equal(second[0][name], third[0][name]) for name in first[0])

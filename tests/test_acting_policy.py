"""The policy as it is asked while playing gives the very numbers of the network, whatever its weights came from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from torch.nn import functional

from agents.learning.network import logits_and_values
from agents.learning.sb3_policy import LearnerSettings, MaskablePPOLearner
from tests.test_sb3_policy import SMALL, VECTOR, VIEW, feed, random_masks, random_view

FLAT = LearnerSettings(rollout_steps=4, features_width=8, network="tests.test_policy_stack:Flat")
SEVEN = spaces.Dict({"features": spaces.Box(-1, 1, (7,), np.float32)})


def by_the_network(
    learner: MaskablePPOLearner, view: dict[str, NDArray[np.generic]], masks: NDArray[np.bool_]
) -> NDArray[np.float32]:
    tensors = {key: torch.from_numpy(value) for key, value in view.items()}
    with torch.inference_mode():
        logits, _ = logits_and_values(learner.policy, tensors, torch.from_numpy(masks))
        return functional.softmax(logits, dim=-1).numpy()


@pytest.mark.parametrize(("space", "settings"), [(VIEW, SMALL), (VECTOR, SMALL), (SEVEN, FLAT)])
@pytest.mark.parametrize("lanes", [1, 4])
def test_it_is_bit_for_bit_the_network(space: spaces.Dict, settings: LearnerSettings, lanes: int) -> None:
    random = np.random.default_rng(1)
    learner = MaskablePPOLearner(space, lanes, settings, seed=0)
    other = MaskablePPOLearner(space, lanes, settings, seed=1)
    view, masks = random_view(space, lanes, random), random_masks(lanes, random)
    first = learner.probabilities(view, masks)
    assert np.array_equal(first, by_the_network(learner, view, masks))
    feed(learner, random)
    learner.update()
    updated = learner.probabilities(view, masks)
    assert np.array_equal(updated, by_the_network(learner, view, masks)) and not np.array_equal(updated, first)
    other.load_tensors(learner.tensors())
    assert np.array_equal(other.probabilities(view, masks), updated)

"""The policy as it is asked while playing gives the numbers of the network, whatever its weights came from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from threadpoolctl import threadpool_info
from torch import nn
from torch.nn import functional

from agents.learning.array_layers import NoArrayLayer, array_layers, through_arrays
from agents.learning.network import logits_and_values
from agents.learning.sb3_policy import LearnerSettings, MaskablePPOLearner
from tests.test_sb3_policy import SMALL, VECTOR, VIEW, feed, random_masks, random_view

FLAT = LearnerSettings(rollout_steps=4, features_width=8, network="tests.test_policy_group:Flat")
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
def test_it_is_the_network(space: spaces.Dict, settings: LearnerSettings, lanes: int) -> None:
    random = np.random.default_rng(1)
    learner = MaskablePPOLearner(space, lanes, settings, seed=0)
    other = MaskablePPOLearner(space, lanes, settings, seed=1)
    view, masks = random_view(space, lanes, random), random_masks(lanes, random)
    first = learner.probabilities(view, masks)
    assert first == pytest.approx(by_the_network(learner, view, masks), abs=1e-6)
    assert first.dtype == np.float32 and (first[~masks] == 0).all()
    feed(learner, random)
    learner.update()
    updated = learner.probabilities(view, masks)
    assert updated == pytest.approx(by_the_network(learner, view, masks), abs=1e-6)
    assert np.abs(updated - first).max() > 1e-5
    other.load_tensors(learner.tensors())
    assert np.array_equal(other.probabilities(view, masks), updated)


@pytest.mark.parametrize(
    "module",
    [
        nn.Conv2d(3, 4, 3),
        nn.Conv2d(3, 4, (2, 3), stride=(2, 1), padding=(1, 0), dilation=(1, 2), bias=False),
        nn.Sequential(nn.Conv2d(3, 4, 8, stride=4), nn.ReLU(), nn.Conv2d(4, 5, 2), nn.Flatten(), nn.Tanh()),
        nn.Sequential(nn.Flatten(), nn.Linear(3 * 17 * 16, 6, bias=False), nn.ReLU(), nn.Linear(6, 2)),
    ],
    ids=["plain", "uneven", "screen", "rows"],
)
def test_layers_of_arrays_are_those_of_modules(module: nn.Module) -> None:
    planes = np.random.default_rng(0).normal(size=(5, 3, 17, 16)).astype(np.float32)
    kept = planes.copy()
    with torch.no_grad():
        wanted = module(torch.from_numpy(planes)).numpy()
        found = through_arrays(array_layers(module), planes)
        assert found.shape == wanted.shape and found == pytest.approx(wanted, abs=1e-5)
        assert np.array_equal(planes, kept), "the input is left as it was"
        for parameter in module.parameters():
            parameter.mul_(-2.0)
        again = through_arrays(array_layers(module), planes)
    assert again == pytest.approx(module(torch.from_numpy(planes)).detach().numpy(), abs=1e-5)


@pytest.mark.parametrize(
    "module",
    [nn.GELU(), nn.Conv2d(2, 2, 3, groups=2), nn.Conv2d(2, 2, 3, padding="same"), nn.Sequential(nn.Dropout())],
)
def test_a_layer_that_is_not_known_is_refused_by_name(module: nn.Module) -> None:
    with pytest.raises(NoArrayLayer, match=r"GELU|Conv2d|'same'|Dropout"):
        array_layers(module)


def test_products_take_one_thread() -> None:
    array_layers(nn.ReLU())
    assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {1}

"""The learner against its references: sb3-contrib's own update, V-trace's definition, and itself after a reload."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import Env, spaces
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from sb3_contrib import MaskablePPO
from stable_baselines3.common.logger import configure
from stable_baselines3.common.vec_env import DummyVecEnv

from agents.learning.network import logits_and_values
from agents.learning.networks.convolutional import ConvolutionalExtractor
from agents.learning.preparation import prepare
from agents.learning.sb3_policy import LearnerSettings, MaskablePPOLearner
from agents.learning.trust import TeacherTrust
from agents.learning.vtrace import vtrace_targets
from core.agent.lane_transitions import LaneTransitions
from core.exceptions import CheckpointError, ConfigurationError, DecisionValidationError, TrainingError

LANES = 4
VIEW = spaces.Dict(
    {
        "features": spaces.Box(-1.0, 1.0, (12,), np.float32),
        "map": spaces.Box(0, 3, (5, 9, 10), np.uint8),
        "screen": spaces.Box(0, 255, (1, 72, 80), np.uint8),
    }
)
VECTOR = spaces.Dict({"features": spaces.Box(-1.0, 1.0, (12,), np.float32)})
SMALL = LearnerSettings(rollout_steps=16, minibatch_size=64, epochs=2, features_width=16, policy_widths=(16,))


def random_view(space: spaces.Dict, lanes: int, random: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        key: (random.random((lanes, *box.shape)) * np.max(box.high)).astype(box.dtype)  # type: ignore[attr-defined]
        for key, box in space.spaces.items()
    }


def random_masks(lanes: int, random: np.random.Generator) -> np.ndarray:
    masks = random.random((lanes, 9)) < 0.6
    masks[:, 0] = True
    return masks


def feed(learner: MaskablePPOLearner, random: np.random.Generator, teacher: bool = True) -> list[dict[str, Any]]:
    """Fills the rollout with random observations, rewards and ends; a teacher acts half of the time."""
    steps: list[dict[str, Any]] = []
    view = random_view(learner.observation_space, learner.lanes, random)
    lanes = np.arange(learner.lanes)
    while not learner.ready:
        masks = random_masks(learner.lanes, random)
        probabilities = learner.probabilities(view, masks).astype(np.float64)
        wishes = random.integers(0, 9, learner.lanes) if teacher else np.full(learner.lanes, -1)
        share = 0.5 * (masks[lanes, wishes] & (wishes >= 0))
        own = np.array([random.choice(9, p=row / row.sum()) for row in probabilities])
        actions = np.where(random.random(learner.lanes) < share, wishes, own)
        behaviour = share * (actions == wishes) + (1 - share) * probabilities[lanes, actions]
        terminated = random.random(learner.lanes) < 0.05
        step = {
            "observations": view,
            "masks": masks,
            "actions": actions,
            "behaviour_probabilities": behaviour,
            "teacher_actions": wishes,
            "teacher_probabilities": share + (1 - share) * probabilities[lanes, wishes],
            "rewards": random.normal(size=learner.lanes).astype(np.float32),
            "terminated": terminated,
            "truncated": ~terminated & (random.random(learner.lanes) < 0.1),
            "next_observations": random_view(learner.observation_space, learner.lanes, random),
        }
        learner.observe(LaneTransitions(**step))
        steps.append(step)
        ended = step["terminated"] | step["truncated"]
        fresh = random_view(learner.observation_space, learner.lanes, random)
        view = {
            key: np.where(ended.reshape(-1, *(1,) * (after.ndim - 1)), fresh[key], after)
            for key, after in step["next_observations"].items()
        }
    return steps


class NeverPlayed(Env[dict[str, np.ndarray], int]):
    """Gives sb3 its spaces; the transitions come from `feed`."""

    observation_space = VECTOR
    action_space = spaces.Discrete(9)


def test_with_behaviour_equal_to_policy_the_update_is_maskable_ppos() -> None:
    """Same weights, same transitions, sb3-contrib's own buffer, GAE, loss and optimizer: the same new weights."""
    chosen = replace(SMALL, teacher_coefficient=0.0, entropy_coefficient=0.02, minibatch_size=LANES * 16)
    learner = MaskablePPOLearner(VECTOR, LANES, chosen, seed=3)
    model = MaskablePPO(
        "MultiInputPolicy",
        DummyVecEnv([NeverPlayed] * LANES),
        n_steps=chosen.rollout_steps,
        batch_size=chosen.minibatch_size,
        n_epochs=chosen.epochs,
        learning_rate=chosen.learning_rate,
        ent_coef=chosen.entropy_coefficient,
        device="cpu",
        policy_kwargs={
            "net_arch": {"pi": list(chosen.policy_widths), "vf": list(chosen.value_widths)},
            "features_extractor_class": ConvolutionalExtractor,
            "features_extractor_kwargs": {"width": chosen.features_width},
        },
    )
    model.set_logger(configure(None, []))
    model.policy.load_state_dict(learner.policy.state_dict())

    steps = feed(learner, np.random.default_rng(0), teacher=False)
    starts = np.ones(LANES)
    with torch.no_grad():
        for step in steps:
            observations = {"features": torch.from_numpy(step["observations"]["features"])}
            values, log_probabilities, _ = model.policy.evaluate_actions(
                observations, torch.from_numpy(step["actions"]), torch.from_numpy(step["masks"])
            )
            after = {"features": torch.from_numpy(step["next_observations"]["features"])}
            last_values = model.policy.predict_values(after)
            bootstrap = model.gamma * last_values.numpy().reshape(-1) * step["truncated"]
            model.rollout_buffer.add(
                step["observations"],  # type: ignore[arg-type]
                step["actions"].reshape(-1, 1),
                step["rewards"] + bootstrap,
                starts,
                values.reshape(-1),
                log_probabilities,
                action_masks=step["masks"],
            )
            starts = (step["terminated"] | step["truncated"]).astype(float)
        model.rollout_buffer.compute_returns_and_advantage(last_values, starts)
    model.train()
    learner.update()
    for name, ours in learner.policy.named_parameters():
        theirs = model.policy.get_parameter(name)
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=2e-6, msg=lambda text, name=name: f"{name}: {text}")


def test_network_answers_as_sb3_does() -> None:
    random = np.random.default_rng(1)
    learner = MaskablePPOLearner(VIEW, LANES, SMALL, seed=0)
    view, masks = random_view(VIEW, LANES, random), random_masks(LANES, random)
    tensors = {key: torch.from_numpy(value) for key, value in view.items()}
    actions = torch.zeros(LANES, dtype=torch.int64)
    values, log_probabilities, _ = learner.policy.evaluate_actions(tensors, actions, torch.from_numpy(masks))
    logits, ours = logits_and_values(learner.policy, tensors, torch.from_numpy(masks))
    torch.testing.assert_close(ours, values.reshape(-1))
    torch.testing.assert_close(torch.log_softmax(logits, 1)[:, 0], log_probabilities)
    probabilities = learner.probabilities(view, masks)
    assert probabilities.shape == (LANES, 9)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-6)
    assert (probabilities[~masks] == 0).all()
    assert (probabilities[masks] > 0).all()
    np.testing.assert_allclose(learner.values(view), values.detach().numpy().reshape(-1), atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), rho_bar=st.sampled_from([1.0, 2.0]), trace_decay=st.sampled_from([1.0, 0.9]))
def test_targets_are_the_sum_that_defines_vtrace(seed: int, rho_bar: float, trace_decay: float) -> None:
    """Espeholt 2018, equation 1, term by term, for one lane that ends in the middle."""
    random = np.random.default_rng(seed)
    steps, discount = 7, 0.9
    values, next_values, rewards = random.normal(size=(3, steps, 1)).astype(np.float32)
    importance = random.exponential(size=(steps, 1)).astype(np.float32)
    ends = np.zeros((steps, 1), bool)
    ends[3] = True
    next_values[:3] = values[1:4]
    next_values[4:6] = values[5:7]
    targets = vtrace_targets(
        values=values,
        next_values=next_values,
        rewards=rewards,
        ends=ends,
        importance=importance,
        discount=discount,
        trace_decay=trace_decay,
        rho_bar=rho_bar,
        c_bar=1.0,
    )
    for start in range(steps):
        last = 3 if start <= 3 else steps - 1
        expected, trace = float(values[start, 0]), 1.0
        for t in range(start, last + 1):
            error = min(rho_bar, importance[t, 0]) * (rewards[t, 0] + discount * next_values[t, 0] - values[t, 0])
            expected += discount ** (t - start) * trace * error
            trace *= trace_decay * min(1.0, importance[t, 0])
        assert targets.values[start, 0] == pytest.approx(expected, abs=1e-4)


def test_an_end_by_time_is_bootstrapped_and_a_real_end_is_not() -> None:
    learner = MaskablePPOLearner(VECTOR, 2, replace(SMALL, rollout_steps=1, trace_decay=0.0), seed=0)
    random = np.random.default_rng(0)
    view, after = random_view(VECTOR, 2, random), random_view(VECTOR, 2, random)
    masks, actions = np.ones((2, 9), bool), np.zeros(2, np.int64)
    chances = learner.probabilities(view, masks)[:, 0]
    none, never = np.full(2, -1), np.zeros(2)
    before, final = learner.values(view), learner.values(after)
    terminated, truncated = np.array([True, False]), np.array([False, True])
    learner.observe(
        LaneTransitions(view, masks, actions, chances, none, never, np.ones(2), terminated, truncated, after)
    )
    metrics = learner.update()
    advantages = np.array([1.0 - before[0], 1.0 + 0.99 * final[1] - before[1]])
    assert metrics.advantage_mean == pytest.approx(advantages.mean(), abs=1e-5)
    assert metrics.target_mean == pytest.approx((before + advantages).mean(), abs=1e-5)


def test_nothing_is_learned_from_a_step_that_was_never_played() -> None:
    """The lane's last played step bootstraps from the state in which the lost one was decided, and that is all."""
    learner = MaskablePPOLearner(VECTOR, 1, replace(SMALL, rollout_steps=2, trace_decay=1.0), seed=0)
    random = np.random.default_rng(0)
    first, second, after = (random_view(VECTOR, 1, random) for _ in range(3))
    masks, actions, wish, no = np.ones((1, 9), bool), np.zeros(1, np.int64), np.array([3]), np.array([False])
    wishes = (wish, np.full(1, 0.5))
    values = [float(learner.values(view)[0]) for view in (first, second)]
    chances = [learner.probabilities(view, masks)[:, 0] for view in (first, second)]
    learner.observe(LaneTransitions(first, masks, actions, chances[0], *wishes, np.ones(1), no, no, second))
    learner.observe(
        LaneTransitions(second, masks, actions, chances[1], *wishes, np.full(1, 9.0), no, ~no, after, lost=~no)
    )
    prepared = prepare(learner.policy, learner._rollout, learner.settings)
    targets = prepared.targets
    assert targets.weights[:, 0].tolist() == pytest.approx([1.0, 0.0])
    assert targets.values[:, 0].tolist() == pytest.approx([1.0 + 0.99 * values[1], values[1]], abs=1e-5)
    assert targets.advantages[0, 0] == pytest.approx(1.0 + 0.99 * values[1] - values[0], abs=1e-5)
    assert prepared.batch.labelled.tolist() == [True, False]


def test_same_seed_same_weights_other_seed_other_weights() -> None:
    def trained(seed: int) -> dict[str, torch.Tensor]:
        learner = MaskablePPOLearner(VIEW, LANES, SMALL, seed=seed)
        for _ in range(2):
            feed(learner, np.random.default_rng(5))
            learner.update()
        return learner.tensors()

    first, again, other = trained(1), trained(1), trained(2)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_building_a_learner_leaves_torchs_random_state_alone() -> None:
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    MaskablePPOLearner(VECTOR, 1, SMALL, seed=99)
    assert torch.equal(torch.rand(1), expected)


def test_a_reloaded_learner_goes_on_bit_for_bit(tmp_path: Path) -> None:
    learner = MaskablePPOLearner(VECTOR, LANES, SMALL, seed=1)
    feed(learner, np.random.default_rng(0))
    learner.update()
    save_file(learner.tensors(), tmp_path / "weights.safetensors")
    state = json.loads(json.dumps(learner.state_dict()))

    reloaded = MaskablePPOLearner(VECTOR, LANES, SMALL, seed=55)
    reloaded.load_tensors(load_file(tmp_path / "weights.safetensors"))
    reloaded.load_state_dict(state)
    for each in (learner, reloaded):
        feed(each, np.random.default_rng(1))
        each.update()
    expected = learner.tensors()
    assert reloaded.tensors().keys() == expected.keys()
    assert any(name.startswith("adam.exp_avg.") for name in expected)
    for name, tensor in reloaded.tensors().items():
        assert torch.equal(tensor, expected[name]), name
    assert reloaded.state_dict() == learner.state_dict()


def test_weights_of_another_network_are_refused_and_change_nothing() -> None:
    learner = MaskablePPOLearner(VECTOR, 1, SMALL, seed=1)
    before = learner.tensors()
    other = MaskablePPOLearner(VECTOR, 1, replace(SMALL, features_width=8), seed=1)
    with pytest.raises(CheckpointError, match="another network"):
        learner.load_tensors(other.tensors())
    with pytest.raises(CheckpointError, match="version 99"):
        learner.load_state_dict({"version": 99})
    assert all(torch.equal(value, before[name]) for name, value in learner.tensors().items())


def test_what_cannot_be_learned_from_is_refused() -> None:
    random = np.random.default_rng(0)
    learner = MaskablePPOLearner(VECTOR, 2, replace(SMALL, rollout_steps=1), seed=0)
    view, masks = random_view(VECTOR, 2, random), np.ones((2, 9), bool)
    masks[0, 3] = False
    rest = (np.full(2, -1), np.zeros(2), np.zeros(2), np.zeros(2, bool), np.zeros(2, bool), view)
    with pytest.raises(TrainingError, match="full rollout"):
        learner.update()
    with pytest.raises(TrainingError, match="behaviour probabilities"):
        learner.observe(LaneTransitions(view, masks, np.array([0, 0]), np.array([0.5, 0.0]), *rest))
    with pytest.raises(TrainingError, match="not all allowed"):
        learner.observe(LaneTransitions(view, masks, np.array([3, 0]), np.array([0.5, 0.5]), *rest))
    with pytest.raises(DecisionValidationError, match="no action"):
        learner.probabilities(view, np.zeros((2, 9), bool))
    learner.observe(LaneTransitions(view, masks, np.array([0, 0]), np.array([0.5, 0.5]), *rest))
    with pytest.raises(TrainingError, match="is full"):
        learner.observe(LaneTransitions(view, masks, np.array([0, 0]), np.array([0.5, 0.5]), *rest))


def test_a_reward_that_is_not_finite_stops_training_with_the_weights_kept() -> None:
    random = np.random.default_rng(0)
    learner = MaskablePPOLearner(VECTOR, 2, replace(SMALL, rollout_steps=1), seed=0)
    before = learner.tensors()
    view, masks = random_view(VECTOR, 2, random), np.ones((2, 9), bool)
    ends = np.zeros(2, bool)
    no_wishes = (np.full(2, -1), np.zeros(2))
    actions, chances, rewards = np.zeros(2, np.int64), np.ones(2) / 9, np.array([np.nan, 0])
    learner.observe(LaneTransitions(view, masks, actions, chances, *no_wishes, rewards, ends, ends, view))
    with pytest.raises(TrainingError, match="not finite"):
        learner.update()
    assert all(torch.equal(learner.tensors()[name], value) for name, value in before.items())


def test_a_wish_that_the_mask_forbids_is_no_label() -> None:
    random = np.random.default_rng(0)
    learner = MaskablePPOLearner(VECTOR, 2, replace(SMALL, rollout_steps=1), seed=0)
    view, masks = random_view(VECTOR, 2, random), np.ones((2, 9), bool)
    masks[:, 5] = False
    ends = np.zeros(2, bool)
    chances = learner.probabilities(view, masks)[:, 0]
    wishes = (np.array([5, 4]), chances)
    learner.observe(
        LaneTransitions(view, masks, np.zeros(2, np.int64), chances, *wishes, np.zeros(2), ends, ends, view)
    )
    metrics = learner.update()
    assert metrics.teacher_share == 0.5
    assert 0 < metrics.teacher_loss < np.log(9)


@pytest.mark.parametrize("half_life", [None, 1000])
def test_the_teacher_fades_by_one_schedule(half_life: int | None) -> None:
    """The curriculum's share, or the half-life where one is set; never both."""
    learner = MaskablePPOLearner(
        VECTOR, 2, replace(SMALL, teacher_half_life=half_life, teacher_coefficient=0.8), seed=0
    )
    whole = learner.teacher_coefficient
    assert whole == pytest.approx(0.8 * TeacherTrust().value)
    learner.teacher_scale = 0.25
    assert learner.teacher_coefficient == pytest.approx(whole if half_life else 0.25 * whole)
    learner.teacher_scale, learner.transitions = 1.0, 1000
    assert learner.teacher_coefficient == pytest.approx(0.5 * whole if half_life else whole)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"teacher_half_life": 0}, "teacher_half_life is 0"),
        ({"epochs": 0}, "epochs is 0"),
        ({"learning_rate": -1.0}, "learning_rate is -1.0"),
        ({"discount": 1.5}, "discount is 1.5"),
        ({"c_bar": 2.0}, "rho_bar"),
        ({"target_kl": 0.0}, "target_kl"),
        ({"teacher_coefficient": float("nan")}, "teacher_coefficient is nan"),
    ],
)
def test_settings_out_of_range_are_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        LearnerSettings(**change)


def test_an_observation_the_network_cannot_read_is_named() -> None:
    space = spaces.Dict({"words": spaces.Box(0, 1, (2, 2), np.float32)})
    with pytest.raises(ConfigurationError, match="'words'"):
        MaskablePPOLearner(space, 1, SMALL)

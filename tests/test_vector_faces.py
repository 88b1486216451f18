"""The vector env as Gymnasium and Stable-Baselines3 see it: their own wrappers and algorithms run on it."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from sb3_contrib import MaskablePPO
from stable_baselines3.common.vec_env import VecMonitor

from agents.learning.sb3_lanes import SB3Lanes
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.lanes.gymnasium_lanes import GymnasiumLanes
from core.env.masks import FREE
from core.exceptions import ConfigurationError
from core.vector_env import VectorEnv
from core.vocabulary import Button
from tests.game_states import ROM_PATH

MAX_STEPS = 10


def make_env(lane: int) -> EnhancedPyBoyPokemonCrystalEnv:
    return EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state", max_steps=MAX_STEPS + lane)


def masked_random(masks: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    return np.array([dice.choice(np.flatnonzero(mask)) for mask in masks])


def test_gymnasium_face() -> None:
    env = GymnasiumLanes(VectorEnv(make_env, 3, 2))
    dice = np.random.default_rng(0)
    observations, infos = env.reset(seed=7)
    assert env.observation_space.contains(observations)
    first = {key: array.copy() for key, array in observations.items()}
    ended = np.zeros(3, dtype=int)
    before = observations
    for number in range(1, 26):
        observations, rewards, terminated, truncated, infos = env.step(masked_random(infos["action_mask"], dice))
        assert env.observation_space.contains(observations)
        assert rewards.shape == (3,) and not terminated.any()
        assert truncated.tolist() == [number % (MAX_STEPS + lane) == 0 for lane in range(3)]
        assert ("final_obs" in infos) == truncated.any()
        for lane in np.flatnonzero(truncated):
            ended[lane] += 1
            final = infos["final_obs"][lane]
            assert env.single_observation_space.contains(final)
            assert not np.array_equal(final["features"], observations["features"][lane])
            assert not np.array_equal(before["features"][lane], observations["features"][lane])
        before = observations
    assert ended.tolist() == [2, 2, 2]
    again, _ = env.reset(seed=7)
    assert all(np.array_equal(first[key], again[key]) for key in first)
    third, _ = env.reset(seed=[7, 8, 9])
    assert all(np.array_equal(first[key], third[key]) for key in first)
    env.close()


def test_gymnasium_wrappers_run_on_it() -> None:
    env = gym.wrappers.vector.RecordEpisodeStatistics(GymnasiumLanes(VectorEnv(make_env, 2, 1)))
    env.reset(seed=1)
    lengths = []
    for _ in range(2 * MAX_STEPS):
        _, _, _, _, infos = env.step(np.array([8, 8]))
        if "episode" in infos:
            lengths += [int(length) for length in infos["episode"]["l"][infos["_episode"]]]
    assert sorted(lengths) == [MAX_STEPS, MAX_STEPS, MAX_STEPS + 1]
    env.close()


def test_the_faces_play_what_the_vector_env_plays() -> None:
    plan = np.random.default_rng(3).integers(0, 9, (MAX_STEPS - 1, 2))
    with VectorEnv(make_env, 2, 2) as vector:
        vector.reset([4, 5])
        expected = [vector.step(actions) for actions in plan]
    face = GymnasiumLanes(VectorEnv(make_env, 2, 2))
    face.reset(seed=4)
    sb3 = SB3Lanes(VectorEnv(make_env, 2, 2))
    sb3.seed(4)
    sb3.reset()
    for actions, step in zip(plan, expected, strict=True):
        for observations, rewards in (face.step(actions)[:2], sb3.step(actions)[:2]):
            assert np.array_equal(rewards, step.rewards)
            assert isinstance(observations, dict)
            assert all(np.array_equal(observations[key], step.observations[key]) for key in step.observations)
    face.close()
    sb3.close()


def test_maskable_ppo_learns_on_it() -> None:
    env = SB3Lanes(VectorEnv(make_env, 3, 2))
    monitored = VecMonitor(env)
    model = MaskablePPO("MultiInputPolicy", monitored, n_steps=16, batch_size=16, n_epochs=1, seed=0)
    before = {key: value.clone() for key, value in model.policy.state_dict().items()}
    model.learn(96)
    assert any((before[key] != value).any() for key, value in model.policy.state_dict().items())
    assert model.ep_info_buffer and {info["l"] for info in model.ep_info_buffer} == {10, 11, 12}
    env.close()


def test_sb3_masks_and_ends() -> None:
    env = SB3Lanes(VectorEnv(make_env, 2, 2))
    env.seed(3)
    env.reset()
    for number in range(1, MAX_STEPS + 2):
        masks = np.stack(env.env_method("action_masks"))
        assert np.array_equal(masks[1], env.get_attr("action_masks", [1])[0]())
        button = Button.START if number == MAX_STEPS - 2 else Button.NONE
        observations, _, done, infos = env.step(np.array([button, button]))
        assert done.tolist() == [number == MAX_STEPS, number == MAX_STEPS + 1]
        for lane in np.flatnonzero(done):
            assert infos[lane]["TimeLimit.truncated"] is True
            assert not np.array_equal(masks[lane], FREE), "a menu was open"
            assert np.array_equal(env.env_method("action_masks", indices=[int(lane)])[0], FREE), "and a new game began"
            last = infos[lane]["terminal_observation"]
            assert env.observation_space.contains(last)
            assert isinstance(observations, dict)
            assert not np.array_equal(last["features"], observations["features"][lane])
    with pytest.raises(AttributeError, match="'nothing'"):
        env.get_attr("nothing")
    with pytest.raises(AttributeError, match="only action_masks"):
        env.env_method("step")
    with pytest.raises(ConfigurationError, match="make_env"):
        env.set_attr("max_steps", 3)
    env.close()

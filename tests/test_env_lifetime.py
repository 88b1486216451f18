"""Envs after their end and beside their purpose: closed is closed, nothing is cut or ignored, and nothing is copied."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import utils as flat
from gymnasium.vector import AsyncVectorEnv

from agents.learning.sb3_lanes import SB3Lanes
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.lanes.gymnasium_lanes import GymnasiumLanes
from core.env.text_spaces import NAMES, TextList
from core.exceptions import ClosedEnvironmentError, ConfigurationError, TrainingError
from core.vector_env import VectorEnv
from core.vocabulary import Button
from tests.game_states import ROM_PATH


def make_env(lane: int = 0) -> EnhancedPyBoyPokemonCrystalEnv:
    return EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state", max_steps=50)


def make_default_env() -> EnhancedPyBoyPokemonCrystalEnv:
    return EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, max_steps=50)


# closed


def test_a_closed_env_does_nothing_more() -> None:
    env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, render_mode="rgb_array")
    env.reset(seed=1)
    start = env.save_state()
    env.close()
    env.close()
    uses: list[Callable[[], object]] = [
        env.reset,
        lambda: env.reset(options={"start_state": start}),
        lambda: env.step(0),
        env.render,
        env.save_state,
        env.policy_observation,
    ]
    for use in uses:
        with pytest.raises(ClosedEnvironmentError, match="the env is closed"):
            use()


def test_a_closed_vector_env_does_nothing_more() -> None:
    env = VectorEnv(make_env, 2, 2)
    env.reset([1, 2])
    env.send(0, [0])
    env.close()
    env.close()
    uses: list[Callable[[], object]] = [
        lambda: env.reset([1, 2]),
        lambda: env.reset_lane(0, 1),
        lambda: env.reset_lane_of_half(0, 1),
        lambda: env.step([0, 0]),
        lambda: env.send(1, [0]),
        lambda: env.receive(0),
        GymnasiumLanes(env).reset,
        SB3Lanes(env).reset,
    ]
    for use in uses:
        with pytest.raises(ClosedEnvironmentError, match="the vector env is closed"):
            use()


def test_a_vector_env_whose_workers_do_not_live_is_closed() -> None:
    """It would answer with the old rows of the lanes that nobody plays any more."""
    made = 0

    def make_dying_env(lane: int) -> EnhancedPyBoyPokemonCrystalEnv:
        nonlocal made
        made += 1
        return DyingEnv(ROM_PATH, observation_type="state")

    env = VectorEnv(make_dying_env, 2, 2)
    env.reset([1, 2])
    with pytest.raises(TrainingError, match="did not live either"):
        env.step([int(Button.SELECT), 0])
    with pytest.raises(ClosedEnvironmentError):
        env.step([0, 0])


class DyingEnv(EnhancedPyBoyPokemonCrystalEnv):
    """Its process ends at SELECT, as for lack of memory."""

    def advance(self, action: int | np.int64, render: bool | None = None) -> Any:
        if action == Button.SELECT:
            import os

            os._exit(9)
        return super().advance(action, render)


# nothing is cut, nothing is ignored


def test_a_vector_env_takes_whole_actions_only() -> None:
    with VectorEnv(make_env, 2, 1) as env:
        env.reset([1, 2])
        wrong: list[Any] = [[8.7, 0.0], [0, float("nan")], [0, 1e30], [0, 2**70], ["0", "1"], [None, 0], [0], [[0, 1]]]
        for actions in wrong:
            with pytest.raises(ConfigurationError, match="2 integers from 0 to 8"):
                env.step(actions)
        # one lane's play by whole numbers of other types is the same
        as_floats = env.step(np.array([8.0, 4.0]))
        env.reset([1, 2])
        assert np.array_equal(as_floats.ram, env.step(np.array([8, 4], dtype=np.uint8)).ram)
        face = SB3Lanes(env)
        with pytest.raises(ConfigurationError, match="integers from 0 to 8"):
            face.step(np.array([8.7, 0.0]))


def test_a_vector_env_takes_whole_seeds_and_its_own_lanes_only() -> None:
    with VectorEnv(make_env, 2, 1) as env:
        wrong: list[Any] = [8.7, "1", None, -1, 2**63]
        for seed in wrong:
            with pytest.raises(ConfigurationError, match="is no integer from 0"):
                env.reset([0, seed])
            with pytest.raises(ConfigurationError, match="is no integer from 0"):
                env.reset_lane(0, seed)
        env.reset([np.int64(1), 2])  # type: ignore[list-item]
        for lane in (-1, 2):
            for use in (env.reset_lane, env.reset_lane_of_half):
                with pytest.raises(ConfigurationError, match=f"there is no lane {lane}"):
                    use(lane, 1)
            with pytest.raises(ConfigurationError, match=f"there is no lane {lane}"):
                env.game_state(lane)
        env.reset_lane(np.int64(1), 5)  # type: ignore[arg-type]


def test_options_of_reset_are_known_or_refused() -> None:
    env = make_env()
    env.reset(seed=3)
    before = env.state.snapshot.data
    with pytest.raises(ConfigurationError, match="unknown option 'startstate' of reset; did you mean 'start_state'"):
        env.reset(options={"startstate": b""})
    with pytest.raises(ConfigurationError, match="start_state of reset is a int"):
        env.reset(options={"start_state": 5})
    with pytest.raises(ConfigurationError, match="names 'intro_dune', which is no milestone"):
        env.reset(options={"reached": ["intro_dune"]})
    assert env.state.snapshot.data == before, "and the game goes on"
    first = env.tracker.milestones[0].id
    env.reset(options={"start_state": env.save_state(), "reached": [first]})
    assert first in env.milestones
    env.reset(options={})
    env.close()
    with VectorEnv(make_env, 1, 1) as lanes:
        with pytest.raises(ConfigurationError, match="'start_state' would be ignored"):
            GymnasiumLanes(lanes).reset(options={"start_state": b""})
        with pytest.raises(ConfigurationError, match="would be ignored"):
            SB3Lanes(lanes).set_options({"start_state": b""})
        SB3Lanes(lanes).set_options()
        GymnasiumLanes(lanes).reset(options={})


# copies


def test_envs_say_that_they_cannot_be_copied() -> None:
    env = make_env()
    with VectorEnv(make_env, 1, 1) as lanes:
        for thing in (env, lanes, GymnasiumLanes(lanes), SB3Lanes(lanes)):
            for take in (pickle.dumps, copy.copy, copy.deepcopy):
                with pytest.raises(TypeError, match=f"a {type(thing).__name__} cannot be pickled or copied"):
                    take(thing)
    env.close()


def test_what_an_env_hands_out_can_be_pickled_and_copied() -> None:
    env = make_default_env()
    observation, info = env.reset(seed=1)
    for space in (env.observation_space, env.policy_space, env.action_space):
        assert pickle.loads(pickle.dumps(space)) == space == copy.deepcopy(space)
    again = pickle.loads(pickle.dumps((observation, info)))
    assert again[0]["strategic_context"] == observation["strategic_context"]
    assert again[1]["game_state"].position == info["game_state"].position
    env.close()


# the default observation and Gymnasium's wrappers


def test_lists_of_buttons_have_a_form_in_numbers() -> None:
    space = TextList(seed=1)
    samples = [space.sample() for _ in range(50)]
    assert len({tuple(sample) for sample in samples}) > 20
    for sample in samples:
        numbers = flat.flatten(space, sample)
        assert flat.flatten_space(space).contains(numbers) and numbers.shape == (flat.flatdim(space),)
        assert space.contains(sample) and flat.unflatten(space, numbers) == sample
    for wrong in (("A",), ["B", "A"], ["A", "A"], ["X"], "A", [0], [["A"]]):
        assert not space.contains(wrong), wrong
    assert space.contains([]) and space.contains(list(NAMES))


def test_the_default_observation_can_be_flattened() -> None:
    env = gym.wrappers.FlattenObservation(make_default_env())
    numbers, _ = env.reset(seed=1)
    assert env.observation_space.contains(numbers)
    whole = flat.unflatten(env.unwrapped.observation_space, numbers)
    expected = env.unwrapped._observation()  # type: ignore[attr-defined]
    assert whole["strategic_context"] == expected["strategic_context"]
    assert np.array_equal(whole["screen"], expected["screen"])
    env.close()


@pytest.mark.parametrize("padding", ["reset", "zero"])
def test_the_default_observation_can_be_stacked(padding: str) -> None:
    env = gym.wrappers.FrameStackObservation(make_default_env(), 3, padding_type=padding)
    stacked, _ = env.reset(seed=1)
    assert env.observation_space.contains(stacked)
    first = stacked["strategic_context"]["action_suggestions"][-1]
    assert stacked["strategic_context"]["action_suggestions"][0] == ([] if padding == "zero" else first)
    stacked, *_ = env.step(Button.START)
    assert env.observation_space.contains(stacked)
    lists = stacked["strategic_context"]["action_suggestions"]
    assert lists[1] == first != lists[2], "a menu is open"
    env.close()


def test_the_default_observation_crosses_shared_memory() -> None:
    env = make_default_env()
    expected = [env.reset(seed=1)[0], env.step(Button.START)[0]]
    env.close()
    several = AsyncVectorEnv([make_default_env, make_default_env])
    got = [several.reset(seed=[1, 2])[0], several.step(np.array([Button.START, Button.NONE]))[0]]
    for one, seen in zip(got, expected, strict=True):
        assert several.observation_space.contains(one)
        assert np.array_equal(one["screen"][0], seen["screen"])
        for key, words in seen["strategic_context"].items():
            assert one["strategic_context"][key][0] == words
    assert got[0]["strategic_context"] != got[1]["strategic_context"], "what was handed out stays as it was"
    several.close()

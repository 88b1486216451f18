"""The arenas as PettingZoo environments, and their payoffs."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pettingzoo.test import parallel_api_test, parallel_seed_test

from core.arenas.base import Stance
from core.arenas.settings import EnvironmentType
from core.arenas.training_environment import (
    MultiModelTrainingEnvironment,
    create_maze_training_env,
    create_multi_model_coop_compete_env,
    create_multi_model_staged_env,
    create_multi_model_team_battle,
    create_social_training_env,
)
from core.exceptions import ConfigurationError, DecisionValidationError, TrainingError

FACTORIES: dict[str, Callable[[], MultiModelTrainingEnvironment]] = {
    "coop_compete": lambda: create_multi_model_coop_compete_env(num_models=4, cooperation_level=0.6, max_steps=20),
    "team_battle": lambda: create_multi_model_team_battle(warmup_episodes=2, max_steps=20),
    "staged": lambda: create_multi_model_staged_env(num_models=5, warmup_episodes=2, max_steps=20),
    "maze_simple": lambda: create_maze_training_env("simple"),
    "maze_complex": lambda: create_maze_training_env("complex", num_models=3),
    "trading": lambda: create_social_training_env("trading", num_models=6, max_steps=20),
    "negotiation_odd": lambda: create_social_training_env("negotiation", num_models=5, max_steps=20),
}
every_arena = pytest.mark.parametrize("make", FACTORIES.values(), ids=FACTORIES.keys())


@every_arena
def test_the_pettingzoo_api(make: Callable[[], MultiModelTrainingEnvironment]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parallel_api_test(make(), num_cycles=200)
        parallel_api_test(make().arena, num_cycles=200)


@every_arena
def test_a_seed_repeats_an_episode(make: Callable[[], MultiModelTrainingEnvironment]) -> None:
    parallel_seed_test(make, num_cycles=30)


def play(env: MultiModelTrainingEnvironment, choose: Callable[[str], int], rounds: int) -> dict[str, float]:
    """Mean reward of each agent."""
    total = dict.fromkeys(env.possible_agents, 0.0)
    env.reset(seed=3)
    for _ in range(rounds):
        if not env.agents:
            env.reset()
        _, rewards, *_ = env.step({agent: choose(agent) for agent in env.agents})
        for agent, reward in rewards.items():
            total[agent] += reward / rounds
    return total


@every_arena
def test_one_loop_plays_every_arena_under_other_names(make: Callable[[], MultiModelTrainingEnvironment]) -> None:
    env = make()
    names = [f"model_{seat}_qwen3" for seat in range(env.arena.seats)]
    env.use_agent_ids(names)
    observations, infos = env.reset(seed=1)
    assert list(observations) == list(infos) == names
    finished = 0
    for _ in range(300):
        observations, rewards, terminations, truncations, infos = env.step(
            {agent: env.action_space(agent).sample() for agent in env.agents}
        )
        for agent, observation in observations.items():
            assert env.observation_space(agent).contains(observation)
            assert np.isfinite(rewards[agent])
            assert infos[agent]["environment_reward"] == rewards[agent]
        assert 0.0 <= env.cooperation_ratio <= 1.0
        if not env.agents:
            finished += 1
            assert all(terminations[agent] or truncations[agent] for agent in terminations)
            env.reset()
    assert finished > 0
    for name in names:
        assert all(option in env.prompt(name) for option in env.options)
        assert env.get_observation(name)["agent_id"] == name
    assert env.get_environment_info()["num_agents"] == len(names)


@every_arena
def test_the_reward_function_gives_the_rewards(make: Callable[[], MultiModelTrainingEnvironment]) -> None:
    env = make()
    seen: list[tuple[str, dict[str, object]]] = []

    def custom(model_output: str, context: dict[str, object]) -> float:
        seen.append((model_output, context))
        return len(model_output.split()) / 50.0

    env.reward_function = custom
    env.reset(seed=1)
    word = env.options[0]
    _, rewards, _, _, infos = env.step(
        {agent: f"I think I will {word}." if place == 0 else 0 for place, agent in enumerate(env.agents)}
    )
    first, second, *_ = rewards
    assert rewards[first] == 5 / 50 and rewards[second] == 1 / 50
    assert [output for output, _ in seen[:2]] == [f"I think I will {word}.", word]
    assert seen[0][1]["environment_reward"] == infos[first]["environment_reward"]
    env.reward_function = lambda output, context: float("nan")
    with pytest.raises(TrainingError, match="finite"):
        env.step(dict.fromkeys(env.agents, 0))


def test_the_document_runs(capsys: pytest.CaptureFixture[str]) -> None:
    text = (Path(__file__).resolve().parent.parent / "docs" / "arenas.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert examples
    for example in examples:
        exec(compile(example, "docs/arenas.md", "exec"), {})
    assert "Options:\n- compete\n- cooperate" in capsys.readouterr().out


def test_wrong_actions_are_refused() -> None:
    env = create_multi_model_coop_compete_env(num_models=2)
    with pytest.raises(TrainingError, match="reset"):
        env.step({})
    env.reset(seed=0)
    for wrong in ({"agent_0": 1}, {"agent_0": 1, "agent_1": 2}, {"agent_0": "cooperate or compete", "agent_1": 1}):
        with pytest.raises(DecisionValidationError):
            env.step(wrong)


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="Invalid number of models"):
        create_multi_model_coop_compete_env(num_models=1)
    with pytest.raises(ConfigurationError, match="cooperation_level"):
        create_multi_model_coop_compete_env(cooperation_level=1.2)
    with pytest.raises(ConfigurationError, match="does not take"):
        MultiModelTrainingEnvironment(EnvironmentType.COOPERATIVE_COMPETITIVE, number=3)
    with pytest.raises(ConfigurationError, match="Unsupported environment type"):
        MultiModelTrainingEnvironment("chess")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="Invalid number of models"):
        create_multi_model_coop_compete_env(num_models=3).use_agent_ids(["a", "b", "b"])


@pytest.mark.parametrize(
    ("level", "cooperators", "of_cooperator", "of_competitor"),
    [
        (0.6, 4, 0.85, None),
        (0.6, 0, None, 0.80),
        (0.2, 0, None, 0.90),
        (0.8, 4, 0.90, None),
        (0.6, 2, 0.7 + 0.15 / 3, 0.7 + 0.1 / 3),
    ],
)
def test_payoffs_of_cooperation_and_competition(
    level: float, cooperators: int, of_cooperator: float | None, of_competitor: float | None
) -> None:
    env = create_multi_model_coop_compete_env(num_models=4, cooperation_level=level)
    means = play(env, lambda agent: int(int(agent[-1]) < cooperators), rounds=2000)
    for seat, mean in enumerate(means.values()):
        expected = of_cooperator if seat < cooperators else of_competitor
        assert mean == pytest.approx(expected, abs=0.005)
    assert env.cooperation_ratio == cooperators / 4


def test_interactions_say_who_treated_whom_how() -> None:
    env = create_multi_model_coop_compete_env(num_models=3)
    env.reset(seed=0)
    env.step({"agent_0": 1, "agent_1": 0, "agent_2": 1})
    met = {(one.source, one.target): one.stance for one in env.interactions}
    assert len(met) == 6
    assert met["agent_0", "agent_1"] is Stance.COOPERATE and met["agent_1", "agent_0"] is Stance.COMPETE

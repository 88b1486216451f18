"""What the further arenas pay for what: team battle, staged, maze, social."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pytest

from core.arenas.base import Stance
from core.arenas.coop_compete import CooperativeCompetitiveEnv
from core.arenas.maze import MAZES, MOVES, MazeConfig
from core.arenas.settings import EnvironmentConfig, EnvironmentType
from core.arenas.social import SocialInteractionEnv
from core.arenas.social_scenarios import Negotiation, Trader, Trading
from core.arenas.staged import MultiAgentStagedEnv
from core.arenas.team_battle import TeamBattleEnv
from core.arenas.training_environment import (
    MultiModelTrainingEnvironment,
    create_maze_training_env,
    create_multi_model_staged_env,
    create_multi_model_team_battle,
    create_social_training_env,
)
from core.exceptions import ConfigurationError


def mean_rewards(env: MultiModelTrainingEnvironment, actions: list[int], rounds: int = 400) -> list[float]:
    """Of each seat, over rounds of an episode long after the warm-up."""
    env.reset(seed=5, options={"episode": 1000})
    total = np.zeros(len(actions))
    for _ in range(rounds):
        _, rewards, *_ = env.step(dict(zip(env.agents, actions, strict=True)))
        total += list(rewards.values())
    return list(total / rounds)


CHANGED = {
    "max_steps": 7,
    "base_scale": 0.5,
    "noise_std": 0.2,
    "difficulty": 0.6,
    "cooperation_weight": 0.5,
    "competition_weight": 0.5,
}
WITH_CONFIG = [kind for kind in EnvironmentType if kind is not EnvironmentType.MAZE_NAVIGATION]


def played(kind: EnvironmentType, **settings: float) -> list[object]:
    """What agents of different minds see and earn in the first rounds after the warm-up."""
    env = MultiModelTrainingEnvironment(kind, num_agents=8, **settings)
    seen: list[object] = [env.reset(seed=5, options={"episode": 1000})]
    for number in range(5):
        seen.append(env.step({agent: int((seat + number) % 3 == 0) for seat, agent in enumerate(env.agents)}))
    return seen


@pytest.mark.parametrize("name", CHANGED)
@pytest.mark.parametrize("kind", WITH_CONFIG)
def test_every_setting_of_an_arena_acts_or_is_refused(kind: EnvironmentType, name: str) -> None:
    assert set(CHANGED) == {setting.name for setting in fields(EnvironmentConfig)} - {"env_type", "num_agents"}
    try:
        after = played(kind, **{name: CHANGED[name]})
    except ConfigurationError as error:
        assert kind is EnvironmentType.SOCIAL_INTERACTION and f"{name} is {CHANGED[name]}" in str(error)
    else:
        assert repr(after) != repr(played(kind))


@pytest.mark.parametrize("arena", [CooperativeCompetitiveEnv, TeamBattleEnv, MultiAgentStagedEnv, SocialInteractionEnv])
def test_an_arena_refuses_the_settings_of_another(arena: Callable[[EnvironmentConfig], object]) -> None:
    with pytest.raises(ConfigurationError, match="env_type is 'maze_navigation'"):
        arena(EnvironmentConfig(EnvironmentType.MAZE_NAVIGATION))


def test_the_weight_of_competition_is_what_betrayal_pays() -> None:
    battle = MultiModelTrainingEnvironment(EnvironmentType.TEAM_BATTLE, competition_weight=0.5)
    assert mean_rewards(battle, [1] * 4 + [0] * 4)[4:] == pytest.approx([0.7 - 0.125 + 0.3] * 4, abs=0.002)
    staged = MultiModelTrainingEnvironment(EnvironmentType.MULTI_AGENT_STAGED, competition_weight=0.0)
    adversary, _, loyal = mean_rewards(staged, [0, 1, 1, 1, 1, 1, 0, 0])[:3]
    assert adversary == pytest.approx(loyal, abs=0.002), "without a weight, an adversary gains nothing by competing"


def test_warm_up_pays_everyone_alike_for_as_many_episodes_as_asked() -> None:
    for env in (create_multi_model_team_battle(warmup_episodes=3), create_multi_model_staged_env(8, warmup_episodes=3)):
        alike = []
        for episode in range(5):
            env.reset(seed=episode)
            _, rewards, _, _, infos = env.step({agent: int(agent[-1]) % 2 for agent in env.agents})
            alike.append(len(set(rewards.values())) == 1)
            assert (infos["agent_0"]["phase"] == "warmup") is (episode < 3)
        assert alike == [True, True, True, False, False]


def test_a_resumed_run_does_not_warm_up_again() -> None:
    env = create_multi_model_staged_env(8, warmup_episodes=50)
    _, infos = env.reset(seed=1, options={"episode": 60})
    assert infos["agent_0"]["phase"] == "divergence" and infos["agent_0"]["episode"] == 61


@pytest.mark.parametrize(
    ("actions", "team_a", "team_b"),
    [
        ([1] * 8, 0.7 + 0.125, 0.7 + 0.125),
        ([1] * 4 + [0] * 4, 0.7 + 0.125, 0.7 - 0.125 + 0.15),
        ([0] * 8, 0.7 - 0.125, 0.7 - 0.125),
    ],
)
def test_team_battle(actions: list[int], team_a: float, team_b: float) -> None:
    env = create_multi_model_team_battle()
    assert mean_rewards(env, actions) == pytest.approx([team_a] * 4 + [team_b] * 4, abs=0.002)


def test_a_team_wins_by_its_total() -> None:
    env = create_multi_model_team_battle(warmup_episodes=0, max_steps=50)
    env.reset(seed=1)
    infos = {}
    while env.agents:
        *_, infos = env.step({agent: int(agent >= "agent_4") for agent in env.agents})
    assert infos["agent_0"]["winner"] == "team_b"  # holding the line beats raiding: 0.825 against 0.725 a round
    stances = {(one.source, one.target): one.stance for one in env.interactions}
    assert stances["agent_0", "agent_5"] is Stance.COMPETE and stances["agent_5", "agent_6"] is Stance.COOPERATE
    assert ("agent_0", "agent_1") not in stances


def test_staged_arena_rewards_betrayal_by_adversaries_only() -> None:
    env = create_multi_model_staged_env(8)
    grown = 0.7 * 1.3
    all_cooperate = mean_rewards(env, [1] * 8)
    assert all_cooperate == pytest.approx([grown + 0.125 - 0.05] * 2 + [grown + 0.125] * 6, abs=0.002)
    two_betray = mean_rewards(env, [0, 0, 1, 1, 1, 1, 1, 1])
    share = 0.25 * (0.75 - 0.5)
    assert two_betray[0] == pytest.approx(grown + share + 0.1 * 0.75 - 0.05, abs=0.002)
    assert two_betray[2] == pytest.approx(grown + share, abs=0.002)
    lone_cooperator = mean_rewards(env, [0] * 7 + [1])
    assert lone_cooperator[7] == pytest.approx(grown + 0.25 * (1 / 8 - 0.5) - 0.05, abs=0.002)


@pytest.mark.parametrize("complexity", MAZES)
def test_every_maze_is_solved_by_the_shortest_way(complexity: str) -> None:
    """A breadth-first walk over the arena's own moves reaches the exit, in time and for the reward."""
    env = create_maze_training_env(complexity, num_models=1)
    maze = MAZES[complexity]
    ways: dict[tuple[int, int], list[int]] = {maze.start: []}
    go_explore = [maze.start]
    while maze.goal not in ways:
        here = go_explore.pop(0)
        for action, (columns, rows) in enumerate(MOVES):
            there = here[0] + columns, here[1] + rows
            if there not in ways and maze.is_open(there):
                ways[there] = [*ways[here], action]
                go_explore.append(there)
    way = ways[maze.goal]
    assert len(way) == maze.shortest_path_length() <= maze.max_steps
    env.reset(seed=0)
    rewards: list[float] = []
    for action in way:
        assert env.agents
        _, reward, terminations, truncations, _ = env.step({"agent_0": action})
        rewards.append(reward["agent_0"])
    assert terminations["agent_0"] and not truncations["agent_0"] and not env.agents
    assert rewards[-1] == 10.0 and max(rewards[:-1]) < 0


def test_one_agent_leaves_the_maze_and_the_others_go_on() -> None:
    env = create_maze_training_env("simple", num_models=2)
    env.reset(seed=0)
    down, right = 1, 3
    terminations: dict[str, bool] = {}
    for step in range(8):
        *_, terminations, _, infos = env.step({"agent_0": right if step < 4 else down, "agent_1": right})
    assert terminations == {"agent_0": True, "agent_1": False} and env.agents == ["agent_1"]
    assert infos["agent_1"]["position"] == (4, 0)
    around = env.get_observation("agent_1")
    assert (around["wall_up"], around["wall_down"], around["trail_down"]) == (1.0, 0.0, 1.0)
    rewards: dict[str, float] = {}
    while env.agents:
        _, rewards, _, truncations, _ = env.step({"agent_1": right})
    assert rewards["agent_1"] == -1.0 and truncations["agent_1"]


def test_mazes_without_a_way_out_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="no way"):
        MazeConfig(3, 3, goal=(2, 2), walls=frozenset({(1, 0), (1, 1), (1, 2)}))
    with pytest.raises(ConfigurationError, match="goal"):
        MazeConfig(5, 5)  # the documented default goal (6, 6) is outside
    with pytest.raises(ConfigurationError, match="complexity"):
        create_maze_training_env("huge")


@pytest.mark.parametrize("scenario", ["trading", "negotiation"])
def test_what_one_earns_depends_on_the_partner(scenario: str) -> None:
    """The same action in the same situation pays differently when only the partner acts otherwise."""
    earned = set()
    for partner_acts in range(4):
        env = create_social_training_env(scenario, num_models=2)
        env.reset(seed=4)
        _, rewards, *_ = env.step({"agent_0": 1, "agent_1": partner_acts})
        earned.add(rewards["agent_0"])
    assert len(earned) >= 2


def test_everybody_meets_everybody_and_an_odd_one_waits() -> None:
    env = create_social_training_env("trading", num_models=5)
    env.reset(seed=2)
    met = set()
    for _ in range(60):
        waiting = [agent for agent in env.agents if env.get_observation(agent)["has_partner"] == 0.0]
        assert len(waiting) == 1
        _, rewards, *_ = env.step(dict.fromkeys(env.agents, Trading.TRADE))
        assert rewards[waiting[0]] == 1.0
        met |= {(one.source, one.target) for one in env.interactions}
    assert len(met) == 5 * 4


def test_trading_tempts_to_cheat_and_remembers_it() -> None:
    trading, me, other = Trading(), Trader(), Trader()
    reward = {(a, b): trading.meet(me, other, a, b).reward for a in range(4) for b in range(4)}
    cheat, deal, rivalry, cheated = (reward[pair] for pair in ((1, 2), (2, 2), (1, 1), (2, 1)))
    assert cheat > deal > rivalry > cheated and 2 * deal > cheat + cheated
    assert trading.meet(me, other, 1, 2).reputation_change < 0 < trading.meet(me, other, 2, 2).reputation_change
    assert trading.meet(Trader(reputation=1.0), other, 2, 2).reward > deal


def test_negotiation_ends_in_agreement_only_when_someone_moves() -> None:
    rules, low, high = Negotiation(), Trader(position=0.2, flexibility=0.5), Trader(position=0.8, flexibility=0.5)
    assert rules.meet(low, high, rules.INSIST, rules.INSIST).reward == 1.3
    assert rules.meet(low, high, rules.AGREE, rules.INSIST).reward == pytest.approx(3.0 - 0.6)
    assert rules.meet(high, low, rules.INSIST, rules.AGREE).reward == 3.0
    assert rules.meet(low, high, rules.AGREE, rules.AGREE).reward == pytest.approx(3.0 - 0.3)
    assert rules.meet(low, high, rules.COMPROMISE, rules.COMPROMISE).reward == pytest.approx(3.0 - 0.3)
    assert rules.meet(low, high, rules.AGREE, rules.COMPROMISE).reward == pytest.approx(3.0 - 0.3)
    stiff = Trader(position=0.8, flexibility=0.3)
    assert rules.meet(low, stiff, rules.INSIST, rules.COMPROMISE).reward == 1.3

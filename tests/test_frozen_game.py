"""One game of an agent that does not learn: to its end, or step by step."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.agent.hybrid_agent import HybridAgent
from core.agent.strategy_system import AdaptiveStrategySystem
from core.env.lanes.lane_history import StartPoint
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.vocabulary import AgentMode, Decision, Source
from tests.utils import FERNVALE
from trainer.play.frozen_game import FrozenGame, unschooled_state

STEPS = 60


@pytest.fixture(scope="module")
def env() -> Iterator[EnhancedPyBoyPokemonCrystalEnv]:
    opened = EnhancedPyBoyPokemonCrystalEnv(FERNVALE, observation_type="state", max_steps=STEPS)
    yield opened
    opened.close()


class ListeningAgent(HybridAgent):
    """The rules, and what they are told of their presses."""

    def __init__(self) -> None:
        strategy = AdaptiveStrategySystem(seed=3)
        super().__init__(None, strategy, mode=AgentMode.RULES_ONLY, seed=3, frozen_state=unschooled_state())
        self.heard: list[float] = []

    def observe(self, lane: int, decision: Decision, reward: float, done: bool, counts: bool = True) -> None:
        self.heard.append(reward)
        super().observe(lane, decision, reward, done, counts)


def game_of(env: EnhancedPyBoyPokemonCrystalEnv) -> FrozenGame:
    return FrozenGame(env, ListeningAgent(), 3)


def test_a_game_is_played_to_its_end_as_it_is_step_by_step(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    whole = game_of(env)
    whole.begin(5)
    assert whole.play().truncated
    assert env.episode_steps == STEPS
    end = env.state.snapshot.data

    by_steps = game_of(env)
    by_steps.begin(5)
    rewards = [by_steps.press(by_steps.decide()).reward for _ in range(STEPS)]
    assert env.state.snapshot.data == end
    assert sum(rewards) > 0
    assert by_steps.field_steps == whole.field_steps and 0 < whole.field_steps[Source.RULES] < STEPS
    by_steps.begin(5)
    assert not by_steps.field_steps

    other = game_of(env)
    other.begin(6)
    other.play()
    assert env.state.snapshot.data != end


def test_a_game_begins_where_it_is_told(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    first = game_of(env)
    first.begin(5)
    for _ in range(STEPS // 2):
        first.step()
    start, here = StartPoint(env.save_state(), tuple(env.milestones)), env.state.position
    assert start.reached
    again = game_of(env)
    again.begin(5, start)
    assert (env.state.position, tuple(env.milestones), env.episode_steps) == (here, start.reached, 0)


def test_the_agent_hears_what_its_presses_came_to(env: EnhancedPyBoyPokemonCrystalEnv) -> None:
    agent = ListeningAgent()
    game = FrozenGame(env, agent, 3)
    game.begin(5)
    paid = [game.step().reward for _ in range(STEPS // 2)]
    assert agent.heard == paid
    assert any(paid)

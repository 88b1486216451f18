"""The agent in a single environment, by the documented calls `get_action` and `update`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents.learning.sb3_policy import LearnerSettings, MaskablePPOLearner
from core.adaptive_strategy_system import AdaptiveStrategySystem
from core.agent.lane_transitions import LaneTransitions
from core.exceptions import ConfigurationError, DecisionValidationError
from core.hybrid_agent import AgentMode, HybridAgent
from core.vocabulary import Source
from tests.walls import (
    FixedPolicy,
    Grid,
    GridState,
    LastOption,
    agent_for,
)

ROM = Path(__file__).resolve().parent.parent / "cartridge" / "fernvale.gbc"

LEARNER = LearnerSettings(rollout_steps=64, minibatch_size=32, epochs=1, features_width=32, policy_widths=(32,))


def played_on_the_cartridge(mode: AgentMode, steps: int) -> tuple[Counter[Source], bool, HybridAgent]:
    """Sources of the decisions, whether the policy's weights moved, and the agent."""
    from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv

    env = EnhancedPyBoyPokemonCrystalEnv(str(ROM), observation_type="state")
    try:
        learner = MaskablePPOLearner(env.policy_space, 1, LEARNER, seed=0)
        before = learner.tensors()
        agent = HybridAgent(LastOption(), AdaptiveStrategySystem(), mode=mode)
        agent.attach_policy(learner)
        observation, info = env.reset(seed=0)
        sources: Counter[Source] = Counter()
        for step in range(steps):
            action = agent.get_action(observation, info)
            decision = agent.last_decision(0)
            assert decision is not None
            assert info["action_mask"][action]
            sources[decision.source] += 1
            next_observation, reward, terminated, truncated, next_info = env.step(action)
            done = terminated or truncated or step % 50 == 49
            truncated = not terminated
            agent.update(observation, action, float(reward), next_observation, done, truncated, next_info)
            observation, info = env.reset() if done else (next_observation, next_info)
        moved = any(not torch.equal(value, before[name]) for name, value in learner.tensors().items() if name in before)
        return sources, moved, agent
    finally:
        env.close()


@pytest.mark.parametrize("mode", list(AgentMode))
def test_documented_loop_on_the_cartridge(mode: AgentMode) -> None:
    sources, moved, agent = played_on_the_cartridge(mode, 150)
    match mode:
        case AgentMode.RL_ONLY:
            assert set(sources) == {Source.POLICY}
        case AgentMode.ADAPTIVE:
            assert {Source.POLICY, Source.RULES} <= set(sources)
        case AgentMode.RULES_ONLY:
            assert set(sources) == {Source.RULES}
        case AgentMode.LLM_ONLY:
            assert sources[Source.LLM] > 0
            assert Source.POLICY not in sources
    assert moved, "the learner takes the transitions of every source"
    assert agent.adaptive_strategy.get_strategy_stats()["total_outcomes"] == 3


def test_update_with_another_action_than_was_given_is_refused() -> None:
    agent = agent_for(AgentMode.RL_ONLY)
    state = GridState(2, 2)
    info = {"game_state": state, "action_mask": Grid([state]).masks[0]}
    action = agent.get_action({}, info)
    with pytest.raises(DecisionValidationError, match="play what get_action returned"):
        agent.update({}, (action + 1) % 9, 0.0, {}, False)
    with pytest.raises(ConfigurationError, match="'action_mask'"):
        agent.get_action({}, {"game_state": state})


class Listener(FixedPolicy):
    """A learner that writes down the views it is given as next ones."""

    observation_space = spaces.Dict({"features": spaces.Box(-1.0, 1.0, (1,), np.float32)})
    ready = False

    def __init__(self) -> None:
        self.next_views: list[float] = []
        self.truncated: list[bool] = []

    def observe(self, played: LaneTransitions) -> None:
        self.next_views.append(float(played.next_observations["features"][0, 0]))
        self.truncated.append(bool(played.truncated[0]))

    def update(self) -> None:
        raise AssertionError("never ready")


def test_a_truncated_episode_is_valued_by_its_last_view() -> None:
    """The learner gets the view after the last action; without it the call is refused, not guessed."""
    agent, listener = agent_for(AgentMode.RL_ONLY), Listener()
    agent.attach_policy(listener)
    state = GridState(2, 2)
    before, after = ({"policy_view": {"features": np.full(1, value, np.float32)}} for value in (0.25, 0.75))
    info = {"game_state": state, "action_mask": Grid([state]).masks[0], **before}
    action = agent.get_action({}, info)
    with pytest.raises(ConfigurationError, match="policy_view"):
        agent.update({}, action, 1.0, {}, True, truncated=True)
    agent.update({}, action, 1.0, {}, True, truncated=True, next_info=after)
    assert (listener.next_views, listener.truncated) == ([0.75], [True])

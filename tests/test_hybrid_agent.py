"""The hybrid agent: who acts, with what probability, and who is credited; first in a grid, then on the cartridge."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from agents.sb3_policy import LearnerSettings, MaskablePPOLearner
from core.adaptive_strategy_system import AdaptiveStrategySystem, StrategyType
from core.arbitration import LEAST_SHARE, MOST_SHARE, GuideCurriculum, guide_share
from core.calibration import CalibrationSettings, ConfidenceCalibration
from core.exceptions import CheckpointError, ConfigurationError, DecisionValidationError
from core.hybrid_agent import AgentMode, HybridAgent
from core.loop_detector import REPETITIONS, LoopDetector
from core.protocols import Choice
from core.vocabulary import ACTION_COUNT, Button, Decision, GameMode, Option, OptionKind, Source
from trainer.llm_manager import BaseLLMManager

ROM = Path(__file__).resolve().parent.parent / "cartridge" / "fernvale.gbc"
ARROWS = (Button.UP, Button.DOWN, Button.LEFT, Button.RIGHT)
SIZE = 5


# -- a grid to walk in: every lane starts in the middle and may walk to any wall -----------------------------------


@dataclass(frozen=True)
class GridState:
    """A place in the grid, with the parts of a game state that an agent reads."""

    x: int
    y: int
    mode: GameMode = GameMode.FREE

    @property
    def state_hash(self) -> int:
        return self.y * SIZE + self.x


@dataclass(frozen=True)
class Press:
    button: Button
    confidence: float = 0.8
    reasoning: str = "towards the wall"
    done: bool = False


class WallSeeker:
    """Options are the four walls, the right one first; an option is done when its wall is reached."""

    def __init__(self) -> None:
        self.chosen = 0
        self.overrulings = 0

    def options(self, state: Any) -> Sequence[Option]:
        return tuple(
            Option(OptionKind.GO_TO, f"Walk {arrow.name}", f"walk:{arrow.name}", index=int(arrow))
            for arrow in (Button.RIGHT, Button.UP, Button.LEFT, Button.DOWN)
        )

    def choose(self, state: Any) -> Option:
        self.chosen += 1
        return self.options(state)[0]

    def act(self, state: Any, option: Option) -> Press:
        button = Button(option.index or 0)
        x, y = walked(state.x, state.y, button)
        return Press(button, done=walked(x, y, button) == (x, y))

    def overruled(self) -> None:
        self.overrulings += 1

    def reset(self) -> None:
        self.chosen = 0


def walked(x: int, y: int, button: int) -> tuple[int, int]:
    x += (button == Button.RIGHT) - (button == Button.LEFT)
    y += (button == Button.DOWN) - (button == Button.UP)
    return min(max(x, 0), SIZE - 1), min(max(y, 0), SIZE - 1)


@dataclass
class Grid:
    """Lanes of the grid in the form of a vector environment's step."""

    states: list[GridState]

    @property
    def observations(self) -> dict[str, NDArray[np.float32]]:
        return {"features": np.eye(SIZE * SIZE, dtype=np.float32)[[state.state_hash for state in self.states]]}

    @property
    def masks(self) -> NDArray[np.bool_]:
        masks = np.zeros((len(self.states), ACTION_COUNT), np.bool_)
        masks[:, list(ARROWS)] = True
        return masks

    def play(self, decisions: Sequence[Decision]) -> None:
        for lane, (state, decision) in enumerate(zip(self.states, decisions, strict=True)):
            self.states[lane] = GridState(*walked(state.x, state.y, decision.action))


class FixedPolicy:
    """A policy with one distribution: mostly UP, a little of the other arrows."""

    row = np.array([0, 0, 0, 0, 0.7, 0.1, 0.1, 0.1, 0], np.float32)

    def probabilities(self, observations: dict[str, NDArray[Any]], masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        return np.tile(self.row, (len(masks), 1))


class LastOption:
    """A manager that always takes the last option that is listed."""

    available = True

    def __init__(self) -> None:
        self.asked = 0

    def begin_episode(self) -> int:
        return 1

    def choose_option(self, prompt: str, options: Sequence[str], episode: int = 0) -> Choice | None:
        self.asked += 1
        return Choice(len(options) - 1, 0.6, "the last is best")

    def get_action(self, context: str) -> tuple[int, dict[str, Any]]:
        return int(Button.DOWN), {"source": "last option", "confidence": 0.6}


class NeverAnswers(LastOption):
    """A manager whose model is away."""

    def choose_option(self, prompt: str, options: Sequence[str], episode: int = 0) -> Choice | None:
        self.asked += 1
        return None


class CustomManager(BaseLLMManager):
    """The documented custom manager: buttons, and nothing else."""

    def get_action(self, context: str) -> tuple[int, dict[str, Any]]:
        return self.parse_action("LEFT"), {"source": "custom_llm", "confidence": 0.8}


def words(state: Any) -> str:
    return f"You stand at ({state.x}, {state.y})."


def agent_for(mode: AgentMode, manager: Any = None, lanes: int = 1, **kwargs: Any) -> HybridAgent:
    agent = HybridAgent(manager, AdaptiveStrategySystem(), mode=mode, describe=words, **kwargs)
    agent.attach_policy(FixedPolicy())
    agent.attach_lanes([WallSeeker() for _ in range(lanes)])
    return agent


def run(agent: HybridAgent, steps: int, reward: float = 1.0) -> list[Decision]:
    """Plays all lanes from the middle; each step earns `reward`, and a walk of 20 steps is an episode."""
    grid = Grid([GridState(2, 2)] * agent.lanes)
    played: list[Decision] = []
    for step in range(steps):
        decisions = agent.decide(grid, grid.states.__getitem__)  # type: ignore[arg-type]
        grid.play(decisions)
        for lane, decision in enumerate(decisions):
            agent.observe(lane, decision, reward, done=step % 20 == 19)
        played += decisions
    return played


# -- modes ------------------------------------------------------------------------------------------------------


def test_modes_let_different_sources_act() -> None:
    sources = {
        mode: Counter(decision.source for decision in run(agent_for(mode, LastOption(), lanes=4), 200))
        for mode in AgentMode
    }
    assert set(sources[AgentMode.LLM_ONLY]) == {Source.LLM}
    assert set(sources[AgentMode.RL_ONLY]) == {Source.POLICY}
    assert set(sources[AgentMode.RULES_ONLY]) == {Source.RULES}
    assert set(sources[AgentMode.ADAPTIVE]) == {Source.LLM, Source.RULES, Source.POLICY}


def test_the_strategy_sets_the_language_models_share_of_the_guided_choices() -> None:
    shares = {}
    for strategy in StrategyType:
        system = AdaptiveStrategySystem(initial_strategy=strategy)
        agent = HybridAgent(LastOption(), system, mode=AgentMode.ADAPTIVE, describe=words)
        agent.attach_lanes([WallSeeker() for _ in range(4)])
        for _ in range(30):
            agent.attach_lanes([WallSeeker() for _ in range(4)])
            played = run(agent, 10)
            shares.setdefault(strategy, Counter()).update(decision.source for decision in played)
    for strategy, counts in shares.items():
        share = counts[Source.LLM] / counts.total()
        assert share == pytest.approx(strategy.llm_share, abs=0.1), strategy


def test_the_model_is_asked_at_decision_points_only() -> None:
    manager = LastOption()
    agent = agent_for(AgentMode.LLM_ONLY, manager)
    played = run(agent, 20)
    assert played[0].action == Button.DOWN
    assert played[0].option_key == "walk:DOWN"
    # Done after two steps at the wall, then chosen again at every step there.
    assert manager.asked <= 19
    few = LastOption()
    corridor = agent_for(AgentMode.LLM_ONLY, few)
    grid = Grid([GridState(2, 0)])
    for _ in range(3):
        corridor.decide(grid, grid.states.__getitem__)  # type: ignore[arg-type]
    assert few.asked == 1


def test_without_a_model_the_rules_take_its_share_and_say_so_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        played = run(agent_for(AgentMode.LLM_ONLY, None), 60)
    assert {decision.source for decision in played} == {Source.RULES}
    assert sum("no language model" in message for message in caplog.messages) == 1


def test_a_model_that_is_away_leaves_the_choice_to_the_rules() -> None:
    manager = NeverAnswers()
    played = run(agent_for(AgentMode.LLM_ONLY, manager), 20)
    assert manager.asked > 0
    assert {decision.source for decision in played} == {Source.RULES}


def test_the_documented_custom_manager_names_buttons_itself() -> None:
    played = run(agent_for(AgentMode.LLM_ONLY, CustomManager()), 3)
    assert [decision.action for decision in played] == [Button.LEFT] * 3
    assert {decision.source for decision in played} == {Source.LLM}
    adaptive = run(agent_for(AgentMode.ADAPTIVE, CustomManager(), lanes=4), 100)
    assert {decision.source for decision in adaptive} == {Source.LLM, Source.RULES, Source.POLICY}


@pytest.mark.parametrize(
    ("answer", "message"),
    [((9, {"confidence": 0.5}), "action 9"), (("A", {"confidence": 0.5}), "action 'A'"), ((0, {}), "confidence None")],
)
def test_a_custom_managers_wrong_answer_is_named(answer: tuple[Any, dict[str, Any]], message: str) -> None:
    class Wrong(BaseLLMManager):
        def get_action(self, context: str) -> tuple[int, dict[str, Any]]:
            return answer

    with pytest.raises(DecisionValidationError, match=message):
        run(agent_for(AgentMode.LLM_ONLY, Wrong()), 1)


def test_rl_only_needs_a_policy_and_lanes_must_fit() -> None:
    agent = HybridAgent(None, AdaptiveStrategySystem(), mode="rl_only", describe=words)
    agent.attach_lanes([WallSeeker()])
    grid = Grid([GridState(2, 2)])
    with pytest.raises(ConfigurationError, match="attach_policy"):
        agent.decide(grid, grid.states.__getitem__)  # type: ignore[arg-type]
    agent.attach_lanes([])
    with pytest.raises(ConfigurationError, match="attach_lanes"):
        agent.decide(grid, grid.states.__getitem__)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="'wild'"):
        agent.mode = "wild"  # type: ignore[assignment]
    with pytest.raises(ConfigurationError, match="action_space_size is 4"):
        HybridAgent(None, AdaptiveStrategySystem(), action_space_size=4)


# -- probabilities ----------------------------------------------------------------------------------------------


def test_the_behaviour_probability_is_how_often_the_action_is_played() -> None:
    """Many lanes in the same place: frequencies of actions against the probabilities that were claimed for them."""
    lanes = 4000
    agent = agent_for(AgentMode.ADAPTIVE, None, lanes=lanes, curriculum_config={"stages": [{"llm_confidence": 0.3}]})
    grid = Grid([GridState(2, 2)] * lanes)
    decisions = agent.decide(grid, grid.states.__getitem__)  # type: ignore[arg-type]
    counts = Counter(decision.action for decision in decisions)
    claimed = {decision.action: decision.behaviour_probability for decision in decisions}
    assert sum(claimed.values()) == pytest.approx(1.0, abs=1e-6)
    for action, probability in claimed.items():
        assert counts[action] / lanes == pytest.approx(probability, abs=0.03), Button(action)
    assert {decision.guide_action for decision in decisions} == {Button.RIGHT}
    assert claimed[Button.RIGHT] > claimed[Button.DOWN]


def test_a_masked_action_is_never_played_nor_wished_for() -> None:
    class NoRight(Grid):
        @property
        def masks(self) -> NDArray[np.bool_]:
            masks = super().masks
            masks[:, Button.RIGHT] = False
            return masks

    for mode in AgentMode:
        agent = agent_for(mode, None, lanes=64)
        if mode in (AgentMode.RL_ONLY, AgentMode.ADAPTIVE):
            policy = FixedPolicy()
            policy.row = np.array([0, 0, 0, 0, 0.8, 0.1, 0.1, 0, 0], np.float32)
            agent.attach_policy(policy)
        grid = NoRight([GridState(2, 2)] * 64)
        decisions = agent.decide(grid, grid.states.__getitem__)  # type: ignore[arg-type]
        assert all(decision.action != Button.RIGHT for decision in decisions)
        assert all(decision.guide_action is None for decision in decisions)
        assert all(0 < decision.behaviour_probability <= 1 for decision in decisions)
        expected = 0 if mode is AgentMode.RL_ONLY else 64
        assert agent.statistics()["masked_advice"] == expected


def test_the_rules_are_told_when_another_button_was_pressed() -> None:
    """As often as the played action is not the guide's wish."""
    agent = agent_for(AgentMode.ADAPTIVE)
    players = [WallSeeker()]
    agent.attach_lanes(players)
    played = run(agent, 19, reward=0.0)
    overruled = sum(decision.action != decision.guide_action for decision in played)
    assert players[0].overrulings == overruled
    assert 0 < overruled < len(played)


def test_greedy_plays_the_likeliest_button() -> None:
    agent = agent_for(AgentMode.RL_ONLY)
    agent.greedy = True
    played = run(agent, 2)
    assert [decision.action for decision in played] == [Button.UP, Button.UP]
    assert played[0].behaviour_probability == 1.0


def test_same_seed_same_decisions() -> None:
    first, again = (run(agent_for(AgentMode.ADAPTIVE, LastOption(), lanes=3, seed=5), 50) for _ in range(2))
    assert first == again
    assert first != run(agent_for(AgentMode.ADAPTIVE, LastOption(), lanes=3, seed=6), 50)


# -- arbitration, curriculum, calibration -------------------------------------------------------------------------


def test_the_share_stays_within_its_floors_and_follows_the_confidences() -> None:
    assert guide_share(0.5, 0.5, 0.5) == pytest.approx(0.5)
    assert guide_share(0.5, 0.8, 0.5) == pytest.approx(0.8)
    assert guide_share(0.5, 0.5, 0.8) == pytest.approx(0.2)
    assert guide_share(1.0, 1.0, 0.0) == MOST_SHARE
    assert guide_share(0.0, 0.0, 1.0) == LEAST_SHARE


def test_curriculum_stages_act_on_the_share_and_decay_with_episodes() -> None:
    config = {
        "stages": [
            {"reward_threshold": 1.0, "min_episodes": 2, "llm_confidence": 0.9, "strategy_preference": "llm_heavy"},
            {"reward_threshold": 2.0, "min_episodes": 2, "llm_confidence": 0.2, "strategy_preference": "rule_heavy"},
        ],
        "advancement_patience": 5,
        "confidence_decay_rate": 0.1,
    }
    system = AdaptiveStrategySystem()
    agent = HybridAgent(LastOption(), system, curriculum_config=config, describe=words)
    agent.attach_policy(FixedPolicy())
    agent.attach_lanes([WallSeeker() for _ in range(4)])
    assert agent.curriculum_share == pytest.approx(0.9)
    early = Counter(decision.source is Source.POLICY for decision in run(agent, 20))
    assert agent.curriculum_share == pytest.approx(0.9 * 0.9**4)
    agent.enter_stage(1)
    assert agent.curriculum_share == pytest.approx(0.2)
    assert system.current_strategy is StrategyType.RULE_HEAVY
    late = Counter(decision.source is Source.POLICY for decision in run(agent, 19))
    assert late[True] > early[True] + 10
    agent.direct(0.65, StrategyType.BALANCED)
    assert agent.curriculum_share == 0.65
    assert system.current_strategy is StrategyType.BALANCED
    with pytest.raises(ConfigurationError, match="stage 2"):
        agent.enter_stage(2)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"stage": []}, "'stage' in curriculum"),
        ({"stages": [{"llm_trust": 1}]}, "'llm_trust' in curriculum stage 1"),
        ({"stages": [{}, {"llm_confidence": 1.5}]}, "llm_confidence of curriculum stage 2 is 1.5"),
        ({"stages": [{"strategy_preference": "brave"}]}, "'brave'"),
        ({"confidence_decay_rate": "fast"}, "confidence_decay_rate is 'fast'"),
    ],
)
def test_a_wrong_curriculum_is_named(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        GuideCurriculum.from_config(config)


def test_the_first_directed_preference_is_no_switch_and_the_next_one_is() -> None:
    agent = agent_for(AgentMode.ADAPTIVE)
    system = agent.adaptive_strategy
    agent.direct(0.9, StrategyType.LLM_HEAVY)
    assert (system.current_strategy, system.switches) == (StrategyType.BALANCED, 0)
    agent.direct(0.9, StrategyType.LLM_HEAVY)
    agent.direct(0.5, StrategyType.RULE_HEAVY)
    assert (system.current_strategy, system.switches) == (StrategyType.RULE_HEAVY, 1)


def test_confidences_become_what_outcomes_say() -> None:
    """A source that claims 0.9 and is right 3 times in 10, beside one that claims 0.5 and is right 7 times in 10."""
    random = np.random.default_rng(0)
    calibration = ConfidenceCalibration(CalibrationSettings(outcome_steps=1))
    for _ in range(3000):
        source, stated, chance = (Source.RULES, 0.9, 0.3) if random.random() < 0.5 else (Source.POLICY, 0.5, 0.7)
        calibrated = calibration.calibrated(source, "overworld", stated)
        calibration.decided(0, source, "overworld", stated, calibrated)
        calibration.rewarded(0, float(random.random() < chance), done=False)
    assert calibration.calibrated(Source.RULES, "overworld", 0.9) == pytest.approx(0.3, abs=0.06)
    assert calibration.calibrated(Source.POLICY, "overworld", 0.5) == pytest.approx(0.7, abs=0.06)
    assert calibration.calibrated(Source.RULES, "battle", 0.9) == 0.9
    error = calibration.expected_calibration_error(Source.RULES)
    assert error is not None
    assert error < 0.1
    assert calibration.success_rate(Source.POLICY) == pytest.approx(0.7, abs=0.06)
    assert calibration.expected_calibration_error(Source.LLM) is None

    restored = ConfidenceCalibration(CalibrationSettings(outcome_steps=1))
    restored.load_state_dict(json.loads(json.dumps(calibration.state_dict())))
    assert restored.calibrated(Source.RULES, "overworld", 0.9) == calibration.calibrated(Source.RULES, "overworld", 0.9)


def test_reward_is_credited_to_the_source_that_acted() -> None:
    """Only RIGHT is rewarded; the guide always wants it and the policy rarely does."""
    agent = agent_for(AgentMode.ADAPTIVE, None, lanes=8, curriculum_config={"stages": [{"llm_confidence": 0.5}]})
    agent.calibration.settings = CalibrationSettings(outcome_steps=1)
    grid = Grid([GridState(2, 2)] * 8)
    for _ in range(300):
        decisions = agent.decide(grid, grid.states.__getitem__)  # type: ignore[arg-type]
        for lane, decision in enumerate(decisions):
            agent.observe(lane, decision, float(decision.action == Button.RIGHT), done=False)
    rates = agent.statistics()["success_rate"]
    assert rates["rules"] > 0.9
    assert rates["policy"] < 0.3
    assert rates["llm"] is None


def test_an_episode_is_credited_to_its_strategy() -> None:
    agent = agent_for(AgentMode.ADAPTIVE, LastOption())
    run(agent, 40)
    stats = agent.adaptive_strategy.get_strategy_stats()
    assert stats["total_outcomes"] == 2
    assert stats["strategies"]["balanced"]["mean_return"] == 20.0


# -- loops --------------------------------------------------------------------------------------------------------


def test_loops_are_noticed_and_progress_forgives_them() -> None:
    detector = LoopDetector()
    seen = [detector.notice(step % 2) for step in range(2 * REPETITIONS)]
    assert seen.index(True) == 2 * (REPETITIONS - 1)
    detector.progress()
    assert not detector.notice(0)
    assert not any(LoopDetector().notice(step) for step in range(500))
    far_apart = LoopDetector()
    assert not any(far_apart.notice(step % 40) for step in range(90))


@pytest.mark.parametrize("mode", list(AgentMode))
def test_every_mode_gets_out_of_a_corner_where_nothing_is_earned(mode: AgentMode) -> None:
    """The guide pushes against the right wall, the policy against the upper one; neither ends there for ever."""
    agent = agent_for(mode, None)
    policy = FixedPolicy()
    policy.row = np.array([0, 0, 0, 0, 1, 0, 0, 0, 0], np.float32)
    agent.attach_policy(policy)
    grid = Grid([GridState(4, 0)])
    places = set()
    for _ in range(300):
        decisions = agent.decide(grid, grid.states.__getitem__)  # type: ignore[arg-type]
        assert 0 < decisions[0].behaviour_probability <= 1
        grid.play(decisions)
        agent.observe(0, decisions[0], 0.0, done=False)
        places.add(grid.states[0])
    assert len(places) > 3
    assert agent.statistics()["loop_share"] > 0


# -- state --------------------------------------------------------------------------------------------------------


def test_a_restored_agent_decides_as_the_first_would_have() -> None:
    agent = agent_for(AgentMode.ADAPTIVE, LastOption(), lanes=2)
    run(agent, 40)
    restored = agent_for(AgentMode.ADAPTIVE, LastOption(), lanes=2, seed=77)
    restored.load_state_dict(json.loads(json.dumps(agent.state_dict())))
    restored.adaptive_strategy.load_state_dict(json.loads(json.dumps(agent.adaptive_strategy.state_dict())))
    agent.load_state_dict(agent.state_dict())
    assert run(agent, 30) == run(restored, 30)
    with pytest.raises(CheckpointError, match="version 0"):
        agent.load_state_dict({"version": 0})


def test_a_twin_for_evaluation_changes_nothing() -> None:
    agent = agent_for(AgentMode.ADAPTIVE, LastOption(), lanes=2)
    run(agent, 40)
    before = agent.state_dict(), agent.adaptive_strategy.state_dict()
    twin = agent.for_evaluation([WallSeeker()], mode=AgentMode.RL_ONLY, seed=3)
    played = run(twin, 60, reward=5.0)
    assert {decision.source for decision in played} == {Source.POLICY}
    assert (agent.state_dict(), agent.adaptive_strategy.state_dict()) == before


# -- on the cartridge, through the documented calls -----------------------------------------------------------------

LEARNER = LearnerSettings(rollout_steps=64, minibatch_size=32, epochs=1, features_width=32, policy_widths=(32,))


def played_on_the_cartridge(mode: AgentMode, steps: int) -> tuple[Counter[Source], bool, HybridAgent]:
    """Sources of the decisions, whether the policy's weights moved, and the agent."""
    from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
    from core.rules import RulePlayer

    env = EnhancedPyBoyPokemonCrystalEnv(str(ROM), observation_type="state")
    try:
        learner = MaskablePPOLearner(env.policy_space, 1, LEARNER, seed=0)
        before = learner.tensors()
        agent = HybridAgent(LastOption(), AdaptiveStrategySystem(), mode=mode)
        agent.attach_policy(learner)
        agent.attach_lanes([RulePlayer(env.rom.world, seed=0)])
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
            agent.update(observation, action, float(reward), next_observation, done, truncated=not terminated)
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

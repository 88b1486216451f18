"""The hybrid agent in a grid: who acts, with what probability, and how it gets out of loops."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.adaptive_strategy_system import AdaptiveStrategySystem, StrategyType
from core.agent import arbiter
from core.agent.loop_detector import REPETITIONS, LoopDetector
from core.agent.teacher import LaneTeacher, PlainWriter
from core.exceptions import CheckpointError, ConfigurationError
from core.hybrid_agent import AgentMode, HybridAgent
from core.vocabulary import Button, Option, Source
from tests.walls import (
    CustomManager,
    FixedPolicy,
    Grid,
    GridState,
    LastOption,
    NeverAnswers,
    WallSeeker,
    agent_for,
    run,
    words,
)

# -- modes ------------------------------------------------------------------------------------------------------


def one_stage(share: float) -> dict[str, Any]:
    stage = {"reward_threshold": 1.0, "min_episodes": 1, "strategy_preference": "balanced", "llm_confidence": share}
    return {"stages": [stage], "confidence_decay_rate": 0.0}


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


def test_the_model_is_asked_less_when_the_policy_has_taken_over() -> None:
    asked = []
    for share in (0.9, 0.5, 0.1):
        manager = LastOption()
        agent = agent_for(AgentMode.ADAPTIVE, manager, lanes=50, curriculum_config=one_stage(share))
        for _ in range(20):
            agent.attach_lanes([WallSeeker() for _ in range(50)])
            run(agent, 1)
        asked.append(manager.asked)
    assert asked[0] == pytest.approx(asked[1], rel=0.1)
    assert asked[2] == pytest.approx(0.2 * asked[1], rel=0.3)


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


class Judge(FixedPolicy):
    """A policy that has compared the teacher with itself."""

    def __init__(self, teacher_evidence: float) -> None:
        self.teacher_evidence = teacher_evidence


@pytest.mark.parametrize(("evidence", "source"), [(9.0, Source.RULES), (-9.0, Source.POLICY)])
def test_a_frozen_agent_lets_those_act_who_are_believed_to_do_better(evidence: float, source: Source) -> None:
    agent = agent_for(AgentMode.ADAPTIVE)
    agent.attach_policy(Judge(evidence))
    twin = agent.for_evaluation([WallSeeker() for _ in range(50)])
    grid = Grid([GridState(2, 2)] * 50)
    decisions = twin.decide(grid, grid.states.__getitem__)  # type: ignore[arg-type]
    assert {decision.source for decision in decisions} == {source}
    still_exploring = run(agent, 200)
    assert {decision.source for decision in still_exploring} == {Source.RULES, Source.POLICY}


# -- probabilities ----------------------------------------------------------------------------------------------


def test_the_behaviour_probability_is_how_often_the_action_is_played() -> None:
    """Many lanes in the same place: frequencies of actions against the probabilities that were claimed for them."""
    lanes = 4000
    agent = agent_for(AgentMode.ADAPTIVE, None, lanes=lanes, curriculum_config=one_stage(0.3))
    grid = Grid([GridState(2, 2)] * lanes)
    decisions = agent.decide(grid, grid.states.__getitem__)  # type: ignore[arg-type]
    counts = Counter(decision.action for decision in decisions)
    claimed = {decision.action: decision.behaviour_probability for decision in decisions}
    assert sum(claimed.values()) == pytest.approx(1.0, abs=1e-6)
    for action, probability in claimed.items():
        assert counts[action] / lanes == pytest.approx(probability, abs=0.03), Button(action)
    assert {decision.teacher_action for decision in decisions} == {Button.RIGHT}
    assert claimed[Button.RIGHT] > claimed[Button.DOWN]
    assert {decision.teacher_probability for decision in decisions} == {claimed[Button.RIGHT]}


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
        assert all(decision.teacher_action is None for decision in decisions)
        assert all(0 < decision.behaviour_probability <= 1 for decision in decisions)
        expected = 0 if mode is AgentMode.RL_ONLY else 64
        assert agent.statistics()["masked_teacher_actions"] == expected


def test_the_rules_are_told_when_another_button_was_pressed() -> None:
    """As often as the played action is not the teacher's."""
    agent = agent_for(AgentMode.ADAPTIVE)
    players = [WallSeeker()]
    agent.attach_lanes(players)
    played = run(agent, 19, reward=0.0)
    overruled = sum(decision.action != decision.teacher_action for decision in played)
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
    """The teacher pushes against the right wall, the policy against the upper one; neither ends there forever."""
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
    assert agent.statistics()["circling_share"] > 0


@pytest.mark.parametrize("evidence", [9.0, -9.0])
def test_a_frozen_agent_that_goes_in_circles_listens_to_the_other_source(evidence: float) -> None:
    """The teacher pushes against the right wall, the policy against the upper one: believed or not, neither
    forever."""
    agent = agent_for(AgentMode.ADAPTIVE, None)
    policy = Judge(evidence)
    policy.row = np.array([0, 0, 0, 0, 1, 0, 0, 0, 0], np.float32)
    agent.attach_policy(policy)
    twin = agent.for_evaluation([WallSeeker()])
    grid = Grid([GridState(4, 0)])
    decisions = [twin.decide(grid, grid.states.__getitem__)[0] for _ in range(40)]  # type: ignore[arg-type]
    in_circles = Counter(decision.source for decision in decisions[REPETITIONS:])
    assert len({decision.source for decision in decisions[: REPETITIONS - 1]}) == 1
    assert min(in_circles[Source.RULES], in_circles[Source.POLICY]) >= 3


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


def test_a_twin_for_evaluation_goes_on_where_the_agent_is(caplog: pytest.LogCaptureFixture) -> None:
    agent = agent_for(AgentMode.ADAPTIVE, None, lanes=2)
    run(agent, 40)
    assert "no language model is available" in caplog.text
    caplog.clear()
    twin = agent.for_evaluation([WallSeeker()])
    assert twin.frozen and (twin.curriculum, twin.stage) == (agent.curriculum, agent.stage)
    assert twin.calibration.state_dict() == agent.calibration.state_dict()
    assert twin.calibration is not agent.calibration
    run(twin, 20)
    assert not caplog.text, "the log has said so already"


def test_a_twin_for_evaluation_changes_nothing() -> None:
    agent = agent_for(AgentMode.ADAPTIVE, LastOption(), lanes=2)
    run(agent, 40)
    before = agent.state_dict(), agent.adaptive_strategy.state_dict()
    twin = agent.for_evaluation([WallSeeker()], mode=AgentMode.RL_ONLY, seed=3)
    played = run(twin, 60, reward=5.0)
    assert {decision.source for decision in played} == {Source.POLICY}
    assert (agent.state_dict(), agent.adaptive_strategy.state_dict()) == before


def test_a_press_is_drawn_where_the_dart_comes_down_on_the_chances_side_by_side() -> None:
    random = np.random.default_rng(0)
    for dart in (0.0, 0.25, 1.0 - 2**-53, *random.random(200)):
        row = random.random(9) * (random.random(9) < 0.5)
        row[3] += 0.1
        reached = row.cumsum()
        assert arbiter._pick(row, dart) == (reached <= dart * reached[-1]).sum()
    assert arbiter._pick(np.array([0.0, 0.5, 0.0, 0.5]), 0.0) == 1
    assert arbiter._pick(np.array([0.0, 0.5, 0.0, 0.5]), 0.5) == 3


class ForgetsTheRight(WallSeeker):
    """Lists no way to the right once it `forgets`."""

    forgets = False

    def options(self, state: Any) -> Sequence[Option]:
        return tuple(one for one in super().options(state) if not (self.forgets and one.key == "walk:RIGHT"))


def test_who_judges_ends_keeps_an_option_only_as_long_as_it_is_listed() -> None:
    player = ForgetsTheRight()
    teacher = LaneTeacher(player, None, PlainWriter(str))
    teacher.reset()

    def acted() -> str:
        return teacher.act(GridState(0, 0), ask_model=lambda _: False, stuck=False).option_key

    assert acted() == "walk:RIGHT"
    teacher.judge_end(False)
    teacher.look_again(GridState(0, 0))
    assert acted() == "walk:RIGHT"
    player.forgets = True
    assert acted() == "walk:RIGHT", "nobody has looked"
    teacher.look_again(GridState(0, 0))
    assert acted() == "walk:UP"

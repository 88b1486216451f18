"""What outcomes do to the agent: shares, curriculum, calibration, and who is credited."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.adaptive_strategy_system import AdaptiveStrategySystem, StrategyType
from core.agent.arbitration import (
    LEAST_SHARE,
    MOST_SHARE,
    TeacherCurriculum,
    believed_share,
    read_curriculum,
    teacher_share,
)
from core.agent.calibration import CalibrationSettings, ConfidenceCalibration
from core.exceptions import ConfigurationError
from core.hybrid_agent import AgentMode, HybridAgent
from core.vocabulary import Button, Source
from tests.walls import (
    FixedPolicy,
    Grid,
    GridState,
    LastOption,
    WallSeeker,
    agent_for,
    run,
    words,
)

ROOT = Path(__file__).resolve().parent.parent


def test_the_share_stays_within_its_floors_and_follows_the_confidences() -> None:
    assert teacher_share(0.5, 0.5, 0.5) == pytest.approx(0.5)
    assert teacher_share(0.5, 0.8, 0.5) == pytest.approx(0.8)
    assert teacher_share(0.5, 0.5, 0.8) == pytest.approx(0.2)
    assert teacher_share(1.0, 1.0, 0.0) == MOST_SHARE
    assert teacher_share(0.0, 0.0, 1.0) == LEAST_SHARE


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


STAGE = {"reward_threshold": 1.0, "min_episodes": 2, "llm_confidence": 0.5, "strategy_preference": "balanced"}


def test_the_agent_takes_the_curriculum_of_a_config_as_it_is() -> None:
    config = json.loads((ROOT / "config.json").read_text())["curriculum"]
    curriculum = TeacherCurriculum.of(read_curriculum(config))
    assert [stage.llm_confidence for stage in curriculum.stages] == [0.9, 0.6, 0.4]
    assert curriculum.share(1, 2) == 0.6 * 0.995**2


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"stage": []}, r"curriculum_config: unknown key 'stage'; did you mean 'stages'\?"),
        ({"stages": [{"llm_confidense": 1}]}, r"'stages\[0\].llm_confidense'; did you mean 'llm_confidence'\?"),
        ({"stages": [STAGE, {**STAGE, "llm_confidence": 1.5}]}, r"'stages\[1\].llm_confidence' is 1.5"),
        ({"stages": [{**STAGE, "strategy_preference": "brave"}]}, '"brave"'),
        ({"stages": [{**STAGE, "frontier_share": 0.5}]}, "is called 'go_explore_share' now"),
        ({"confidence_decay_rate": "fast"}, "'confidence_decay_rate' is \"fast\""),
    ],
)
def test_a_wrong_curriculum_is_named(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        TeacherCurriculum.of(read_curriculum(config))


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
    """Only RIGHT is rewarded; the teacher always wants it and the policy rarely does."""
    agent = agent_for(
        AgentMode.ADAPTIVE, None, lanes=8, curriculum_config={"stages": [STAGE], "confidence_decay_rate": 0.0}
    )
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


@pytest.mark.parametrize(
    ("teacher_evidence", "teacher_confidence", "policy_confidence", "share"),
    [
        (0.0, 0.7, 0.6, 1.0),
        (0.0, 0.6, 0.7, 0.0),
        (0.5, 0.6, 0.7, 1.0),  # log-odds of 0.7 less those of 0.6 are 0.44
        (0.4, 0.6, 0.7, 0.0),
        (-0.4, 0.7, 0.6, 1.0),
        (-0.5, 0.7, 0.6, 0.0),
        (0.0, 0.6, 0.6, 1.0),
    ],
)
def test_whoever_is_believed_to_do_better_acts(
    teacher_evidence: float, teacher_confidence: float, policy_confidence: float, share: float
) -> None:
    assert believed_share(teacher_evidence, teacher_confidence, policy_confidence) == share

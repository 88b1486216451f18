"""The curriculum advances on its thresholds, waits with patience, steps back when what was earned is lost."""

from __future__ import annotations

import json

import pytest

from core.exceptions import CheckpointError
from core.vocabulary import StrategyType
from trainer.curriculum import WINDOW_EPISODES, Curriculum, StageMove
from trainer.settings import CurriculumSettings, StageSettings


def stage(threshold: float, episodes: int, confidence: float = 0.8) -> StageSettings:
    return StageSettings(
        reward_threshold=threshold,
        min_episodes=episodes,
        llm_confidence=confidence,
        strategy_preference=StrategyType.BALANCED,
    )


def three_stages(patience: int = 5, decay: float = 0.0) -> Curriculum:
    stages = (stage(1.0, 3, 0.9), stage(2.0, 2, 0.5), stage(3.0, 2, 0.1))
    return Curriculum(CurriculumSettings(stages=stages, advancement_patience=patience, confidence_decay_rate=decay))


def test_a_stage_lasts_its_minimum_and_ends_on_the_mean() -> None:
    curriculum = three_stages()
    assert [curriculum.finish_episode(5.0) for _ in range(3)] == [StageMove.STAY, StageMove.STAY, StageMove.ADVANCE]
    assert curriculum.directive().stage == 1
    assert curriculum.directive().teacher_share == 0.5
    assert curriculum.finish_episode(1.0) is StageMove.STAY
    assert curriculum.finish_episode(2.9) is StageMove.STAY, "the mean is 1.95, below 2"
    assert curriculum.finish_episode(2.5) is StageMove.ADVANCE


def test_one_lucky_episode_counts_only_within_the_window() -> None:
    curriculum = Curriculum(CurriculumSettings(stages=(stage(1.0, WINDOW_EPISODES + 2), stage(2.0, 1))))
    curriculum.finish_episode(100.0)
    moves = [curriculum.finish_episode(0.0) for _ in range(WINDOW_EPISODES + 1)]
    assert StageMove.ADVANCE not in moves


def test_the_last_stage_is_the_end() -> None:
    curriculum = three_stages()
    for _ in range(50):
        curriculum.finish_episode(99.0)
    assert (curriculum.stage_index, curriculum.highest_stage, curriculum.advancements) == (2, 2, 2)


def test_patience_runs_out_and_the_stage_before_returns() -> None:
    curriculum = three_stages(patience=4)
    for _ in range(3):
        curriculum.finish_episode(1.0)
    moves = [curriculum.finish_episode(0.5) for _ in range(5)]
    assert moves == [StageMove.STAY] * 4 + [StageMove.STEP_BACK], "one episode up to the minimum, then four of patience"
    assert (curriculum.stage_index, curriculum.highest_stage, curriculum.steps_back) == (0, 1, 1)


def test_patience_alone_does_not_step_back_while_the_earned_level_holds() -> None:
    curriculum = three_stages(patience=4)
    for _ in range(3):
        curriculum.finish_episode(1.0)
    assert {curriculum.finish_episode(1.5) for _ in range(30)} == {StageMove.STAY}
    assert curriculum.stage_index == 1


def test_the_guide_is_trusted_less_with_every_episode() -> None:
    curriculum = three_stages(decay=0.5)
    shares = [curriculum.directive().teacher_share]
    for _ in range(2):
        curriculum.finish_episode(0.0)
        shares.append(curriculum.directive().teacher_share)
    assert shares == [0.9, 0.45, 0.225]


def test_state_survives_json_and_goes_on_alike() -> None:
    first, second = three_stages(), three_stages()
    for reward in (0.2, 3.0, 0.7, 2.0):
        first.finish_episode(reward)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    rewards = [2.4, 1.0, 0.1, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert [first.finish_episode(r) for r in rewards] == [second.finish_episode(r) for r in rewards]
    assert first.state_dict() == second.state_dict()


def test_a_stage_that_the_settings_do_not_have_is_refused() -> None:
    curriculum = three_stages()
    for _ in range(10):
        curriculum.finish_episode(9.0)
    with pytest.raises(CheckpointError, match="curriculum stage 2 and the settings have only 1"):
        Curriculum(CurriculumSettings(stages=(stage(1.0, 1),))).load_state_dict(curriculum.state_dict())

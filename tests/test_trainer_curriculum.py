"""The curriculum advances on its thresholds, waits with patience, steps back when what was earned is lost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core.exceptions import CheckpointError, ConfigurationError
from core.game.profile import identify_rom
from core.vocabulary import EpisodeResult, StrategyType
from trainer.curriculum import WINDOW_EPISODES, Curriculum, CurriculumRule, StageMove, StageStanding
from trainer.run.checks import check_curriculum_milestones
from trainer.settings import CurriculumSettings, Settings, StageSettings

ROM = Path(__file__).resolve().parent.parent / "cartridge" / "fernvale.gbc"


def stage(threshold: float, episodes: int, confidence: float = 0.8) -> StageSettings:
    return StageSettings(
        reward_threshold=threshold,
        min_episodes=episodes,
        llm_confidence=confidence,
        strategy_preference=StrategyType.BALANCED,
    )


def game(reward: float, milestones: tuple[str, ...] = ()) -> EpisodeResult:
    return EpisodeResult(episode=1, lane=0, reward=reward, steps=10, milestones=milestones)


def three_stages(patience: int = 5, decay: float = 0.0) -> Curriculum:
    stages = (stage(1.0, 3, 0.9), stage(2.0, 2, 0.5), stage(3.0, 2, 0.1))
    return Curriculum(CurriculumSettings(stages=stages, advancement_patience=patience, confidence_decay_rate=decay))


def test_a_stage_lasts_its_minimum_and_ends_on_the_mean() -> None:
    curriculum = three_stages()
    assert [curriculum.finish_episode(game(5.0)) for _ in range(3)] == [
        StageMove.STAY,
        StageMove.STAY,
        StageMove.ADVANCE,
    ]
    assert curriculum.directive().stage == 1
    assert curriculum.directive().teacher_share == 0.5
    assert curriculum.finish_episode(game(1.0)) is StageMove.STAY
    assert curriculum.finish_episode(game(2.9)) is StageMove.STAY, "the mean is 1.95, below 2"
    assert curriculum.finish_episode(game(2.5)) is StageMove.ADVANCE


def test_one_lucky_episode_counts_only_within_the_window() -> None:
    curriculum = Curriculum(CurriculumSettings(stages=(stage(1.0, WINDOW_EPISODES + 2), stage(2.0, 1))))
    curriculum.finish_episode(game(100.0))
    moves = [curriculum.finish_episode(game(0.0)) for _ in range(WINDOW_EPISODES + 1)]
    assert StageMove.ADVANCE not in moves


def test_the_last_stage_is_the_end() -> None:
    curriculum = three_stages()
    for _ in range(50):
        curriculum.finish_episode(game(99.0))
    assert (curriculum.stage_index, curriculum.highest_stage, curriculum.advancements) == (2, 2, 2)


def test_patience_runs_out_and_the_stage_before_returns() -> None:
    curriculum = three_stages(patience=4)
    for _ in range(3):
        curriculum.finish_episode(game(1.0))
    moves = [curriculum.finish_episode(game(0.5)) for _ in range(5)]
    assert moves == [StageMove.STAY] * 4 + [StageMove.STEP_BACK], "one episode up to the minimum, then four of patience"
    assert (curriculum.stage_index, curriculum.highest_stage, curriculum.steps_back) == (0, 1, 1)


def test_patience_alone_does_not_step_back_while_the_earned_level_holds() -> None:
    curriculum = three_stages(patience=4)
    for _ in range(3):
        curriculum.finish_episode(game(1.0))
    assert {curriculum.finish_episode(game(1.5)) for _ in range(30)} == {StageMove.STAY}
    assert curriculum.stage_index == 1


def test_the_guide_is_trusted_less_with_every_episode() -> None:
    curriculum = three_stages(decay=0.5)
    shares = [curriculum.directive().teacher_share]
    for _ in range(2):
        curriculum.finish_episode(game(0.0))
        shares.append(curriculum.directive().teacher_share)
    assert shares == [0.9, 0.45, 0.225]


def test_state_survives_json_and_goes_on_alike() -> None:
    first, second = three_stages(), three_stages()
    for reward in (0.2, 3.0, 0.7, 2.0):
        first.finish_episode(game(reward))
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    rewards = [2.4, 1.0, 0.1, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert [first.finish_episode(game(r)) for r in rewards] == [second.finish_episode(game(r)) for r in rewards]
    assert first.state_dict() == second.state_dict()


def test_a_stage_that_the_settings_do_not_have_is_refused() -> None:
    curriculum = three_stages()
    for _ in range(10):
        curriculum.finish_episode(game(9.0))
    with pytest.raises(CheckpointError, match="curriculum stage 2 and the settings have only 1"):
        Curriculum(CurriculumSettings(stages=(stage(1.0, 1),))).load_state_dict(curriculum.state_dict())


class ByMilestones(CurriculumRule):
    """A stage is over with the first game that reaches its milestone."""

    def __init__(self, milestones: list[str]) -> None:
        self._milestones = milestones
        self._games = 0

    @property
    def milestones(self) -> tuple[str, ...]:
        return tuple(self._milestones)

    def move(self, result: EpisodeResult, standing: StageStanding) -> StageMove:
        self._games += 1
        reached = self._milestones[standing.stage_index] in result.milestones
        return StageMove.ADVANCE if reached else StageMove.STEP_BACK

    def state_dict(self) -> dict[str, int]:
        return {"games": self._games}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._games = state["games"]


def by_milestones(**options: Any) -> Curriculum:
    rule = "tests.test_trainer_curriculum:ByMilestones"
    stages = (stage(9.0, 9), stage(9.0, 9))
    return Curriculum(CurriculumSettings(stages=stages, rule=rule, rule_options=options))


def test_a_rule_of_ones_own_sees_the_game_and_never_leaves_the_stages() -> None:
    curriculum = by_milestones(milestones=["starter", "badge"])
    assert curriculum.finish_episode(game(50.0)) is StageMove.STAY, "there is no stage before the first"
    assert curriculum.finish_episode(game(0.0, ("starter",))) is StageMove.ADVANCE
    assert curriculum.finish_episode(game(0.0, ("badge",))) is StageMove.STAY, "there is none after the last"
    assert curriculum.finish_episode(game(0.0)) is StageMove.STEP_BACK
    again = by_milestones(milestones=["starter", "badge"])
    again.load_state_dict(json.loads(json.dumps(curriculum.state_dict())))
    assert again.state_dict() == curriculum.state_dict() and again.state_dict()["counted"] == {"games": 4}


def test_options_that_a_rule_does_not_take_and_a_checkpoint_of_another_rule_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"'curriculum\.rule_options\.milestone'; did you mean 'milestones'\?"):
        by_milestones(milestone="starter")
    with pytest.raises(ConfigurationError, match=r"of tests.*: milestones: input should be .* list, seen 3"):
        by_milestones(milestones=3)
    with pytest.raises(ConfigurationError, match=r"of tests.*: milestones: missing"):
        by_milestones()
    with pytest.raises(ConfigurationError, match=r"curriculum\.rule is 'mean_rewrd': .* did you mean 'mean_reward'"):
        Curriculum(CurriculumSettings(rule="mean_rewrd"))
    with pytest.raises(CheckpointError, match=r"goes by the rule 'tests.*' and the settings by 'mean_reward'"):
        three_stages().load_state_dict(by_milestones(milestones=["starter", "badge"]).state_dict())


def test_a_checkpoint_from_before_there_were_rules_goes_on() -> None:
    first = three_stages()
    first.finish_episode(game(0.5))
    now = first.state_dict()
    old = {key: value for key, value in now.items() if key not in ("rule", "counted")} | now["counted"]
    assert set(old) == {
        "stage_index",
        "highest_stage",
        "advancements",
        "steps_back",
        "episodes_at_stage",
        "waited_episodes",
        "rewards",
    }
    second = three_stages()
    second.load_state_dict(old)
    assert second.state_dict() == now


def test_a_milestone_that_the_game_lacks_is_refused_also_where_a_rule_names_it() -> None:
    rule = "tests.test_trainer_curriculum:ByMilestones"
    curriculum = CurriculumSettings(rule=rule, rule_options={"milestones": ["starter", "bagde1"]})
    settings = Settings(curriculum=curriculum, rom_path=ROM)
    with pytest.raises(ConfigurationError, match=r"rule_options is 'bagde1', which is no milestone of this"):
        check_curriculum_milestones(settings, identify_rom(ROM))

"""How often the teacher (language model and rules) acts instead of the policy: curriculum, floors, confidences.

The share starts from the curriculum stage's `llm_confidence`, shrinks with every episode of the stage, and is tilted by
what the calibrated confidences say (a product of odds). It never leaves [0.05, 0.95] while both may act: the policy
must meet its own mistakes, and the learner divides by these probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.agent.curriculum_settings import RENAMED_KEYS, CurriculumSettings, decayed_share
from core.exceptions import ConfigurationError
from core.schema import parsed
from core.vocabulary import StrategyType

LEAST_SHARE = 0.05
MOST_SHARE = 0.95
_LEAST_CHANCE = 0.01
"""Confidences are kept this far from 0 and 1 before odds are taken."""


@dataclass(frozen=True, slots=True)
class TeacherStage:
    """What one documented curriculum stage means to the agent."""

    llm_confidence: float = 0.5
    """The teacher's share of the steps when the stage begins, 0 to 1."""
    strategy_preference: StrategyType | None = None


@dataclass(frozen=True, slots=True)
class TeacherCurriculum:
    """The documented `curriculum_config`, as far as the agent acts on it."""

    stages: tuple[TeacherStage, ...] = (TeacherStage(),)
    confidence_decay_rate: float = 0.0
    """Part of the share that goes with each episode of a stage: 0.01 takes one percent of what is left."""

    @classmethod
    def of(cls, settings: CurriculumSettings | None) -> TeacherCurriculum:
        """What the agent acts on by itself. What else a curriculum says is the trainer's: it decides when a stage is
        over and calls `HybridAgent.enter_stage` or, with numbers of its own, `HybridAgent.direct`."""
        if settings is None:
            return cls()
        stages = tuple(TeacherStage(stage.llm_confidence, stage.strategy_preference) for stage in settings.stages)
        return cls(stages, settings.confidence_decay_rate)

    def share(self, stage: int, episodes_in_stage: int) -> float:
        """The teacher's share of the steps from the curriculum alone, 0 to 1."""
        return decayed_share(self.stages[stage].llm_confidence, self.confidence_decay_rate, episodes_in_stage)


def read_curriculum(config: Mapping[str, Any] | None) -> CurriculumSettings | None:
    """The documented dict, checked; None for None. Raises ConfigurationError naming the key, the value and what is
    allowed."""
    if config is None:
        return None
    try:
        return parsed(CurriculumSettings, config, RENAMED_KEYS)
    except ConfigurationError as error:
        raise ConfigurationError(f"curriculum_config: {error}") from error


def teacher_share(curriculum_share: float, teacher_confidence: float, policy_confidence: float) -> float:
    """The teacher's share of this step: odds of the curriculum times the odds ratio of the confidences, within
    floors."""
    log_odds = _log_odds(curriculum_share) + _log_odds(teacher_confidence) - _log_odds(policy_confidence)
    return min(MOST_SHARE, max(LEAST_SHARE, 1.0 / (1.0 + math.exp(-log_odds))))


def believed_share(teacher_evidence: float, teacher_confidence: float, policy_confidence: float) -> float:
    """The teacher's share where nothing is explored: 1 where its action is believed to do better here, else 0.

    `teacher_evidence` are log-odds, from the learner's comparison of steps that followed the teacher with steps that
    did not; the calibrated confidences are added to them. With equal belief the teacher acts.
    """
    return float(teacher_evidence + _log_odds(teacher_confidence) - _log_odds(policy_confidence) >= 0.0)


def _log_odds(chance: float) -> float:
    chance = min(1.0 - _LEAST_CHANCE, max(_LEAST_CHANCE, chance))
    return math.log(chance / (1.0 - chance))

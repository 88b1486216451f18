"""When a stage of the curriculum is over: what a rule is, and where rules are registered.

The built-in ones are in `trainer/curriculum/rules/`. One of your own is a class derived from `CurriculumRule`, which a
config names in `curriculum.rule` as `package.module:Name`; `curriculum.rule_options` are the arguments of its
constructor.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.agent.curriculum_settings import CurriculumSettings, StageSettings
from core.registry import Registry, must_derive_from
from core.vocabulary import EpisodeResult


class StageMove(StrEnum):
    """What an episode did to the stage."""

    STAY = "stay"
    ADVANCE = "advance"
    STEP_BACK = "step back"


@dataclass(frozen=True, slots=True)
class StageStanding:
    """Where the curriculum stands after an episode, that episode included."""

    settings: CurriculumSettings
    stage_index: int
    """From 0."""
    episodes_at_stage: int
    mean_reward: float
    """Over the window of this stage."""
    patience_episodes: int

    @property
    def stage(self) -> StageSettings:
        """Settings of the current stage."""
        return self.settings.stages[self.stage_index]

    @property
    def before(self) -> StageSettings | None:
        """Settings of the stage before; None at the first."""
        return self.settings.stages[self.stage_index - 1] if self.stage_index else None

    @property
    def is_last(self) -> bool:
        """Whether there is no stage to advance to."""
        return self.stage_index == len(self.settings.stages) - 1


class CurriculumRule(ABC):
    """Decides after every finished whole game whether the agent stays at its stage.

    Episodes that begin in the Go-Explore archive are not shown to it. An object of it lives as long as a run. The
    types of its constructor's parameters are those of `rule_options`; what does not fit them is refused.
    """

    @property
    def milestones(self) -> tuple[str, ...]:
        """Ids of the milestones that it speaks of: a run whose game lacks one is refused before it begins."""
        return ()

    @abstractmethod
    def move(self, result: EpisodeResult, standing: StageStanding) -> StageMove:
        """What the finished episode does to the stage. ADVANCE at the last and STEP_BACK at the first stage count as
        STAY."""

    def begin_stage(self) -> None:  # noqa: B027 - a hook that may be left out
        """Another stage begins: forget what was counted of the one before."""

    def state_dict(self) -> dict[str, Any]:
        """What is counted, JSON-able; it is kept in checkpoints."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:  # noqa: B027 - a hook that may be left out
        """Restores what `state_dict` gave. Raises KeyError for what is missing."""


RULES: Registry[type[CurriculumRule]] = Registry(
    "curriculum rule", fault=must_derive_from(CurriculumRule), room="trainer.curriculum.rules"
)

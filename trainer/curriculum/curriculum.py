"""The curriculum: which stage of its education the agent is in, and what that stage asks of it.

It counts whole games (not those that begin in the Go-Explore archive) and their rewards; its rule says from each game
whether the stage is over. What follows from a stage (`Directive`) is handed to the agent by the training loop.
"""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError, validate_call

from core.agent.curriculum_settings import CurriculumSettings, StageSettings, decayed_share
from core.exceptions import CheckpointError, ConfigurationError
from core.nearest import nearest
from core.schema import dotted
from core.vocabulary import EpisodeResult, StrategyType
from trainer.curriculum.rule import RULES, CurriculumRule, StageMove, StageStanding

WINDOW_EPISODES = 10
"""Episodes over which the mean reward is taken (fewer where the stage is younger)."""
DEFAULT_RULE = "mean_reward"
"""The rule of checkpoints that name none."""


REWARDS = "rewards"
CLONING = "cloning"


@dataclass(frozen=True, slots=True)
class Directive:
    """What the current stage asks of the agent now."""

    stage: int
    """From 0."""
    teacher_share: float
    """Wanted share of steps that the teacher decides, 0 to 1: the stage's `llm_confidence`, decayed by its episodes."""
    strategy_preference: StrategyType
    max_steps: int | None
    """Horizon of new episodes, or None for the run's own."""
    go_explore_share: float | None = None
    """Share of new episodes that begin in the Go-Explore archive, or None for the archive's schedule."""
    go_explore_after: str | None = None
    """Milestone that those states must have reached, or None for any state."""
    learning: str = REWARDS
    """What the policy learns from: "cloning", "segments" or "rewards"."""

    @property
    def reward_scale(self) -> float:
        """Weight of what actions came to, 0 or 1."""
        return float(self.learning == REWARDS)


class Curriculum:
    """The stages of one run, and the rule that moves between them."""

    def __init__(self, settings: CurriculumSettings) -> None:
        """Raises ConfigurationError where the settings name a rule that is none, or options that it does not take."""
        self.settings = settings
        self.patience_episodes = settings.advancement_patience
        self.stage_index = 0
        self.highest_stage = 0
        self.advancements = 0
        self.steps_back = 0
        self.episodes_at_stage = 0
        self._rule = _rule_of(settings)
        self._rewards: deque[float] = deque(maxlen=WINDOW_EPISODES)

    @property
    def milestones(self) -> tuple[tuple[str, str], ...]:
        """Ids of the milestones that stages and rule speak of, each behind the key of the config that names it."""
        stages = tuple(
            (f"curriculum.stages[{number}].go_explore_after", stage.go_explore_after)
            for number, stage in enumerate(self.settings.stages)
            if stage.go_explore_after is not None
        )
        return stages + tuple(("curriculum.rule_options", name) for name in self._rule.milestones)

    @property
    def stage(self) -> StageSettings:
        """Settings of the current stage."""
        return self.settings.stages[self.stage_index]

    @property
    def mean_reward(self) -> float | None:
        """Mean over the window of this stage, None before its first episode."""
        return sum(self._rewards) / len(self._rewards) if self._rewards else None

    def directive(self) -> Directive:
        """What holds for the next step."""
        stage, decay = self.stage, self.settings.confidence_decay_rate
        share = decayed_share(stage.llm_confidence, decay, self.episodes_at_stage)
        return Directive(
            stage=self.stage_index,
            teacher_share=1.0 if stage.learning == CLONING else share,
            strategy_preference=self.stage.strategy_preference,
            max_steps=self.stage.max_steps,
            go_explore_share=self.stage.go_explore_share,
            go_explore_after=self.stage.go_explore_after,
            learning=stage.learning or REWARDS,
        )

    def finish_episode(self, result: EpisodeResult) -> StageMove:
        """Counts a whole game and moves between stages where the rule says so."""
        self._rewards.append(result.reward)
        self.episodes_at_stage += 1
        mean = sum(self._rewards) / len(self._rewards)
        standing = StageStanding(self.settings, self.stage_index, self.episodes_at_stage, mean, self.patience_episodes)
        move = self._rule.move(result, standing)
        if move is StageMove.ADVANCE and not standing.is_last:
            self.advancements += 1
            self._enter(self.stage_index + 1)
            return move
        if move is StageMove.STEP_BACK and self.stage_index > 0:
            self.steps_back += 1
            self._enter(self.stage_index - 1)
            return move
        return StageMove.STAY

    def _enter(self, stage_index: int) -> None:
        self.stage_index = stage_index
        self.highest_stage = max(self.highest_stage, stage_index)
        self.episodes_at_stage = 0
        self._rewards.clear()
        self._rule.begin_stage()

    def state_dict(self) -> dict[str, Any]:
        """Everything above, JSON-able."""
        return {
            "stage_index": self.stage_index,
            "highest_stage": self.highest_stage,
            "advancements": self.advancements,
            "steps_back": self.steps_back,
            "episodes_at_stage": self.episodes_at_stage,
            "rewards": list(self._rewards),
            "rule": self.settings.rule,
            "counted": self._rule.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` gave. Raises CheckpointError when this curriculum has no such stage, or another
        rule."""
        if not 0 <= state["stage_index"] < len(self.settings.stages):
            raise CheckpointError(
                f"the checkpoint is at curriculum stage {state['stage_index']} and the settings have only "
                f"{len(self.settings.stages)} stages; resume with the curriculum that the run began with"
            )
        rule = state.get("rule", DEFAULT_RULE)
        if rule != self.settings.rule:
            raise CheckpointError(
                f"the checkpoint's curriculum goes by the rule {rule!r} and the settings by {self.settings.rule!r}; "
                "resume with the curriculum that the run began with"
            )
        self.stage_index = state["stage_index"]
        self.highest_stage = state["highest_stage"]
        self.advancements = state["advancements"]
        self.steps_back = state["steps_back"]
        self.episodes_at_stage = state["episodes_at_stage"]
        self._rewards = deque(map(float, state["rewards"]), maxlen=WINDOW_EPISODES)
        self._rule.load_state_dict(state.get("counted", state))  # once, the default rule's stood among the others


def _rule_of(settings: CurriculumSettings) -> CurriculumRule:
    """The rule, made from options that fit the types of its constructor."""
    rule_class = RULES.resolve(settings.rule, "curriculum.rule")
    known = [name for name in inspect.signature(rule_class).parameters if name != "self"]
    for option in settings.rule_options:
        if option not in known:
            raise ConfigurationError(f"unknown key 'curriculum.rule_options.{option}'; {nearest(option, known)}")
    if rule_class.__init__ is object.__init__:
        return rule_class()
    rule = object.__new__(rule_class)
    try:
        validate_call(rule_class.__init__)(rule, **settings.rule_options)
    except ValidationError as error:
        complaint = error.errors(include_url=False)[0]
        raise ConfigurationError(
            f"curriculum.rule_options of {settings.rule}: {dotted(complaint['loc'])}: {complaint['msg'].lower()}, "
            f"seen {complaint['input']!r}"
        ) from error
    return rule

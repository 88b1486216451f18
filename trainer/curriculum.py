"""The curriculum: which stage of its education the agent is in, and what that stage asks of it.

It counts whole games (not those that begin in the Go-Explore archive) and their rewards, nothing else; what follows
from a stage (`Directive`) is handed to the agent by the training loop. Advancement is earned on a window of episodes,
never on one lucky one, and can be lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.exceptions import CheckpointError
from core.vocabulary import StrategyType
from trainer.settings import CurriculumSettings, StageSettings

WINDOW_EPISODES = 10
"""Episodes over which the mean reward is compared with a threshold (fewer where the stage is younger)."""


class StageMove(StrEnum):
    """What an episode did to the stage."""

    STAY = "stay"
    ADVANCE = "advance"
    STEP_BACK = "step back"


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


class Curriculum:
    """Rules of moving between stages.

    *Advance* when the stage has `min_episodes` and the mean reward of the last `WINDOW_EPISODES` of its episodes is at
    least `reward_threshold`. The last stage has nowhere to advance to.

    *Step back* when `advancement_patience` episodes past the minimum have brought no advancement and that mean has
    fallen below the threshold that once finished the stage before: the agent has lost what it had earned. Otherwise
    the count of patience starts anew.
    """

    def __init__(self, settings: CurriculumSettings) -> None:
        self.settings = settings
        self.patience_episodes = settings.advancement_patience
        self.stage_index = 0
        self.highest_stage = 0
        self.advancements = 0
        self.steps_back = 0
        self.episodes_at_stage = 0
        self._waited_episodes = 0
        self._rewards: deque[float] = deque(maxlen=WINDOW_EPISODES)

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
        kept = (1.0 - self.settings.confidence_decay_rate) ** self.episodes_at_stage
        return Directive(
            stage=self.stage_index,
            teacher_share=self.stage.llm_confidence * kept,
            strategy_preference=self.stage.strategy_preference,
            max_steps=self.stage.max_steps,
            go_explore_share=self.stage.go_explore_share,
            go_explore_after=self.stage.go_explore_after,
        )

    def finish_episode(self, reward: float) -> StageMove:
        """Counts an episode and moves between stages where the rules say so."""
        self._rewards.append(reward)
        self.episodes_at_stage += 1
        mean = sum(self._rewards) / len(self._rewards)
        if self.episodes_at_stage < self.stage.min_episodes:
            return StageMove.STAY
        is_last = self.stage_index == len(self.settings.stages) - 1
        if not is_last and mean >= self.stage.reward_threshold:
            self.advancements += 1
            self._enter(self.stage_index + 1)
            return StageMove.ADVANCE
        self._waited_episodes += 1
        if self._waited_episodes < self.patience_episodes:
            return StageMove.STAY
        self._waited_episodes = 0
        if self.stage_index > 0 and mean < self.settings.stages[self.stage_index - 1].reward_threshold:
            self.steps_back += 1
            self._enter(self.stage_index - 1)
            return StageMove.STEP_BACK
        return StageMove.STAY

    def _enter(self, stage_index: int) -> None:
        self.stage_index = stage_index
        self.highest_stage = max(self.highest_stage, stage_index)
        self.episodes_at_stage = 0
        self._waited_episodes = 0
        self._rewards.clear()

    def state_dict(self) -> dict[str, Any]:
        """Everything above, JSON-able."""
        return {
            "stage_index": self.stage_index,
            "highest_stage": self.highest_stage,
            "advancements": self.advancements,
            "steps_back": self.steps_back,
            "episodes_at_stage": self.episodes_at_stage,
            "waited_episodes": self._waited_episodes,
            "rewards": list(self._rewards),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` gave. Raises CheckpointError when this curriculum has no such stage."""
        if state["stage_index"] >= len(self.settings.stages):
            raise CheckpointError(
                f"the checkpoint is at curriculum stage {state['stage_index']} and the settings have only "
                f"{len(self.settings.stages)} stages; resume with the curriculum that the run began with"
            )
        self.stage_index = state["stage_index"]
        self.highest_stage = state["highest_stage"]
        self.advancements = state["advancements"]
        self.steps_back = state["steps_back"]
        self.episodes_at_stage = state["episodes_at_stage"]
        self._waited_episodes = state["waited_episodes"]
        self._rewards = deque(state["rewards"], maxlen=WINDOW_EPISODES)

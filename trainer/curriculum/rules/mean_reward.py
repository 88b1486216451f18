"""The default rule: stages are earned, and can be lost, by the mean reward over a window of episodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.vocabulary import EpisodeResult
from trainer.curriculum.rule import RULES, CurriculumRule, StageMove, StageStanding


@RULES.register("mean_reward")
class MeanReward(CurriculumRule):
    """Never one lucky episode.

    *Advance* when the stage has `min_episodes` and the mean reward of the window is at least `reward_threshold`.

    *Step back* when `advancement_patience` episodes past the minimum have brought no advancement and that mean has
    fallen below the threshold that once finished the stage before: the agent has lost what it had earned. Otherwise
    the count of patience starts anew.
    """

    def __init__(self) -> None:
        self._waited_episodes = 0

    def move(self, result: EpisodeResult, standing: StageStanding) -> StageMove:
        """See above."""
        if standing.episodes_at_stage < standing.stage.min_episodes:
            return StageMove.STAY
        if not standing.is_last and standing.mean_reward >= standing.stage.reward_threshold:
            return StageMove.ADVANCE
        self._waited_episodes += 1
        if self._waited_episodes < standing.patience_episodes:
            return StageMove.STAY
        self._waited_episodes = 0
        if standing.before is not None and standing.mean_reward < standing.before.reward_threshold:
            return StageMove.STEP_BACK
        return StageMove.STAY

    def begin_stage(self) -> None:
        """Patience starts anew."""
        self._waited_episodes = 0

    def state_dict(self) -> dict[str, Any]:
        """How long it has waited."""
        return {"waited_episodes": self._waited_episodes}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on waiting."""
        self._waited_episodes = state["waited_episodes"]

"""The curriculum as a config writes it: the one schema for the trainer's `curriculum` and the agent's own."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from core.schema import Section
from core.vocabulary import StrategyType

Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
FiniteNumber = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]

RENAMED_KEYS: Final = {
    "frontier": "go_explore",
    "frontier_share": "go_explore_share",
    "frontier_after": "go_explore_after",
}
"""Keys that older configs have, and what they are called now: such a config is refused with that hint."""


class StageSettings(Section):
    """One stage of the curriculum; the first four keys are the documented ones."""

    reward_threshold: FiniteNumber
    """Mean episode reward over the window that finishes the stage."""
    min_episodes: Count
    """Episodes to play at the stage before it can be finished."""
    llm_confidence: Share
    """How much the teacher (language model or rules) is trusted at the start of the stage: its share of the steps."""
    strategy_preference: StrategyType
    """How the teacher's decisions are split between the language model and the rules, as the prior of the choice."""
    max_steps: Count | None = None
    """Horizon of the stage's episodes; null takes the run's `max_steps_per_episode`. Never more than that."""
    go_explore_share: Share | None = None
    """Share of the stage's episodes that begin in the Go-Explore archive; null takes the schedule of `go_explore`."""
    learning: Literal["cloning", "segments", "rewards"] | None = None
    """What the policy learns from: `cloning`, the teacher plays and the policy copies its actions; `segments`, the
    policy holds whole options and learns what the teacher would have done there; `rewards`, from what its actions came
    to as well. null is `rewards`."""
    go_explore_after: Annotated[str, Field(min_length=1)] | None = None
    """Milestone that the archive's states must have reached to begin an episode of the stage; null takes any state."""


class CurriculumSettings(Section):
    """The documented curriculum. The defaults suit Fernvale's first region."""

    stages: tuple[StageSettings, ...] = Field(
        min_length=1,
        default=(
            StageSettings(
                reward_threshold=38.0,
                min_episodes=12,
                llm_confidence=0.9,
                strategy_preference=StrategyType.LLM_HEAVY,
            ),
            StageSettings(
                reward_threshold=34.0,
                min_episodes=24,
                llm_confidence=0.7,
                strategy_preference=StrategyType.BALANCED,
            ),
            StageSettings(
                reward_threshold=30.0,
                min_episodes=24,
                llm_confidence=0.5,
                strategy_preference=StrategyType.RULE_HEAVY,
            ),
        ),
    )
    advancement_patience: Count = 20
    """Episodes past a stage's minimum without advancement after which stepping back is considered."""
    confidence_decay_rate: Annotated[float, Field(ge=0.0, lt=1.0, allow_inf_nan=False)] = 0.005
    """Part of `llm_confidence` that is lost with every episode of a stage."""
    rule: Annotated[str, Field(min_length=1)] = "mean_reward"
    """Who decides when a stage is over: a file of `trainer/curriculum/rules/`, or `package.module:Name`."""
    rule_options: dict[str, Any] = Field(default_factory=dict)
    """Arguments of the rule's constructor."""


def decayed_share(llm_confidence: float, confidence_decay_rate: float, episodes_in_stage: int) -> float:
    """The teacher's share of the steps from the curriculum alone, 0 to 1."""
    return llm_confidence * (1.0 - confidence_decay_rate) ** episodes_in_stage

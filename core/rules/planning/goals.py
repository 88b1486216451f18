"""What the planner answers: goals in one currency, an option with a value, a reason and a place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.vocabulary import Option

ANYWHERE = -1
"""x and y of a position that means "anywhere on this map"."""


class GoalKind(StrEnum):
    """Why to do it."""

    STORY = "story"
    HEAL = "heal"
    SUPPLY = "supply"
    ORDER = "order"
    TRAIN = "train"
    PICK_UP = "pick_up"
    EXPLORE = "explore"


@dataclass(frozen=True, slots=True)
class PlannedGoal:
    """Something worth doing. `option` is the next thing to do for it; its `value` is the urgency, 0 to 1."""

    kind: GoalKind
    text: str
    """One sentence: what and why."""
    option: Option
    milestone_id: str | None = None

    @property
    def urgency(self) -> float:
        return self.option.value

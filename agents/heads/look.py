"""One lane's step as the heads' agent sees it, before anything is pressed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.heads.actor_critic import NO_LABEL
from agents.heads.button_view import ButtonView, in_half_precision
from agents.heads.rollout import ListedOptions
from core.agent.lane_transitions import LaneInputs
from core.agent.repeated_presses import Repetition
from core.agent.teacher import TeacherAction
from core.vocabulary import ACTION_COUNT, Button, Option, Source

_NOTHING: Final = TeacherAction(Button.NONE, Source.RULES, 0.0, "")


@dataclass(slots=True, eq=False)
class Look:
    """What is known of a step."""

    view: ButtonView
    repetition: Repetition
    wanted: TeacherAction = _NOTHING
    """What the teacher would press."""
    option: Option | None = None
    """The option under way."""
    choice: ListedOptions | None = None
    """What was chosen among at this step."""
    label: tuple[int, int] = (NO_LABEL, 0)
    """What the teacher teaches: its press, and whether the option is over after it."""
    heads_press: bool = False
    random_share: float = 0.0
    """Chance that any button is pressed."""

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(actions,): what is allowed and leads somewhere."""
        return self.repetition.mask

    @property
    def is_sure(self) -> bool:
        """Whether the teacher presses what it wants, and nothing else can come of it."""
        return self.allows_teacher and not self.heads_press and not self.random_share

    def chances(self, of_head: NDArray[np.float64]) -> NDArray[np.float64]:
        """(actions,): the chance of each press; `of_head` is what the button head says where it presses."""
        row = of_head if self.heads_press else self._of_teacher()
        if not self.random_share:
            return row
        return (1.0 - self.random_share) * row + self.random_share / self.mask.sum() * self.mask

    def _of_teacher(self) -> NDArray[np.float64]:
        if not self.allows_teacher:
            return self.mask / self.mask.sum()
        row = np.zeros(ACTION_COUNT)
        row[self.wanted.action] = 1.0
        return row

    allows_teacher: bool = True
    """Whether the environment allows what the teacher would press."""


def as_learned(
    vectors: NDArray[np.float32], planes: NDArray[np.float32], looks: Sequence[Look], actions: Sequence[int]
) -> LaneInputs:
    """A step of all lanes as a `HeadsLearner` is shown it: their views, what was looked at, and what was pressed."""
    choices = np.empty(len(looks), dtype=object)
    choices[:] = [look.choice for look in looks]
    masks = np.array([look.mask for look in looks])
    masks[np.arange(len(looks)), actions] = True  # the teacher may press what is barred for the heads
    view = {
        "vector": in_half_precision(vectors),
        "planes": in_half_precision(planes),
        "label": np.array([look.label for look in looks], dtype=np.int8),
        "choice": choices,
    }
    return LaneInputs(view, masks)


def drawn(chances: NDArray[np.float64], dice: np.random.Generator) -> int:
    """One place of `chances`: what `Generator.choice` draws, without what it checks."""
    cumulative = chances.cumsum()
    return int((cumulative / cumulative[-1]).searchsorted(dice.random(), side="right"))

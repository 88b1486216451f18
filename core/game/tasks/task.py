"""A task: one thing that is wanted of a player, from a save state on, within so many steps.

It is done when its conditions hold, in the same small language as those of milestones. To whoever plans, a task is a
milestone that comes before the story (`ShortTask.in_game`): rules, goal directions, prompts and rewards need no other
word for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from core.exceptions import ConfigurationError
from core.game.game_data import GameData
from core.game.milestones import Condition, Milestone
from core.game.objectives import Objectives
from core.nearest import nearest
from core.vocabulary import GameMode

EASY_STEPS: Final = 60
HARD_STEPS: Final = 250
"""A task is easy up to the first number of steps that the rules need, and hard from the second on."""


class TaskKind(StrEnum):
    """What a task is about."""

    WALK = "walk"
    TALK = "talk"
    PICK_UP = "pick_up"
    BUY = "buy"
    HEAL = "heal"
    TRAIN = "train"
    CATCH = "catch"
    FIGHT = "fight"
    MENU = "menu"
    FIELD_MOVE = "field_move"
    PUZZLE = "puzzle"
    STORY = "story"


class Difficulty(StrEnum):
    """By the steps that the rules need."""

    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


@dataclass(frozen=True, slots=True)
class StartRule:
    """Where a save state comes from: the first moment of a game by the rules at which all of this holds, or a file."""

    seed: int = 0
    """Of the game, and of the rule player's free choices."""
    after: str | None = None
    """A milestone that has been reached."""
    when: tuple[Condition, ...] = ()
    """What holds in that moment, all of it."""
    mode: GameMode = GameMode.FREE
    """What the game waits for: a step, or (battle) a choice in a fight."""
    file: str | None = None
    """Instead of all that: a save state or a battery save of one's own, beside the suite's file."""


@dataclass(frozen=True, slots=True)
class ShortTask:
    """One task of a suite."""

    id: str
    kind: TaskKind
    words: str
    """The instruction, as people and language models read it."""
    start: str
    """Which of the suite's states it begins in."""
    milestone: Milestone
    """What is wanted: it holds when the task is done."""
    rules_steps: int | None
    """The median of the steps that the rules need; None where that was not measured."""
    horizon: int
    """Steps after which an episode is truncated."""

    @property
    def difficulty(self) -> Difficulty:
        """By the steps that the rules need; a task that was not measured counts as hard."""
        if self.rules_steps is None or self.rules_steps >= HARD_STEPS:
            return Difficulty.HARD
        return Difficulty.EASY if self.rules_steps <= EASY_STEPS else Difficulty.MEDIUM

    def in_game(self, game: GameData) -> GameData:
        """The same game, in which the task is wanted before anything else: the last of its milestones, and the next."""
        milestones = (*game.milestones, replace(self.milestone, number=len(game.milestones) + 1))
        return replace(game, milestones=milestones, objectives=Objectives(game.maps, milestones))


@dataclass(frozen=True, slots=True)
class TaskStart:
    """A moment in which tasks begin."""

    state: bytes
    """A save state of the emulator."""
    reached: tuple[str, ...]
    """The milestones that had been reached, in order."""


@dataclass(frozen=True, slots=True)
class TaskSuite:
    """The tasks of one file."""

    source: str
    """Where they were read."""
    rom_sha1: str
    """The ROM that their states belong to; empty before states were made."""
    starts: Mapping[str, StartRule]
    tasks: tuple[ShortTask, ...]
    moments: Mapping[str, TaskStart] = field(default_factory=dict[str, TaskStart])
    """The states of the starts, where they were asked for."""

    def task(self, identifier: str) -> ShortTask:
        """The task of that id; `core.exceptions.ConfigurationError` names the nearest one."""
        for task in self.tasks:
            if task.id == identifier:
                return task
        hint = nearest(identifier, [task.id for task in self.tasks])
        raise ConfigurationError(f"no task is called {identifier!r}; {hint}")

    def chosen(self, names: Sequence[str]) -> tuple[ShortTask, ...]:
        """The tasks of these ids and kinds, in the order of the suite; all without names."""
        kinds = {kind.value for kind in TaskKind}
        ids = {name if name in kinds else self.task(name).id for name in names}
        return tuple(task for task in self.tasks if not names or task.id in ids or task.kind.value in ids)

"""How far a game has come: an ordered list of milestones, each a predicate on RAM.

The list is data (`milestones.json` of the game). Reward, curriculum, evaluation, goals and display all speak of these
names; `core.game.milestone_tracker` latches what was reached.

A game may begin anywhere: `milestones_behind` is the one rule for what a deed further on in the list leaves behind.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from core.vocabulary import MapId

Test = Callable[[bytes], bool]
LASTING: Final = frozenset(("event_flag", "badge"))
"""Kinds of conditions that stay true for good. Engine flags and scenes are set back, items are given away."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of a milestone, with the bytes of a snapshot that it reads."""

    kind: str
    """event_flag, engine_flag, badge, map_reached, scene_id, value or item_owned; in tasks also place, species_owned,
    move_known or party_healthy."""
    test: Test
    reads: tuple[int, ...]
    map: MapId | None = None
    """The map of a map_reached or scene_id condition: a hint where to go."""
    name: str = ""
    """What it tests: the event flag, item, badge or RAM symbol."""
    value: int = 1
    """What a value condition compares with."""
    cell: tuple[int, int] | None = None
    """Of a place condition: a cell of it, (x, y)."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """A station of the story."""

    id: str
    name: str
    number: int
    """Its place in the list, from 1."""
    optional: bool
    needs_all: bool
    """Whether all conditions must hold at once, or any one."""
    only_after: str | None
    """Counts only once this milestone is reached and the conditions have been false since then."""
    conditions: tuple[Condition, ...]
    goal: str
    """What to do for it, as an instruction; its name where the game's data have none."""
    any_order: bool = False
    """Whether it may be reached before or after its neighbours in the list (`order` is "free")."""
    is_task: bool = False
    """Whether it is no part of the story, but what is wanted now (`core.game.tasks`)."""

    def holds(self, data: bytes) -> bool:
        """Whether the conditions are true of a snapshot's bytes."""
        if self.needs_all:
            return all(condition.test(data) for condition in self.conditions)
        return any(condition.test(data) for condition in self.conditions)

    @property
    def is_deed(self) -> bool:
        """Whether it is about something done for good: a flag set or a badge won, which a later save still shows."""
        lasting = (condition.kind in LASTING for condition in self.conditions)
        return all(lasting) if self.needs_all else any(lasting)

    @property
    def can_be_passed(self) -> bool:
        """Whether it may be over without a trace: a place, a scene, a passing flag, an item. A level can still come."""
        return not self.is_deed and any(condition.kind != "value" for condition in self.conditions)

    @property
    def target_map(self) -> MapId | None:
        """The map that the milestone speaks of, if it speaks of one."""
        return next((condition.map for condition in self.conditions if condition.map is not None), None)


def milestones_behind(
    milestones: Sequence[Milestone], reached: Collection[str], by_places: bool = False
) -> tuple[Milestone, ...]:
    """The required milestones that `reached` (ids) leaves behind: not reached, and over without a trace.

    They lie before a deed of `reached` in the list. With `by_places` also before a place of it: that is for a game seen
    for the first time, because in a game under way a place may have been found before its time. What is of any order
    (the badges of a free region) leaves behind only what comes before all of that.
    """
    tells = [
        one
        for one in milestones
        if one.id in reached
        and not one.is_task
        and (one.is_deed or (by_places and one.can_be_passed and not one.optional))
    ]
    last = max((one.number for one in tells), default=0)
    last_in_order = max((one.number for one in tells if not one.any_order), default=0)
    return tuple(
        one
        for one in milestones
        if one.can_be_passed
        and not one.optional
        and one.id not in reached
        and one.number < (last_in_order if one.any_order else last)
    )


def next_milestone(milestones: Sequence[Milestone], reached: Collection[str]) -> Milestone | None:
    """The first required milestone that is neither reached nor behind the player; None at the end of the story.

    A task comes before the story.
    """
    for one in milestones:
        if one.is_task and one.id not in reached:
            return one
    behind = {one.id for one in milestones_behind(milestones, reached)}
    ahead = (one for one in milestones if not one.optional and one.id not in reached)
    return next((one for one in ahead if one.id not in behind), None)

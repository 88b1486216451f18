"""How far a game has come: an ordered list of milestones, each a predicate on RAM.

The list is data (`milestones.json` of the game). Reward, curriculum, evaluation, goals and display all speak of these
names; `core.game.milestone_tracker` latches what was reached.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.vocabulary import MapId

Test = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of a milestone, with the bytes of a snapshot that it reads."""

    kind: str
    """event_flag, engine_flag, badge, map_reached, scene_id, value or item_owned."""
    test: Test
    reads: tuple[int, ...]
    map: MapId | None = None
    """The map of a map_reached or scene_id condition: a hint where to go."""
    name: str = ""
    """What it tests: the event flag, item, badge or RAM symbol."""
    value: int = 1
    """What a value condition compares with."""


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

    def holds(self, data: bytes) -> bool:
        """Whether the conditions are true of a snapshot's bytes."""
        if self.needs_all:
            return all(condition.test(data) for condition in self.conditions)
        return any(condition.test(data) for condition in self.conditions)

    @property
    def is_deed(self) -> bool:
        """Whether it is about something done for good: a flag set, a badge won, an item owned."""
        return any(condition.kind in ("event_flag", "badge", "item_owned") for condition in self.conditions)

    @property
    def target_map(self) -> MapId | None:
        """The map that the milestone speaks of, if it speaks of one."""
        return next((condition.map for condition in self.conditions if condition.map is not None), None)

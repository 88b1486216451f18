"""How far a game has come: an ordered list of milestones, each a predicate on RAM, latched once it was true.

The list is data (`milestones.json` of the profile). Reward, curriculum, evaluation, goals and display all speak of
these names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core import exceptions
from core.game.possessions import BAG_END, BAG_START, CREATURES_END, CREATURES_START, EVENT_FLAGS, Possessions
from core.game.profile import RomProfile
from core.game.ram import index_of
from core.game.state import MAP_GROUP, MAP_NUMBER, GameState
from core.vocabulary import MapId

Test = Callable[[bytes], bool]
POCKET_SIZES: Final = {"wBalls": 25, "wItems": 41, "wKeyItems": 26, "wTMsHMs": 57}
"""Bytes of a pocket's list after its count."""


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


@lru_cache(maxsize=4)
def _load(profile: RomProfile) -> tuple[Milestone, ...]:
    path = profile.data_folder.joinpath("milestones.json")
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["milestones"]
        milestones = tuple(_milestone(number, row) for number, row in enumerate(rows, start=1))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise exceptions.EnvironmentError(
            f"cannot read the milestones {path}: {type(error).__name__}: {error}. "
            "Restore core/game/data, or build the cartridge again"
        ) from error
    return milestones


def milestones_for(profile: RomProfile) -> tuple[Milestone, ...]:
    """The milestones of a game, from power-on to its end; `core.exceptions.EnvironmentError` if there is no list."""
    return _load(profile)


def _milestone(number: int, row: dict[str, Any]) -> Milestone:
    return Milestone(
        id=row["id"],
        name=row["name"],
        number=number,
        optional=bool(row.get("optional", False)),
        needs_all=row.get("mode", "any") == "all",
        only_after=row.get("only_after"),
        conditions=tuple(_condition(condition) for condition in row["detect"]),
    )


def _condition(row: dict[str, Any]) -> Condition:
    name = row.get("item") or row.get("name") or row.get("symbol") or row.get("map", "")
    return replace(_test(row), name=name, value=row.get("value", 1))


def _test(row: dict[str, Any]) -> Condition:
    kind = row["type"]
    if kind == "map_reached":
        return _map_condition(MapId(row["group"], row["number"]))
    if kind == "event_flag":
        return _bit_condition(kind, EVENT_FLAGS + row["index"] // 8, 1 << row["index"] % 8, bool(row.get("equals", 1)))
    if kind in ("engine_flag", "badge"):
        return _bit_condition(kind, row["address"] - 0xC000, row["mask"], bool(row.get("equals", 1)))
    if kind == "item_owned":
        return _item_condition(row["item_id"], index_of(row["pocket_symbol"]), POCKET_SIZES[row["pocket_symbol"]])
    if kind in ("value", "scene_id"):
        return _value_condition(kind, row["address"] - 0xC000, row["op"], row["value"])
    raise ValueError(f"unknown milestone condition {kind!r}")


def _map_condition(target: MapId) -> Condition:
    pair = bytes(target)
    return Condition(
        "map_reached", lambda data: data[MAP_GROUP : MAP_GROUP + 2] == pair, (MAP_GROUP, MAP_GROUP + 1), target
    )


def _bit_condition(kind: str, index: int, mask: int, wanted: bool) -> Condition:
    return Condition(kind, lambda data: bool(data[index] & mask) == wanted, (index,))


def _value_condition(kind: str, index: int, operation: str, value: int) -> Condition:
    tests: dict[str, Test] = {
        ">=": lambda data: data[index] >= value,
        "==": lambda data: data[index] == value,
        "bit0": lambda data: data[index] & 1 == value,
    }
    return Condition(kind, tests[operation], (index,))


def _item_condition(item: int, index: int, size: int) -> Condition:
    """Pockets of pairs and of single ids both end with 255, and an id never stands where a quantity does by chance."""
    step = 1 if size == 26 else 2

    def owns(data: bytes) -> bool:
        for place in range(index, index + size, step):
            if data[place] == 0xFF:
                return False
            if data[place] == item:
                return True
        return False

    return Condition("item_owned", owns, tuple(range(index, index + size)))


def _is_possession(index: int) -> bool:
    return BAG_START <= index < BAG_END or CREATURES_START <= index < CREATURES_END


class MilestoneTracker:
    """Which milestones one game has reached. Latched: what was reached stays reached until `reset`."""

    def __init__(self, milestones: tuple[Milestone, ...], final: str | None = None) -> None:
        """`final` is the id of the milestone that ends a game as won: the last required one if None.

        Raises `core.exceptions.ConfigurationError` for an id that is not in the list.
        """
        self.milestones = milestones
        reads = {index for milestone in milestones for condition in milestone.conditions for index in condition.reads}
        elsewhere = sorted(index for index in reads if not _is_possession(index))
        self._watched = itemgetter(MAP_GROUP, MAP_NUMBER, *elsewhere)
        self._seen: tuple[int, ...] | None = None
        self._seen_possessions: Possessions | None = None
        """What the last update looked at: while neither has changed, no milestone can have been reached."""
        self._open: list[Milestone] = list(milestones)
        self.next = self._first_required()
        """The first milestone of the list that is neither reached nor optional; None at the end of the game."""
        self._was_false: set[str] = set()
        self._places = {milestone.id: place for place, milestone in enumerate(milestones)}
        required = [milestone.id for milestone in milestones if not milestone.optional]
        final = final or (required[-1] if required else None)
        if final is not None and final not in self._places:
            raise exceptions.ConfigurationError(
                f"no milestone is called {final!r}; this game has {', '.join(self._places)}"
            )
        self._last = None if final is None else self._places[final]
        self.reached: tuple[str, ...] = ()
        """Ids in the order of reaching."""
        self.reached_flags: NDArray[np.bool_] = np.zeros(len(milestones), dtype=np.bool_)
        """The same as one bool per milestone of the list."""

    @property
    def finished(self) -> bool:
        """Whether the final milestone is reached."""
        return self._last is not None and bool(self.reached_flags[self._last])

    def reset(self) -> None:
        """Forget everything: another game begins."""
        self._seen = None
        self._open = list(self.milestones)
        self.next = self._first_required()
        self._was_false.clear()
        self.reached = ()
        self.reached_flags[:] = False

    def restore(self, ids: Iterable[str]) -> None:
        """Latch what an earlier part of this game had reached; `ValueError` for an id that is not in the list."""
        new = [identifier for identifier in ids if identifier not in self.reached]
        if unknown := [identifier for identifier in new if identifier not in self._places]:
            raise ValueError(f"{unknown[0]!r} is no milestone of this game")
        self.reached += tuple(new)
        self.reached_flags[[self._places[identifier] for identifier in new]] = True
        self._open = [milestone for milestone in self._open if milestone.id not in self.reached]
        self.next = self._first_required()
        self._seen = None

    def update(self, state: GameState) -> tuple[str, ...]:
        """Look at a state; the ids reached just now, in the order of the list."""
        data = state.snapshot.data
        watched, possessions = self._watched(data), state.possessions
        if watched == self._seen and possessions is self._seen_possessions:
            return ()
        self._seen, self._seen_possessions = watched, possessions
        new = [milestone for milestone in self._open if self._counts(milestone, data)]
        if not new:
            return ()
        ids = tuple(milestone.id for milestone in new)
        self.reached += ids
        self.reached_flags[[self._places[identifier] for identifier in ids]] = True
        self._seen = None  # look once more: what waits for one of these starts to count now
        self._open = [milestone for milestone in self._open if milestone.id not in ids]
        self.next = self._first_required()
        return ids

    def _first_required(self) -> Milestone | None:
        return next((milestone for milestone in self._open if not milestone.optional), None)

    def _counts(self, milestone: Milestone, data: bytes) -> bool:
        holds = milestone.holds(data)
        if milestone.only_after is None:
            return holds
        if milestone.only_after not in self.reached:
            return False
        if not holds:
            self._was_false.add(milestone.id)
            return False
        return milestone.id in self._was_false

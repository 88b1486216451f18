"""The labelled steps of a run, the newest of them: a label stays valid, so it is learned from again and again.

Every lesson counts the same, however old it is and whoever held the controls. They lie in memory, and beside it in a
folder, one file for each update, so that a run that goes on has them again.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agents.heads.lessons import Lessons, read_lessons, write_lessons
from core.exceptions import CheckpointError

log = logging.getLogger(__name__)

_OF_CHOICES: Final = ("choice_steps", "options", "option_counts", "chosen")
_OF_STEPS: Final = tuple(one.name for one in fields(Lessons) if one.name not in _OF_CHOICES)
_CHOICE_ROOM_SHARE: Final = 8
"""Steps of room for one choice."""


class LessonRing:
    """The newest lessons, the older ones give way. `lessons` is a `Lessons` of all of them."""

    def __init__(self, room: int) -> None:
        """Room for so many steps."""
        self._room = room
        self._arrays: dict[str, NDArray[Any]] = {}
        self._steps = self._choices = 0
        """Added so far."""
        self._updates: deque[tuple[int, int]] = deque()
        """Of which updates there are lessons, and how many."""

    def __len__(self) -> int:
        return min(self._room, self._steps)

    def add(self, more: Lessons, update: int) -> list[int]:
        """Keeps those of an update; the updates of which nothing is kept any more."""
        start = self._steps
        self._put(_OF_STEPS, more, self._room, start)
        self._steps += len(more)
        self._put(_OF_CHOICES, more, self._choice_room, self._choices)
        if len(more.chosen):
            at = np.arange(self._choices, self._choices + len(more.chosen)) % self._choice_room
            self._arrays["choice_steps"][at] = start + more.choice_steps
        self._choices += len(more.chosen)
        self._updates.append((update, len(more)))
        gone, kept = [], sum(count for _, count in self._updates)
        while kept - self._updates[0][1] >= self._room:
            number, count = self._updates.popleft()
            gone.append(number)
            kept -= count
        return gone

    @property
    def lessons(self) -> Lessons:
        """All that are kept, as they lie: nothing is copied but the list of choices whose step is still there."""
        arrays: dict[str, Any] = {name: self._arrays[name][: len(self)] for name in _OF_STEPS}
        kept = min(self._choice_room, self._choices)
        at = np.flatnonzero(self._arrays["choice_steps"][:kept] >= self._steps - len(self))
        steps = self._arrays["choice_steps"][at] % self._room
        choices: dict[str, Any] = {name: self._arrays[name][at] for name in _OF_CHOICES[1:]}
        return Lessons(**arrays, choice_steps=steps, **choices)

    @property
    def _choice_room(self) -> int:
        return max(1, self._room // _CHOICE_ROOM_SHARE)

    def _put(self, names: tuple[str, ...], more: Lessons, room: int, start: int) -> None:
        for name in names:
            new = getattr(more, name)
            if name not in self._arrays:
                self._arrays[name] = np.zeros((room, *new.shape[1:]), new.dtype)
            last = start + len(new)
            new = new[-room:]
            self._arrays[name][np.arange(last - len(new), last) % room] = new


class LessonFolder:
    """The lessons of a run on disk: the file of update n is there before its weights are."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, number: int, lessons: Lessons) -> None:
        """Those of an update, in the place of what was there."""
        self._folder.mkdir(parents=True, exist_ok=True)
        write_lessons(self._path(number), lessons)

    def drop(self, number: int) -> None:
        """Those of an update that the ring has no room for any more."""
        self._path(number).unlink(missing_ok=True)

    def read(self, last: int, room: int) -> LessonRing:
        """The newest of the updates 1 to `last`, as many as there is room for, as they were added. What is missing or
        damaged is said and left out: the heads have learned from it already."""
        found: list[tuple[int, Lessons]] = []
        steps, missing, number = 0, 0, last
        while number >= 1 and steps < room:
            try:
                lessons = read_lessons(self._path(number))
                found.append((number, lessons))
                steps += len(lessons)
            except CheckpointError:
                missing += 1
            number -= 1
        if missing:
            log.warning(
                "%d of %d files of lessons in %s cannot be read: cloning goes on with the rest, and with what is "
                "played from now on",
                missing,
                last,
                self._folder,
            )
        ring = LessonRing(room)
        for one, lessons in reversed(found):
            ring.add(lessons, one)
        return ring

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:06d}.npz"

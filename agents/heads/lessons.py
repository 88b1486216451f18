"""What one game by the rules teaches both heads, as arrays, and as files that are read without running anything."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.heads.options.view import OPTION_SIZE, OPTION_SLOTS
from agents.heads.plane_codes import coded_planes
from core.exceptions import CheckpointError


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """Steps of games, and the choices among options that were made at some of them."""

    vectors: NDArray[np.float16]
    """(steps, VIEW_SIZE)."""
    planes: NDArray[np.uint8]
    """(steps, *PLANES_SHAPE) codes (`plane_codes.py`)."""
    masks: NDArray[np.bool_]
    """(steps, actions): allowed and not in vain."""
    presses: NDArray[np.int64]
    """(steps,): what the rules wanted to press."""
    ends: NDArray[np.bool_]
    """(steps,): whether the option was over after that press."""
    choice_steps: NDArray[np.int64]
    """(choices,): the step at which was chosen."""
    options: NDArray[np.float16]
    """(choices, OPTION_SLOTS, OPTION_SIZE)."""
    option_counts: NDArray[np.int64]
    """(choices,): how many options were listed."""
    chosen: NDArray[np.int64]
    """(choices,): what the rules liked best."""

    def __len__(self) -> int:
        return len(self.presses)

    @property
    def teaches_press(self) -> NDArray[np.bool_]:
        """(steps,): where there was a choice, and the rules' press was one that the button head may make."""
        return self.masks[np.arange(len(self)), self.presses] & (self.masks.sum(axis=1) > 1)


class LessonRecorder:
    """Gathers the lessons of one game."""

    def __init__(self) -> None:
        self._steps: list[tuple[NDArray[Any], NDArray[Any], NDArray[np.bool_], int, bool]] = []
        self._choices: list[tuple[int, NDArray[np.float32], int]] = []

    def step(self, vector: NDArray[Any], planes: NDArray[Any], mask: NDArray[np.bool_], press: int, ends: bool) -> None:
        """A step at which the rules wanted `press`."""
        self._steps.append((vector.astype(np.float16), coded_planes(planes[None])[0], mask.copy(), press, ends))

    def choice(self, options: NDArray[np.float32], chosen: int) -> None:
        """A choice among `options` (options, OPTION_SIZE), made at the step that `step` is told of next."""
        if chosen < len(options):
            self._choices.append((len(self._steps), options, chosen))

    def lessons(self) -> Lessons:
        """All of it."""
        vectors, planes, masks, presses, ends = zip(*self._steps, strict=True)
        padded = np.zeros((len(self._choices), OPTION_SLOTS, OPTION_SIZE), dtype=np.float16)
        for row, (_, options, _) in enumerate(self._choices):
            padded[row, : len(options)] = options
        return Lessons(
            np.stack(vectors),
            np.stack(planes),
            np.stack(masks),
            np.array(presses, dtype=np.int64),
            np.array(ends, dtype=np.bool_),
            np.array([step for step, _, _ in self._choices], dtype=np.int64),
            padded,
            np.array([len(options) for _, options, _ in self._choices], dtype=np.int64),
            np.array([chosen for _, _, chosen in self._choices], dtype=np.int64),
        )


_NAMES = tuple(one.name for one in fields(Lessons))


def joined(parts: Sequence[Lessons]) -> Lessons:
    """The lessons of several games, one after the other."""
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _NAMES}
    starts = np.cumsum([0, *(len(part) for part in parts)])
    arrays["choice_steps"] = np.concatenate(
        [part.choice_steps + start for part, start in zip(parts, starts[:-1], strict=True)]
    )
    return Lessons(**arrays)


def write_lessons(path: Path, lessons: Lessons) -> None:
    """Writes a file that is whole or not there."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.writing")
    with temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **{name: getattr(lessons, name) for name in _NAMES})
    temporary.replace(path)


def read_lessons(path: Path) -> Lessons:
    """Reads what `write_lessons` wrote. Raises CheckpointError for anything else; nothing is executed."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in _NAMES}
            if arrays["planes"].dtype != np.uint8:  # as earlier versions wrote them
                arrays["planes"] = coded_planes(arrays["planes"])
            return Lessons(**arrays)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"the lessons at {path} cannot be read ({error}): delete the file") from error

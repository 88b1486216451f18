"""The spaces of words in the observation: texts, and the list of buttons that do something now.

Functions of Gymnasium that work on any space ask a table by the space's class, so these are entered there: wrappers
that flatten or stack observations, and the shared memory of `AsyncVectorEnv`, take them. Gymnasium has no space of
lists (its `Sequence` holds tuples). In numbers a list of buttons is int8 (9,): 1 for each button that is named.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.spaces import utils as flat
from gymnasium.vector import utils as vector
from gymnasium.wrappers.utils import create_zero_array
from numpy.typing import NDArray

from core.vocabulary import Button

NAMES: Final = tuple(button.name for button in Button)


class TextList(gym.Space[list[str]]):
    """A list of different names of buttons, in the order of `Button`; it may be empty."""

    def __init__(self, seed: int | np.random.Generator | None = None) -> None:
        super().__init__(shape=None, dtype=np.int8, seed=seed)  # the dtype of the form in numbers

    @property
    def is_np_flattenable(self) -> bool:
        """True: a list has a form in numbers."""
        return True

    def sample(self, mask: Any | None = None, probability: Any | None = None) -> list[str]:
        """Each button with a chance of one half."""
        return names_of(self.np_random.integers(0, 2, len(NAMES), dtype=np.int8))

    def contains(self, x: Any) -> bool:
        """Whether `x` is a list of names of buttons, each at most once and in their order."""
        return isinstance(x, list) and x == [name for name in NAMES if name in cast(list[object], x)]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TextList)


class PlainText(spaces.Text):
    """A text; unlike Gymnasium's own it stays up to date in the shared memory of `AsyncVectorEnv`."""


class LiveTexts(Sequence[Any]):
    """What several environments say now, read from their shared memory when it is looked at; a deep copy is a tuple.

    `AsyncVectorEnv` reads a space's shared memory once, when it is made, and relies on arrays that show what is written
    later. It hands out deep copies (or, with `copy=False`, this object itself).
    """

    def __init__(self, read: Callable[[], tuple[Any, ...]]) -> None:
        self._read = read

    def __getitem__(self, index: Any) -> Any:
        return self._read()[index]

    def __len__(self) -> int:
        return len(self._read())

    def __deepcopy__(self, memo: dict[int, Any]) -> tuple[Any, ...]:
        return self._read()


def marks_of(names: Sequence[str]) -> NDArray[np.int8]:
    """int8 (buttons,): 1 for each button that is named."""
    return np.array([name in names for name in NAMES], dtype=np.int8)


def names_of(marks: NDArray[Any]) -> list[str]:
    """The reverse of `marks_of`."""
    return [name for name, mark in zip(NAMES, marks, strict=True) if mark]


def _flat_space(_space: TextList) -> spaces.Box:
    return spaces.Box(0, 1, (len(NAMES),), np.int8)


def _flat_size(_space: TextList) -> int:
    return len(NAMES)


def _flattened(_space: TextList, x: Sequence[str]) -> NDArray[np.int8]:
    return marks_of(x)


def _unflattened(_space: TextList, x: NDArray[Any]) -> list[str]:
    return names_of(x)


def _unflattened_text(space: PlainText, x: NDArray[Any]) -> str:
    # beside a picture in one vector, the places of letters have become floats
    return flat.unflatten.dispatch(spaces.Text)(space, x.astype(np.int32))


def _is_alike(_space: TextList, other: gym.Space[Any]) -> bool:
    return isinstance(other, TextList)


def _empty(_space: TextList) -> list[str]:
    return []


def _shared_memory(space: TextList, n: int = 1, ctx: Any = multiprocessing) -> Any:
    return cast(Any, vector).create_shared_memory(_flat_space(space), n, ctx)


def _read_lists(space: TextList, shared_memory: Any, n: int = 1) -> LiveTexts:
    flat_lists: Any = vector.read_from_shared_memory(_flat_space(space), shared_memory, n)
    return LiveTexts(lambda: tuple(names_of(marks) for marks in flat_lists))


def _read_texts(space: PlainText, shared_memory: Any, n: int = 1) -> LiveTexts:
    read_now: Any = vector.read_from_shared_memory.dispatch(spaces.Text)
    return LiveTexts(lambda: read_now(space, shared_memory, n))


def _write(space: TextList, index: int, value: Sequence[str], shared_memory: Any) -> None:
    vector.write_to_shared_memory(_flat_space(space), index, marks_of(value), shared_memory)  # type: ignore[arg-type]


def _enter(function: Any, space: type[gym.Space[Any]], for_that_space: Any) -> None:
    function.register(space, for_that_space)


_enter(flat.flatdim, TextList, _flat_size)
_enter(flat.flatten, TextList, _flattened)
_enter(flat.unflatten, TextList, _unflattened)
_enter(flat.unflatten, PlainText, _unflattened_text)
_enter(flat.flatten_space, TextList, _flat_space)  # pyright: ignore[reportUnknownMemberType]
_enter(flat.is_space_dtype_shape_equiv, TextList, _is_alike)
_enter(create_zero_array, TextList, _empty)
_enter(vector.create_shared_memory, TextList, _shared_memory)  # pyright: ignore[reportUnknownMemberType]
_enter(vector.read_from_shared_memory, TextList, _read_lists)
_enter(vector.read_from_shared_memory, PlainText, _read_texts)
_enter(vector.write_to_shared_memory, TextList, _write)

"""Lessons seen in another guise, so that the button head does not lean on what it can know by heart.

Places, words and options are hashes. A network that sees few of them learns each for itself, and is lost where it meets
a new one. So in part of the steps these codes are drawn anew: what is left tells the press, too. And a walk is learned
from all sides: turned by a quarter or mirrored, it is as good a walk, but no corner, door or counter is where it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.heads.button_view import PLACE_OF
from core.env.policy_features import (
    ACTION_START,
    FACING_START,
    FEATURE_NAMES,
    GOAL_START,
    LAST_ACTIONS,
    MAP_CODE_BITS,
    MAP_START,
    MILESTONES,
    MODE_START,
)
from core.game.collision import PLAYER_COLUMN
from core.game.terrain import OFFSET
from core.vocabulary import ACTION_COUNT, DIRECTION_BUTTONS, Button, GameMode

_FEATURES: Final = PLACE_OF["features"].start
_MAP: Final = slice(_FEATURES + MAP_START, _FEATURES + MAP_START + MAP_CODE_BITS)
_POSITION: Final = slice(_FEATURES, _FEATURES + 2)
_MODES: Final = slice(_FEATURES + MODE_START, _FEATURES + FACING_START)
"""The mode of the game, and the kind of menu."""
_STORY_GOAL: Final = slice(_FEATURES + GOAL_START, _FEATURES + MODE_START)
_PROGRESS: Final = slice(_FEATURES + MILESTONES, _FEATURES + MILESTONES + 1)

RECODED: Final = (
    ((_MAP, PLACE_OF["place"]), (_POSITION,)),
    ((PLACE_OF["key"],), ()),
    ((PLACE_OF["text"], PLACE_OF["line"], PLACE_OF["lines"], PLACE_OF["subject"]), ()),
    ((), (PLACE_OF["milestones"], _PROGRESS, _STORY_GOAL)),
)
"""What is drawn anew together: the places of codes, which become random ones, and of numbers, which become those of
another step."""

_WALKS: Final = [
    _FEATURES + MODE_START + place for place, mode in enumerate(GameMode) if mode in (GameMode.FREE, GameMode.WALKING)
]
_AROUND: Final = 2 * PLAYER_COLUMN + 1
"""The rows and columns around the player; what is beyond them has no counterpart on screen."""


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """A batch of labelled steps; the arrays may be changed."""

    vectors: NDArray[np.float32]
    planes: NDArray[np.float32]
    masks: NDArray[np.bool_]
    presses: NDArray[np.int64]


def kinds_of_situations(vectors: NDArray[np.float16], rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The rows of each kind of situation: mode of the game, menu that listens, kind of option."""
    told = np.concatenate([vectors[rows][:, place] != 0 for place in (_MODES, PLACE_OF["kind"])], axis=1)
    _, kinds = np.unique(np.packbits(told, axis=1), axis=0, return_inverse=True)
    order = np.argsort(kinds, kind="stable")
    return np.split(rows[order], np.flatnonzero(np.diff(kinds[order])) + 1)


def recode(steps: Steps, share: float, dice: np.random.Generator) -> None:
    """Draws the codes of each group of `RECODED` anew in this share of the steps, in place. Where there is none (no
    menu, no text) there is none afterwards."""
    vectors, count = steps.vectors, len(steps.presses)
    for codes, numbers in RECODED:
        rows = np.flatnonzero(dice.random(count) < share)
        for place in codes:
            drawn = dice.integers(0, 2, (len(rows), place.stop - place.start)) * 2.0 - 1.0
            vectors[rows, place] = np.where(vectors[rows, place] != 0, drawn, 0.0)
        others = dice.permutation(count)[: len(rows)]
        for place in numbers:
            vectors[rows, place] = vectors[others, place]


def turn(steps: Steps, share: float, dice: np.random.Generator) -> None:
    """Turns or mirrors what is seen and pressed in this share of the steps in which the player walks, in place; which
    of the seven ways is drawn for each."""
    walks = (steps.vectors[:, _WALKS] != 0).any(axis=1)
    turned = walks & (dice.random(len(walks)) < share)
    ways, planes = dice.integers(len(_TURNS), size=len(walks)), steps.planes.shape[1]
    for place, one in enumerate(_TURNS):
        rows = np.flatnonzero(turned & (ways == place))
        steps.vectors[rows] = steps.vectors[rows][:, one.sources] * one.signs
        around = steps.planes[rows, :, :_AROUND, :_AROUND].reshape(len(rows), planes, _AROUND**2)
        steps.planes[rows] = 0.0
        steps.planes[rows, :, :_AROUND, :_AROUND] = around[..., one.cells].reshape(len(rows), planes, _AROUND, _AROUND)
        steps.masks[rows] = steps.masks[rows][:, one.buttons_before]
        steps.presses[rows] = one.buttons[steps.presses[rows]]


@dataclass(frozen=True, slots=True, eq=False)
class _Turn:
    """One way to look at a walk."""

    buttons: NDArray[np.int64]
    """By button: the one that is pressed then."""
    buttons_before: NDArray[np.int64]
    """The other way about."""
    sources: NDArray[np.int64]
    """By place of the vector: where its number comes from."""
    signs: NDArray[np.float32]
    """By place of the vector: what it is multiplied by."""
    cells: NDArray[np.int64]
    """By cell around the player, row by row: where it was."""


def _turn(east: tuple[int, int], south: tuple[int, int]) -> _Turn:
    """The way in which what was east is `east` afterwards, (columns, rows), and what was south `south`."""

    def moved(columns: int, rows: int) -> tuple[int, int]:
        return columns * east[0] + rows * south[0], columns * east[1] + rows * south[1]

    buttons, buttons_before = np.arange(ACTION_COUNT), np.arange(ACTION_COUNT)
    for button, offset in OFFSET.items():
        other = next(one for one, to in OFFSET.items() if to == moved(*offset))
        buttons[button], buttons_before[other] = other, button
    cells, middle = np.empty(_AROUND**2, dtype=np.int64), PLAYER_COLUMN
    for cell in range(_AROUND**2):
        columns, rows = moved(cell % _AROUND - middle, cell // _AROUND - middle)
        cells[(rows + middle) * _AROUND + columns + middle] = cell
    width = max(place.stop for place in PLACE_OF.values())
    sources, signs = np.arange(width), np.ones(width, dtype=np.float32)
    for start in _DIRECTIONS:
        for place, button in enumerate(DIRECTION_BUTTONS):
            sources[start + DIRECTION_BUTTONS.index(Button(buttons[button]))] = start + place
    for start in _BUTTONS:
        sources[start : start + ACTION_COUNT] = start + buttons_before
    for eastward, southward in _OFFSETS:
        for place, column, row in ((eastward, east[0], south[0]), (southward, east[1], south[1])):
            sources[place], signs[place] = (eastward, column) if column else (southward, row)
    return _Turn(buttons, buttons_before, sources, signs, cells)


_NAMED: Final = {name: _FEATURES + place for place, name in enumerate(FEATURE_NAMES)}
_DIRECTIONS: Final = (
    _FEATURES + FACING_START,
    _NAMED[f"goal_leaves_{DIRECTION_BUTTONS[0].name.lower()}"],
    PLACE_OF["goal_press"].start,
    PLACE_OF["nearer"].start,
)
"""Where a number for each of `DIRECTION_BUTTONS` begins."""
_BUTTONS: Final = (
    *(_FEATURES + ACTION_START + age * ACTION_COUNT for age in range(LAST_ACTIONS)),
    PLACE_OF["barred"].start,
)
"""Where a number for each button begins."""
_OFFSETS: Final = (
    (_NAMED["goal_east"], _NAMED["goal_south"]),
    (_NAMED["goal_side_east"], _NAMED["goal_side_south"]),
    (PLACE_OF["goal"].start, PLACE_OF["goal"].start + 1),
    (PLACE_OF["goal"].start + 2, PLACE_OF["goal"].start + 3),
)
"""Pairs of numbers that tell how far something is to the east and to the south."""
_TURNS: Final = tuple(
    _turn(*axes)
    for sign in (1, -1)
    for other in (1, -1)
    for axes in (((sign, 0), (0, other)), ((0, sign), (other, 0)))
    if axes != ((1, 0), (0, 1))
)
"""The seven."""

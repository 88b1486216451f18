"""Lessons seen in another guise, so that the button head does not lean on what it can know by heart.

Places, words and options are hashes. A network that sees few of them learns each for itself, and is lost where it meets
a new one. So in part of the steps these codes are drawn anew: what is left tells the press, too. And a walk is learned
from both sides: left and right changed about, it is as good a walk.
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
from core.vocabulary import ACTION_COUNT, DIRECTION_BUTTONS, Button, GameMode

_FEATURES: Final = PLACE_OF["features"].start
_MAP: Final = slice(_FEATURES + MAP_START, _FEATURES + MAP_START + MAP_CODE_BITS)
_POSITION: Final = slice(_FEATURES, _FEATURES + 2)
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
_MIRRORED_COLUMNS: Final = 2 * PLAYER_COLUMN + 1
"""The columns around the player; the one beyond them has no counterpart on screen."""


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """A batch of labelled steps; the arrays may be changed."""

    vectors: NDArray[np.float32]
    planes: NDArray[np.float32]
    masks: NDArray[np.bool_]
    presses: NDArray[np.int64]


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


def mirror(steps: Steps, share: float, dice: np.random.Generator) -> None:
    """Changes left and right about in this share of the steps in which the player walks, in place."""
    walks = (steps.vectors[:, _WALKS] != 0).any(axis=1)
    rows = np.flatnonzero(walks & (dice.random(len(walks)) < share))
    if not len(rows):
        return
    steps.vectors[rows] = steps.vectors[rows][:, _SWAPPED] * _SIGNS
    planes = steps.planes[rows]
    planes[..., :_MIRRORED_COLUMNS] = planes[..., _MIRRORED_COLUMNS - 1 :: -1]
    planes[..., _MIRRORED_COLUMNS:] = 0.0
    steps.planes[rows] = planes
    steps.masks[rows] = steps.masks[rows][:, _OTHER_BUTTON]
    steps.presses[rows] = _OTHER_BUTTON[steps.presses[rows]]


def _other_buttons() -> NDArray[np.int64]:
    """By button: the one pressed in the mirror."""
    found = np.arange(ACTION_COUNT)
    found[[Button.LEFT, Button.RIGHT]] = Button.RIGHT, Button.LEFT
    return found


def _mirrored_vector() -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """By place of the vector: where its number comes from in the mirror, and with which sign."""
    width = max(place.stop for place in PLACE_OF.values())
    source, signs = np.arange(width), np.ones(width, dtype=np.float32)
    left, right = DIRECTION_BUTTONS.index(Button.LEFT), DIRECTION_BUTTONS.index(Button.RIGHT)
    pairs = [(_FEATURES + FACING_START + left, _FEATURES + FACING_START + right)]
    pairs += [(PLACE_OF[part].start + left, PLACE_OF[part].start + right) for part in ("goal_press", "nearer")]
    for age in range(LAST_ACTIONS):
        start = _FEATURES + ACTION_START + age * ACTION_COUNT
        pairs.append((start + Button.LEFT, start + Button.RIGHT))
    pairs.append((PLACE_OF["barred"].start + Button.LEFT, PLACE_OF["barred"].start + Button.RIGHT))
    names = {name: _FEATURES + place for place, name in enumerate(FEATURE_NAMES)}
    pairs.append((names["goal_leaves_left"], names["goal_leaves_right"]))
    for one, other in pairs:
        source[[one, other]] = other, one
    signs[[names["goal_east"], names["goal_side_east"], PLACE_OF["goal"].start, PLACE_OF["goal"].start + 2]] = -1.0
    return source, signs


_OTHER_BUTTON: Final = _other_buttons()
_SWAPPED, _SIGNS = _mirrored_vector()

"""Maps that are held out of training: what was learned elsewhere has to do on them.

Labelled steps and choices on them are left out of the lessons; that they were played does no harm, since nobody learns
from it.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from agents.heads.button_view import PLACE_OF
from agents.heads.lessons import Lessons
from core.env.policy_features import MAP_CODE_BITS, MAP_START, map_code
from core.game.game_data import GameData


def lessons_without(lessons: Lessons, game: GameData, maps: Iterable[str]) -> Lessons:
    """The lessons without the steps on these maps, and without the choices made there.

    A step's map is told by the code in its view; a map that shares its code with one of these goes with it.
    """
    known = {place.key: place.id for place in game.maps.values()}
    start = PLACE_OF["features"].start + MAP_START
    codes = lessons.vectors[:, start : start + MAP_CODE_BITS] > 0
    kept = np.ones(len(lessons), dtype=np.bool_)
    for key in maps:
        kept &= (codes != (map_code(known[key]) > 0)).any(axis=1)
    return _where(lessons, kept)


def _where(lessons: Lessons, kept: NDArray[np.bool_]) -> Lessons:
    chosen = kept[lessons.choice_steps]
    new_place = np.cumsum(kept) - 1
    return Lessons(
        lessons.vectors[kept],
        lessons.planes[kept],
        lessons.masks[kept],
        lessons.presses[kept],
        lessons.ends[kept],
        new_place[lessons.choice_steps[chosen]],
        lessons.options[chosen],
        lessons.option_counts[chosen],
        lessons.chosen[chosen],
    )

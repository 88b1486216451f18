"""Maps that are held out of training: what was learned elsewhere has to do on them.

A third of the maps is chosen by a hash of their names, the same on every machine, or maps are named one by one.
Labelled steps and choices on them are left out of the lessons; that they were played does no harm, since nobody learns
from it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.heads.button_view import PLACE_OF
from agents.heads.lessons import Lessons
from core.env.policy_features import MAP_CODE_BITS, MAP_START, map_code
from core.exceptions import ConfigurationError
from core.game.game_data import GameData
from core.nearest import nearest

FOLDS: Final = 3
FOLD_PREFIX: Final = "fold:"


def held_out_maps(game: GameData, names: Iterable[str]) -> tuple[str, ...]:
    """The keys of the maps that `names` mean: keys, and `fold:0` to `fold:2` for a third of the maps each.

    Raises ConfigurationError for a name that no map has.
    """
    keys = sorted(place.key for place in game.maps.values())
    found: set[str] = set()
    for name in names:
        fold = name.removeprefix(FOLD_PREFIX)
        if name in keys:
            found.add(name)
        elif name.startswith(FOLD_PREFIX) and fold in map(str, range(FOLDS)):
            found |= {key for key in keys if fold_of(key) == int(fold)}
        else:
            hint = nearest(name, [*keys, *(f"{FOLD_PREFIX}{number}" for number in range(FOLDS))])
            raise ConfigurationError(f"no map of {game.name} is called {name!r}; {hint}")
    return tuple(sorted(found))


def fold_of(key: str) -> int:
    """Which third a map belongs to, by a hash of its key."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=4).digest(), "big") % FOLDS


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

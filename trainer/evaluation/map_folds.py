"""Thirds of a game's maps, by a hash of their names: what is learned on two of them is tried on the third."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from core.exceptions import ConfigurationError
from core.game.game_data import GameData
from core.nearest import nearest

FOLDS: Final = 3
FOLD_PREFIX: Final = "fold:"


def maps_named(game: GameData, names: Iterable[str]) -> tuple[str, ...]:
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

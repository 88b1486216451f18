"""Worlds by name, as settings ask for them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from core.exceptions import ConfigurationError
from core.worlds.base import TextWorld
from core.worlds.code import Code
from core.worlds.code_set import CodeSet
from core.worlds.crystal import Crystal
from core.worlds.frozen_lake import FrozenLake
from core.worlds.math import Math
from core.worlds.math_set import MathSet
from core.worlds.plan_path import PlanPath
from core.worlds.sokoban import Sokoban
from core.worlds.sudoku import Sudoku

WORLDS: dict[str, type[TextWorld[Any]]] = {
    world.name: world for world in (PlanPath, FrozenLake, Sokoban, Sudoku, Code, CodeSet, Math, MathSet, Crystal)
}


def make_world(name: str, options: Mapping[str, object]) -> TextWorld[Any]:
    """The world of that name. Raises `ConfigurationError` that names the nearest world, or the wrong option."""
    if name not in WORLDS:
        near = difflib.get_close_matches(name, WORLDS, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(WORLDS))}"
        raise ConfigurationError(f"no world is called {name!r}; {hint}")
    make: Any = WORLDS[name]
    try:
        return make(**options)
    except TypeError as error:
        raise ConfigurationError(f"world_options of {name}: {error}") from error

"""The parts of a workbench that are the same in every worker of a fleet, by name: `trainer.fleet.keepsake` leaves them
out of what a worker remembers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from enum import Enum
from typing import Final

from core.game.game_data import GameData
from trainer.fleet.workbench import Workbench

_PLAIN: Final = (str, int, float, bytes, bool, type(None), Enum)
"""Values whose identity says nothing: equal ones may be one object."""


def shared_parts_of(bench: Workbench) -> dict[str, object]:
    """Bench, environments, what their ROMs say, and the facts of the game."""
    parts: dict[str, object] = {"bench": bench, "env": bench.env}
    for lane, env in enumerate(bench.env.envs):
        named = {"": env, " archive": env.go_explore, " rom": env.rom}
        parts |= {f"lane {lane}{name}": part for name, part in named.items()}
        parts |= {f"lane {lane} rom {name}": part for name, part in vars(env.rom).items()}
    parts |= dict(_facts(bench.env.rom.game))
    return {name: part for name, part in parts.items() if not isinstance(part, _PLAIN)}


def shared_parts_of_object(name: str, whole: object) -> dict[str, object]:
    """An object and what it holds: an agent may have got hold of its networks, which get other weights together."""
    parts = {f"{name} {key}": part for key, part in vars(whole).items()}
    return {name: whole} | {key: part for key, part in parts.items() if not isinstance(part, _PLAIN)}


def _facts(game: GameData) -> Iterator[tuple[str, object]]:
    """The game and what its tables hold."""
    yield "game", game
    for field in fields(game):
        table = getattr(game, field.name)
        yield f"game {field.name}", table
        if isinstance(table, Mapping):
            yield from ((f"game {field.name} {key}", fact) for key, fact in table.items())
        elif isinstance(table, tuple):
            yield from ((f"game {field.name} {place}", fact) for place, fact in enumerate(table))

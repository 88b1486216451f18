"""The ground of the maps that one lane has seen, and the walking distances between their doors.

The game's data say which doors lead where; only the game shows what lies between them. A lane knows every map it has
seen, from anywhere: which doors can be reached from which, past the people who never move, over ledges one way only,
over water where it can surf. On a map never seen, everything counts as possible. Lanes may also learn ground from each
other and from earlier games (`core/navigation/ground_archive.py`); what a lane has seen itself in this game comes
first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from core.game.field_moves import FieldAbilities, abilities_of
from core.navigation.map_ground import GROUNDS_KEPT, Cell, MapGround, cells_before, steps_to, walking_distances
from core.vocabulary import MapId

if TYPE_CHECKING:
    from core.game.collision import CollisionMap
    from core.game.facts import MapObject
    from core.game.state import GameState
    from core.navigation.ground_archive import GroundArchive

GOALS_KEPT = 1024
"""Exits whose distances from all cells of their map a process remembers; tens of kilobytes each."""
DISTANCES_KEPT = 256
"""Walks over whole maps that a process remembers; tens of kilobytes each."""


class KnownGrounds:
    """What one lane knows of the maps' ground. Distances are kept until something changes them."""

    def __init__(self, archive: GroundArchive | None = None) -> None:
        """`archive`: what others and earlier games have seen; what this lane sees is added to it."""
        self._archive = archive
        self._heard_version = -1
        self._seen: set[MapId] = set()
        """Maps that this lane has seen itself, not learned from others."""
        self._collisions: dict[MapId, CollisionMap] = {}
        self._standing: dict[MapId, frozenset[Cell]] = {}
        self._warps: dict[MapId, frozenset[Cell]] = {}
        self._grounds: dict[MapId, MapGround] = {}
        self._distances: dict[MapId, dict[frozenset[Cell], Mapping[Cell, int]]] = {}
        self._derived: defaultdict[MapId, dict[Hashable, Any]] = defaultdict(dict)
        self._abilities = FieldAbilities()
        self._flags = b""

    def see(self, state: GameState) -> None:
        """Look at the map as it is now; cheap when nothing has changed."""
        here, collision = state.position.map, state.collision
        if here in state.game.maps and collision.cells.size:
            self._seen.add(here)
            self._learn(state, here, collision)
            if self._archive is not None:
                self._archive.add(here, collision)
        if self._archive is not None and self._archive.version != self._heard_version:
            self._heard_version = self._archive.version
            for map_id, told in self._archive:
                if map_id not in self._seen and map_id in state.game.maps:
                    self._learn(state, map_id, told)
        abilities = abilities_of(state)
        if abilities != self._abilities:
            could_push, self._abilities = self._abilities.can_push, abilities
            for map_id in (*self._collisions, *self._derived):
                self._forget(map_id)
            if could_push != abilities.can_push:
                self._standing = {map_id: _standing(state, map_id, abilities) for map_id in self._standing}
        if state.event_flags != self._flags:
            self._flags = state.event_flags
            for map_id, before in self._standing.items():
                now = _standing(state, map_id, abilities)
                if now != before:
                    self._standing[map_id] = now
                    self._forget(map_id)

    def collision(self, map_id: MapId) -> CollisionMap | None:
        """The collision bytes of a map as last seen; None for a map never seen."""
        return self._collisions.get(map_id)

    def ground(self, map_id: MapId) -> MapGround | None:
        """A map as walking would find it now, people who never move included; None for a map never seen."""
        collision = self._collisions.get(map_id)
        if collision is None:
            return None
        known = self._grounds.get(map_id)
        if known is None:
            cells = collision.cells
            known = self._grounds[map_id] = _ground(
                cells.tobytes(), cells.shape, self._standing[map_id], self._warps[map_id], self._abilities
            )
        return known

    def distances(self, map_id: MapId, starts: Iterable[Cell]) -> Mapping[Cell, int] | None:
        """Steps from the nearest of `starts` to every cell that can be reached; None for a map never seen."""
        if map_id not in self._collisions:
            return None
        kept = self._distances.setdefault(map_id, {})
        key = frozenset(starts)
        if key not in kept:
            cells = self._collisions[map_id].cells
            kept[key] = _distances_over(
                cells.tobytes(), cells.shape, self._standing[map_id], self._warps[map_id], self._abilities, key
            )
        return kept[key]

    def steps_to(self, map_id: MapId, goals: frozenset[Cell]) -> Mapping[Cell, int] | None:
        """Steps to the nearest of `goals` from every cell that has a way there; None for a map never seen."""
        collision = self._collisions.get(map_id)
        if collision is None:
            return None
        cells = collision.cells
        return _steps_to(
            cells.tobytes(), cells.shape, self._standing[map_id], self._warps[map_id], self._abilities, goals
        )

    def derived(self, map_id: MapId) -> dict[Hashable, Any]:
        """What was worked out from this map's ground, for the caller to fill; emptied when the map changes."""
        return self._derived[map_id]

    def _learn(self, state: GameState, map_id: MapId, collision: CollisionMap) -> None:
        if self._collisions.get(map_id) is collision:
            return
        self._collisions[map_id] = collision
        self._warps[map_id] = state.game.warp_cells(map_id)
        self._standing[map_id] = _standing(state, map_id, self._abilities)
        self._forget(map_id)

    def _forget(self, map_id: MapId) -> None:
        self._grounds.pop(map_id, None)
        self._distances.pop(map_id, None)
        self._derived.pop(map_id, None)


@lru_cache(maxsize=GROUNDS_KEPT)
def _ground(
    cells: bytes,
    shape: tuple[int, int],
    people: frozenset[Cell],
    warps: frozenset[Cell],
    abilities: FieldAbilities,
) -> MapGround:
    """Lanes and games with the same ground share it, and with it the moves that were found out."""
    return MapGround(
        np.frombuffer(cells, dtype=np.uint8).reshape(shape),
        people,
        warps,
        can_surf=abilities.can_surf,
        can_cut=abilities.can_cut,
        can_whirlpool=abilities.can_whirlpool,
        can_waterfall=abilities.can_waterfall,
    )


@lru_cache(maxsize=DISTANCES_KEPT)
def _distances_over(
    cells: bytes,
    shape: tuple[int, int],
    people: frozenset[Cell],
    warps: frozenset[Cell],
    abilities: FieldAbilities,
    starts: frozenset[Cell],
) -> Mapping[Cell, int]:
    """`walking_distances`; lanes and games with the same ground share the result."""
    return walking_distances(_ground(cells, shape, people, warps, abilities), starts)


@lru_cache(maxsize=GROUNDS_KEPT)
def _cells_before(
    cells: bytes,
    shape: tuple[int, int],
    people: frozenset[Cell],
    warps: frozenset[Cell],
    abilities: FieldAbilities,
) -> Mapping[Cell, Sequence[Cell]]:
    return cells_before(_ground(cells, shape, people, warps, abilities))


@lru_cache(maxsize=GOALS_KEPT)
def _steps_to(
    cells: bytes,
    shape: tuple[int, int],
    people: frozenset[Cell],
    warps: frozenset[Cell],
    abilities: FieldAbilities,
    goals: frozenset[Cell],
) -> Mapping[Cell, int]:
    before = _cells_before(cells, shape, people, warps, abilities)
    return steps_to(_ground(cells, shape, people, warps, abilities), before, goals)


def _standing(state: GameState, map_id: MapId, abilities: FieldAbilities) -> frozenset[Cell]:
    """The cells that people and things block for good on a map, by the flags of this state.

    Boulders do not where they can be pushed: whether they can be pushed out of the way is found out on the spot.
    """
    things = (one for one in state.game.maps[map_id].objects if not (one.is_boulder and abilities.can_push))
    return frozenset((thing.x, thing.y) for thing in things if not thing.roams and not _is_hidden(thing, state))


def _is_hidden(thing: MapObject, state: GameState) -> bool:
    flag = state.game.event_flags.get(thing.event) if thing.event else None
    return flag is not None and state.has_flag(flag.index)

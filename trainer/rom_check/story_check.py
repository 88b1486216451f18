"""The story: event flags that change are among those that the data say of whom the player met."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from core.game import terrain
from core.game.facts import Effects, GameMap, MapObject, Sign
from core.game.game_data import GameData
from core.game.state import GameState
from core.game.terrain import OFFSET
from core.vocabulary import Button, GameMode
from trainer.rom_check.game_check import Camera, GameCheck, cell_words
from trainer.rom_check.moments import Stretch

FLEETING: Final = "temporary"
"""Kind of the flags that a map's scripts use for themselves."""


class StoryCheck(GameCheck):
    """Flags."""

    name = "story"
    about = "event flags that change are effects of the person, sign, step or scene at hand"

    def __init__(self, game: GameData, camera: Camera) -> None:
        super().__init__(game, camera)
        self._names = {flag.index: name for name, flag in self.game.event_flags.items() if flag.kind != FLEETING}

    def on_stretch(self, stretch: Stretch) -> None:
        before, after = stretch.before, stretch.after
        if stretch.first.is_trial or before.event_flags == after.event_flags:
            return
        known = list(self._effects(stretch))
        sets = {name for one in known for name in (*one.sets, *_own_flags(one))}
        clears = {name for one in known for name in one.clears}
        where = f"{stretch.button.name} at {cell_words(before)}, facing {before.facing.name}"
        for index, name in self._names.items():
            is_set = after.has_flag(index)
            if before.has_flag(index) == is_set:
                continue
            allowed = sets if is_set else clears
            believed = f"{where}: can {'set' if is_set else 'clear'} {', '.join(sorted(allowed)) or 'no flag'}"
            seen = f"{name} was {'set' if is_set else 'cleared'}"
            self.judge(name in allowed, stretch.first, after, believed, seen, ("wEventFlags", index // 8))

    def _effects(self, stretch: Stretch) -> Iterator[Effects]:
        """All that can have brought something about: whom was spoken to, and what happens by itself."""
        yield from self.game.phone_calls.values()
        maps = {place.map for place in (*stretch.places, stretch.before.position)}
        for known in (self.game.maps[one] for one in maps if one in self.game.maps):
            yield from known.scene_scripts
            yield from known.boulder_holes
            cells = {(place.x, place.y) for place in stretch.places if place.map == known.id}
            yield from (one for one in known.triggers if (one.x, one.y) in cells)
            if GameMode.BATTLE in stretch.modes:
                yield from (one for one in known.objects if one.beat_event is not None)
        here = self.game.maps.get(stretch.before.map_id)
        if stretch.button is Button.A and here is not None:
            yield from _spoken_to(here, stretch.before)


def _spoken_to(known: GameMap, state: GameState) -> Iterator[Effects]:
    """Whom or what A reaches: in front of the player, or across a counter."""
    dx, dy = OFFSET[state.facing]
    cell = (state.position.x + dx, state.position.y + dy)
    cells = {cell}
    if state.collision_at(*cell) in terrain.COUNTERS:
        cells.add((cell[0] + dx, cell[1] + dy))
    numbers = {one.object_id for one in state.people if (one.x, one.y) in cells}
    yield from (one for one in known.objects if one.id in numbers)
    yield from (one for one in known.signs if (one.x, one.y) in cells)


def _own_flags(one: Effects) -> Iterator[str]:
    """What a row names beside its effects: by beating somebody, and by taking what lies there."""
    if isinstance(one, MapObject):
        if one.beat_event is not None:
            yield one.beat_event
        if one.kind == "item_ball" and one.event is not None:
            yield one.event
    elif isinstance(one, Sign) and one.item is not None and one.event is not None:
        yield one.event

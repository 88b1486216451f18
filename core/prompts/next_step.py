"""What to do for the next milestone, as an instruction: "reach Gatehouse, east of Fern Path".

A game's own instruction is taken where its data have one. Else it is made of what the milestone tests (a place, a
level, a number of creatures) and of whom or what the atlas names for it. Where a place lies is told by the places that
the player has seen; the rest is left to be found.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from core.game.objectives import Objective, Objectives
from core.vocabulary import MapId

if TYPE_CHECKING:
    from core.game.facts import GameMap
    from core.game.game_data import GameData
    from core.game.milestones import Milestone

PARTY_COUNT_SYMBOL: Final = "wPartyCount"
STORY_ENDED: Final = "the story is finished; go on training"
_EDGE: Final = 0.2
"""A door in this share of a map's width or height lies at that side."""
_OUTSIDE: Final = ("TOWN", "ROUTE")
"""Environments where sides mean something."""


class NextSteps:
    """The instructions of one game's milestones; asked once a prompt, so nothing is kept."""

    def __init__(self, game: GameData) -> None:
        self._game = game
        self._story: Objectives | None = None

    def instruction(self, milestone: Milestone | None, visited: Collection[MapId]) -> str:
        """One sentence without its full stop. `visited` are the maps that may be named as neighbours."""
        if milestone is None:
            return STORY_ENDED
        if milestone.goal != milestone.name:
            return milestone.goal
        if level := Objectives.wanted_level(milestone):
            return f"train the first creature of the party to level {level}"
        if self._story is None:
            self._story = Objectives(self._game.maps, self._game.milestones)
        objectives = self._story.objectives(milestone)
        if not objectives:
            count = _wanted_creatures(milestone)
            return f"have {count} creatures in the party" if count > 1 else milestone.name
        errand = self._errand(objectives[0], visited)
        return errand if objectives[0].subject is None else f"{errand}, for this: {milestone.name}"

    def _errand(self, objective: Objective, visited: Collection[MapId]) -> str:
        game = self._game
        where = self._where(objective.map, visited)
        if objective.object_id is not None:
            here = game.maps.get(objective.map)
            things = here.objects if here is not None else ()
            thing = next((one for one in things if one.id == objective.object_id), None)
            if thing is None:
                return f"look for somebody in {where}"
            if thing.kind == "item_ball":
                return f"pick up what lies in {where}"
            return f"{'beat' if thing.kind == 'trainer' or objective.fights else 'talk to'} {thing.name} in {where}"
        if objective.cell is not None:
            x, y = objective.cell
            verb = "push a boulder to" if objective.pushes is not None else "look at" if objective.press_a else "go to"
            return f"{verb} the spot ({x}, {y}) in {where}"
        return f"reach {where}"

    def _where(self, wanted: MapId, visited: Collection[MapId]) -> str:
        """The place's name, and where it lies as seen from a place that the player knows."""
        game = self._game
        name = game.map_name(wanted)
        for known in visited:
            here = game.maps.get(known)
            if here is None or known == wanted:
                continue
            for side in here.connections:
                if side.target == wanted:
                    return f"{name}, {side.direction} of {here.name}"
            for warp in here.warps:
                if warp.target == wanted:
                    return f"{name}, {_side_of(here, warp.x, warp.y)} {here.name}"
        return name


def _wanted_creatures(milestone: Milestone) -> int:
    counts = (one.value for one in milestone.conditions if one.kind == "value" and one.name == PARTY_COUNT_SYMBOL)
    return max(counts, default=0)


def _side_of(here: GameMap, x: int, y: int) -> str:
    """Where in a map a door is, as seen from its middle; of a house it says nothing where its doors are."""
    if here.environment not in _OUTSIDE:
        return "through a door of"
    sides = {"west": x / here.width, "east": 1 - (x + 1) / here.width}
    sides |= {"north": y / here.height, "south": 1 - (y + 1) / here.height}
    side = min(sides, key=sides.__getitem__)
    return f"{side} of" if sides[side] <= _EDGE else "through a door of"

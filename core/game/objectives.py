"""How a milestone is reached: from its conditions and the atlas to objectives on the map.

A milestone that is a place says so itself. One that is an event flag, or an item to own, is looked up among the people,
trainers, item balls, signs and steps whose data name that flag or item. Nothing is written down for a particular map;
where the data are silent there is no objective, and the planner explores.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.game.facts import GameMap
from core.game.milestones import Condition, Milestone
from core.vocabulary import MapId

LEAD_LEVEL_SYMBOL = "wPartyMon1Level"


@dataclass(frozen=True, slots=True)
class Objective:
    """Something to do at a place: reach the map, stand on a cell, face a cell and press A, or talk to an object."""

    map: MapId
    cell: tuple[int, int] | None = None
    object_id: int | None = None
    press_a: bool = False
    sets: tuple[str, ...] = ()
    """Event flags that doing it can set; once all of them are set, doing it again is in vain."""

    @property
    def subject(self) -> tuple[MapId, str] | None:
        """Whom or what one speaks to or stands on, as `LaneMemory` notes it; None for a map to reach."""
        if self.object_id is not None:
            return self.map, f"object {self.object_id}"
        if self.cell is None:
            return None
        return self.map, f"{'sign' if self.press_a else 'cell'} {self.cell[0]},{self.cell[1]}"


class Objectives:
    """The objectives of every milestone of one game."""

    def __init__(self, maps: Mapping[MapId, GameMap], milestones: Sequence[Milestone]) -> None:
        self._flag_objectives: defaultdict[str, list[Objective]] = defaultdict(list)
        self._item_objectives: defaultdict[str, list[Objective]] = defaultdict(list)
        self._read(maps)
        self._objectives = {
            milestone.id: tuple(objective for condition in milestone.conditions for objective in self._of(condition))
            for milestone in milestones
        }

    def objectives(self, milestone: Milestone) -> tuple[Objective, ...]:
        """What leads to this milestone, alternatives side by side; empty when the data do not tell."""
        return self._objectives.get(milestone.id, ())

    @staticmethod
    def wanted_level(milestone: Milestone) -> int:
        """The level that the milestone asks of the first creature; 0 when it asks none."""
        levels = (one.value for one in milestone.conditions if one.kind == "value" and one.name == LEAD_LEVEL_SYMBOL)
        return max(levels, default=0)

    def _read(self, maps: Mapping[MapId, GameMap]) -> None:
        for place in maps.values():
            for thing in place.objects:
                objective = Objective(place.id, object_id=thing.id, sets=thing.sets)
                flags = (*thing.sets, thing.beat_event, thing.event if thing.kind == "item_ball" else None)
                for flag in flags:
                    if flag is not None:
                        self._flag_objectives[flag].append(objective)
                for item in (*thing.gives, thing.item):
                    if item is not None:
                        self._item_objectives[item].append(objective)
            for sign in place.signs:
                objective = Objective(place.id, cell=(sign.x, sign.y), press_a=True, sets=sign.sets)
                for flag in (*sign.sets, sign.event):
                    if flag is not None:
                        self._flag_objectives[flag].append(objective)
                if sign.item is not None:
                    self._item_objectives[sign.item].append(objective)
            for trigger in place.triggers:
                for flag in trigger.sets:
                    objective = Objective(place.id, cell=(trigger.x, trigger.y), sets=trigger.sets)
                    self._flag_objectives[flag].append(objective)

    def _of(self, condition: Condition) -> tuple[Objective, ...]:
        """What one condition by itself tells of the way."""
        match condition.kind:
            case "map_reached" | "scene_id" if condition.map is not None:
                return (Objective(condition.map),)
            case "event_flag":
                return tuple(self._flag_objectives.get(condition.name, ()))
            case "item_owned":
                return tuple(self._item_objectives.get(condition.name, ()))
            case _:
                return ()

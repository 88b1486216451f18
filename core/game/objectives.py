"""How a milestone is reached: from its conditions and the atlas to objectives on the map.

A milestone that is a place says so itself. One that is an event flag, an engine flag, a badge, a scene or an item to
own is looked up among the people, trainers, item balls, signs, steps and scenes whose data name it; a clerk is asked
only for what nobody gives. Nothing is written down for a particular map; where the data are silent there is no
objective, and the planner explores.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.game.facts import BoulderHole, Effects, GameMap, MapObject, SceneScript, Sign, Trigger
from core.game.milestones import Condition, Milestone
from core.vocabulary import MapId

LEAD_LEVEL_SYMBOL = "wPartyMon1Level"
BADGE_PREFIX = "ENGINE_"
"""What pret puts before the name of a badge among the engine flags."""


@dataclass(frozen=True, slots=True)
class Objective:
    """Something to do at a place.

    To reach the map, stand on a cell, face a cell and press A, talk to an object, or push a boulder onto a cell.
    """

    map: MapId
    cell: tuple[int, int] | None = None
    object_id: int | None = None
    press_a: bool = False
    sets: tuple[str, ...] = ()
    """Event flags that doing it can set; once all of them are set, doing it again is in vain."""
    fights: tuple[str, ...] = ()
    """Trainers (their keys) whom doing it can bring on, one of them at a time."""
    buys: str | None = None
    """The item (its key) that is to be bought there."""
    pushes: int | None = None
    """The object that is a boulder to be pushed onto `cell`, a hole; None where nothing is pushed."""

    @classmethod
    def talk(cls, place: GameMap, thing: MapObject) -> Objective:
        """Somebody is talked to, or something lying there is taken."""
        return cls(place.id, object_id=thing.id, sets=thing.sets, fights=thing.fights)

    @classmethod
    def read(cls, place: GameMap, sign: Sign) -> Objective:
        """A sign is looked at, or something hidden is found."""
        return cls(place.id, cell=(sign.x, sign.y), press_a=True, sets=sign.sets, fights=sign.fights)

    @classmethod
    def step_on(cls, place: GameMap, step: Trigger) -> Objective:
        """A step that may start a scene."""
        return cls(place.id, cell=(step.x, step.y), sets=step.sets, fights=step.fights)

    @classmethod
    def enter(cls, place: GameMap, script: SceneScript) -> Objective:
        """A map on whose entering something happens."""
        return cls(place.id, fights=script.fights)

    @classmethod
    def push(cls, place: GameMap, hole: BoulderHole) -> Objective:
        """A boulder is pushed into its hole."""
        return cls(place.id, cell=(hole.x, hole.y), sets=hole.sets, pushes=hole.object_id)

    @property
    def subject(self) -> tuple[MapId, str] | None:
        """Whom or what one speaks to or stands on, as `LaneMemory` notes it; None for a map to reach."""
        if self.object_id is not None:
            return self.map, f"object {self.object_id}"
        if self.cell is None:
            return None
        return self.map, f"{'sign' if self.press_a else 'cell'} {self.cell[0]},{self.cell[1]}"


def own_flags(effects: Effects) -> tuple[str, ...]:
    """Event flags that a row names beside its effects: a trainer's, an item ball's, a hidden item's."""
    if isinstance(effects, MapObject):
        ball = effects.event if effects.kind == "item_ball" else None
        return tuple(one for one in (effects.beat_event, ball) if one is not None)
    return (effects.event,) if isinstance(effects, Sign) and effects.event is not None else ()


class Objectives:
    """The objectives of every milestone of one game."""

    def __init__(self, maps: Mapping[MapId, GameMap], milestones: Sequence[Milestone]) -> None:
        self._by_event_flag: defaultdict[str, list[Objective]] = defaultdict(list)
        self._by_engine_flag: defaultdict[str, list[Objective]] = defaultdict(list)
        self._by_scene: defaultdict[tuple[MapId, int], list[Objective]] = defaultdict(list)
        self._by_gift: defaultdict[str, list[Objective]] = defaultdict(list)
        self._by_ware: defaultdict[str, list[Objective]] = defaultdict(list)
        self._by_cleared_flag: defaultdict[str, list[Objective]] = defaultdict(list)
        for place in maps.values():
            self._read(place)
        self._scene_maps = {one.scene_symbol: one.id for one in maps.values() if one.scene_symbol is not None}
        self._objectives = {
            milestone.id: tuple(
                dict.fromkeys(objective for condition in milestone.conditions for objective in self._of(condition))
            )
            for milestone in milestones
        }

    def objectives(self, milestone: Milestone) -> tuple[Objective, ...]:
        """What leads to this milestone, alternatives side by side; empty when the data do not tell."""
        return self._objectives.get(milestone.id, ())

    def showing(self, flag: str) -> tuple[Objective, ...]:
        """What can clear an event flag, so that whom it hides appears; empty when the data do not tell."""
        return tuple(dict.fromkeys(self._by_cleared_flag.get(flag, ())))

    @staticmethod
    def wanted_level(milestone: Milestone) -> int:
        """The level that the milestone asks of the first creature; 0 when it asks none."""
        levels = (one.value for one in milestone.conditions if one.kind == "value" and one.name == LEAD_LEVEL_SYMBOL)
        return max(levels, default=0)

    def _read(self, place: GameMap) -> None:
        for thing in place.objects:
            self._note(Objective.talk(place, thing), thing, thing.item)
        for sign in place.signs:
            self._note(Objective.read(place, sign), sign, sign.item)
        for trigger in place.triggers:
            self._note(Objective.step_on(place, trigger), trigger)
        for hole in place.boulder_holes:
            self._note(Objective.push(place, hole), hole)
        for script in place.scene_scripts:
            if script.scene is not None:  # what any loading brings about is nobody's aim
                self._note(Objective.enter(place, script), script)

    def _note(self, objective: Objective, effects: Effects, item: str | None = None) -> None:
        """Files an objective under all that it brings about: its effects, and flags and an item of its own."""
        for name in (*effects.sets, *own_flags(effects)):
            self._by_event_flag[name].append(objective)
        for name in effects.clears:
            self._by_cleared_flag[name].append(objective)
        for name in effects.engine:
            self._by_engine_flag[name].append(objective)
        for scene in effects.scenes:
            self._by_scene[scene].append(objective)
        for name in (*effects.gives, item):
            if name is not None:
                self._by_gift[name].append(objective)
        for name in effects.sells:
            self._by_ware[name].append(replace(objective, buys=name))

    def _of(self, condition: Condition) -> Sequence[Objective]:
        """What one condition by itself tells of the way."""
        match condition.kind:
            case "event_flag":
                return self._by_event_flag.get(condition.name, ())
            case "engine_flag":
                return self._by_engine_flag.get(condition.name, ())
            case "badge":
                return self._by_engine_flag.get(BADGE_PREFIX + condition.name, ())
            case "item_owned":
                return self._by_gift.get(condition.name) or self._by_ware.get(condition.name, ())
            case "scene_id" if condition.name in self._scene_maps:
                place = self._scene_maps[condition.name]
                return self._by_scene.get((place, condition.value)) or (Objective(place),)
            case "map_reached" if condition.map is not None:
                return (Objective(condition.map),)
            case "place" if condition.map is not None:
                return (Objective(condition.map, cell=condition.cell),)
            case _:
                return ()

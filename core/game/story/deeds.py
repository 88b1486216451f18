"""All that a player can do for the story of a game, as actions of a planning problem.

An action has facts that it needs and facts that it makes true. A deed is done at a place (talk to somebody, read
something, step somewhere, push a boulder into its hole, teach a move) or happens by itself (on entering, by phone); a
passage leads from one area of a map to another. Nothing here is written down for a particular map.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from core.game.facts import (
    MAIN_AREA,
    NO_PRECONDITIONS,
    Area,
    ConditionalEffects,
    Effects,
    FlyPlace,
    GameMap,
    MapObject,
    Preconditions,
    Sign,
)
from core.game.game_data import GameData
from core.game.objectives import Objective, own_flags
from core.vocabulary import MapId


class Fact(NamedTuple):
    """Something that is true or not: `kind` says what `about` and `value` mean.

    "has", "lacks": an event flag, engine flag or item by its name. "scene": the current scene of a map. "at": the
    player can be in an area of a map; "in": in any. "map": a map has been reached. "badges": at least so many.
    "move": somebody can use it outside fights. "call": a phone call is to come. "visited": one can fly to that map.
    """

    kind: str
    about: str | MapId
    value: int | str = 0


NOWHERE: Final = MapId(0, 0)
EDGE_OF: Final = {"north": "south", "south": "north", "west": "east", "east": "west"}


@dataclass(frozen=True, slots=True)
class Operator:
    """Something that can be done once all of `needs` are true; then all of `adds` are.

    `effects` is what a deed brings about; None for a passage, which can be a ride that does nothing else.
    """

    needs: tuple[Fact, ...]
    adds: tuple[Fact, ...]
    cost: int
    effects: ConditionalEffects | None = None
    objective: Objective | None = None
    """Where and how it is done; None for a passage and for what happens by itself, anywhere."""
    badges: tuple[int, int] = (0, 16)
    """The fewest and the most badges with which it happens."""
    teaches: str | None = None
    """The move that it teaches."""
    by_itself: bool = False
    """Whether it happens without being aimed at: on entering, or by phone."""

    @property
    def is_passage(self) -> bool:
        return self.effects is None and self.teaches is None


PASSAGE_COST: Final = 1
DEED_COST: Final = 3
FLIGHT_COST: Final = 6


@dataclass(slots=True)
class _Places:
    """Which area of a map things belong to."""

    warps: dict[int, str] = field(default_factory=dict[int, str])
    edges: dict[str, str] = field(default_factory=dict[str, str])
    objects: dict[int, str] = field(default_factory=dict[int, str])
    signs: dict[int, str] = field(default_factory=dict[int, str])
    steps: dict[int, str] = field(default_factory=dict[int, str])

    @classmethod
    def of(cls, areas: tuple[Area, ...]) -> _Places:
        places = cls()
        for area in areas:
            places.warps.update(dict.fromkeys(area.warps, area.name))
            places.edges.update(dict.fromkeys(area.edges, area.name))
            places.objects.update(dict.fromkeys(area.objects, area.name))
            places.signs.update(dict.fromkeys(area.signs, area.name))
            places.steps.update(dict.fromkeys(area.steps, area.name))
        return places


class StoryDeeds:
    """The actions of one game, made once."""

    def __init__(self, game: GameData) -> None:
        self._game = game
        self._places = {one.id: _Places.of(one.areas) for one in game.maps.values()}
        self.actions: tuple[Operator, ...] = tuple(self._all())
        adding: defaultdict[Fact, list[Operator]] = defaultdict(list)
        for action in self.actions:
            for fact in action.adds:
                adding[fact].append(action)
        self.adding = {fact: tuple(actions) for fact, actions in adding.items()}
        """The actions that make a fact true."""

    def area_of_entry(self, map_id: MapId, entry: str) -> str:
        """The area behind an exit of a map, given the exit's key: "warp 3", or the edge's direction."""
        places = self._places.get(map_id)
        if places is None:
            return MAIN_AREA
        kind, _, number = entry.partition(" ")
        return places.warps.get(int(number), MAIN_AREA) if kind == "warp" else places.edges.get(entry, MAIN_AREA)

    def _all(self) -> Iterator[Operator]:
        for place in self._game.maps.values():
            yield from self._passages(place)
            yield from self._deeds(place)
        for key, call in self._game.phone_calls.items():
            yield from _actions(call, None, (Fact("call", key),), by_itself=True)
        for ability in self._game.field_abilities:
            if ability.machine is not None and ability.move is not None:
                move = self._game.moves[ability.move].key
                badge = (Fact("has", ability.badge_flag),) if ability.badge_flag is not None else ()
                yield Operator((Fact("has", ability.machine), *badge), (Fact("move", move),), DEED_COST, teaches=move)
        for place in self._game.fly_places:
            if place.map not in self._game.maps:
                continue
            adds = _arrivals(place.map, self._landing_area(place))
            yield Operator((Fact("visited", place.map), Fact("move", "FLY")), adds, FLIGHT_COST)

    def _landing_area(self, place: FlyPlace) -> str:
        """The area of the door that is nearest to where one lands, a healer's."""
        doors = self._game.maps[place.map].warps
        door = min(doors, key=lambda one: abs(one.x - place.x) + abs(one.y - place.y), default=None)
        return self._places[place.map].warps.get(door.id, MAIN_AREA) if door is not None else MAIN_AREA

    def _passages(self, place: GameMap) -> Iterator[Operator]:
        places = self._places[place.id]
        for warp in place.warps:
            target = self._game.maps.get(warp.target)
            if target is None or not 0 < warp.target_warp <= len(target.warps):
                continue
            if target.warps[warp.target_warp - 1].target_warp < 1 and not target.is_elevator:
                continue  # it leads back to where one came from, so it is on no way
            end = self._places[target.id].warps.get(warp.target_warp, MAIN_AREA)
            yield _passage(place.id, places.warps.get(warp.id, MAIN_AREA), target.id, end)
            if target.is_elevator:
                yield _passage(target.id, MAIN_AREA, place.id, places.warps.get(warp.id, MAIN_AREA))
        for side in place.connections:
            end = self._places[side.target].edges.get(EDGE_OF[side.direction], MAIN_AREA)
            yield _passage(place.id, places.edges.get(side.direction, MAIN_AREA), side.target, end)
        for gate in place.gates:
            for start, end in ((gate.start, gate.end), (gate.end, gate.start))[: 1 if gate.one_way else 2]:
                yield _passage(place.id, start, place.id, end, gate.needs)

    def _deeds(self, place: GameMap) -> Iterator[Operator]:
        places = self._places[place.id]
        for thing in place.objects:
            there = Fact("at", place.id, places.objects.get(thing.id, MAIN_AREA))
            shown = (Fact("lacks", thing.event),) if thing.event is not None else ()
            yield from _actions(thing, Objective.talk(place, thing), (there, *shown))
        for number, sign in enumerate(place.signs, start=1):
            there = Fact("at", place.id, places.signs.get(number, MAIN_AREA))
            yield from _actions(sign, Objective.read(place, sign), (there,))
        for number, step in enumerate(place.triggers, start=1):
            there = Fact("at", place.id, places.steps.get(number, MAIN_AREA))
            scene = (Fact("scene", place.id, step.scene),) if step.scene is not None else ()
            yield from _actions(step, Objective.step_on(place, step), (there, *scene))
        for script in place.scene_scripts:
            scene = (Fact("scene", place.id, script.scene),) if script.scene is not None else ()
            yield from _actions(script, Objective.enter(place, script), (Fact("in", place.id), *scene), by_itself=True)
        for hole in place.boulder_holes:
            yield from _actions(hole, Objective.push(place, hole), (Fact("at", place.id, MAIN_AREA),))


def _passage(
    start: MapId, start_area: str, end: MapId, end_area: str, needs: Preconditions = NO_PRECONDITIONS
) -> Operator:
    return Operator(
        (Fact("at", start, start_area), *facts_of(needs)),
        _arrivals(end, end_area),
        PASSAGE_COST,
        badges=needs.badges,
    )


def _arrivals(place: MapId, area: str) -> tuple[Fact, ...]:
    return Fact("at", place, area), Fact("in", place), Fact("map", place)


def _actions(
    effects: Effects, objective: Objective | None, needs: tuple[Fact, ...], by_itself: bool = False
) -> Iterator[Operator]:
    """One action for each outcome; for effects without conditions, one. Buying is an action for each of the wares."""
    for outcome in _outcomes(effects):
        adds = tuple(_made_true(outcome))
        if adds and all(fact.kind in ("at", "in", "map") for fact in adds):
            yield Operator((*needs, *facts_of(outcome.needs)), adds, DEED_COST, badges=outcome.needs.badges)  # a ride
        elif adds:
            yield Operator(
                (*needs, *facts_of(outcome.needs)),
                adds,
                DEED_COST,
                outcome,
                objective,
                outcome.needs.badges,
                by_itself=by_itself,
            )
    if objective is not None:
        for ware in effects.sells:
            bought = ConditionalEffects(gives=(ware,))
            yield Operator(needs, (Fact("has", ware),), DEED_COST, bought, replace(objective, buys=ware))


def _outcomes(effects: Effects) -> Iterator[ConditionalEffects]:
    """What happens in each case, with what the row itself names: a trainer's flag, an item that lies there."""
    own, item = own_flags(effects), effects.item if isinstance(effects, MapObject | Sign) else None
    always = ConditionalEffects(
        sets=own,
        gives=(item,) if item is not None else (),
        fights=effects.fights if not effects.outcomes else (),
        needs=Preconditions(absent=own),
    )
    if effects.outcomes:
        yield from effects.outcomes
        if own and not any(flag in one.sets for flag in own for one in effects.outcomes):
            yield always
        return
    yield ConditionalEffects(
        sets=tuple(dict.fromkeys((*effects.sets, *own))),
        clears=effects.clears,
        gives=(*effects.gives, *always.gives),
        fights=effects.fights,
        engine=effects.engine,
        scenes=effects.scenes,
        leads_to=effects.leads_to,
        takes=effects.takes,
        engine_off=effects.engine_off,
        calls=effects.calls,
        needs=always.needs,
    )


def facts_of(needs: Preconditions) -> Iterator[Fact]:
    """What must be true, fact by fact."""
    yield from (Fact("has", name) for name in needs.present)
    yield from (Fact("lacks", name) for name in needs.absent)
    yield from (Fact("scene", place, number) for place, number in needs.scenes)
    yield from (Fact("move", name) for name in needs.moves)
    if needs.badges[0] > 0:
        yield Fact("badges", NOWHERE, needs.badges[0])


def _made_true(effects: Effects) -> Iterator[Fact]:
    """What is true afterwards. Items that are taken may be had again, so only what is lacked then counts."""
    for name in (*effects.sets, *effects.engine, *effects.gives):
        yield Fact("has", name)
    for name in (*effects.clears, *effects.engine_off, *effects.takes):
        yield Fact("lacks", name)
    for place, number in effects.scenes:
        yield Fact("scene", place, number)
    for place in effects.leads_to:
        yield Fact("at", place, MAIN_AREA)
        yield Fact("in", place)
        yield Fact("map", place)
    for name in effects.calls:
        yield Fact("call", name)

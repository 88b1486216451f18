"""Whether a game's data lead through its story: python -m benchmarks.story_walk [--game crystal]

From the first free moment to the last milestone: the planner's order names the next one, its nearest objective is done,
and what that brings about is noted. No emulator and no ROM is needed; the walk speaks of the data alone.

It checks that every required milestone has an objective, that doors, edges and rides join the places in turn, that
somebody who is hidden by a flag has been shown before, and that what an objective brings about makes the milestone
true.

It does not check walls, water and obstacles, what a deed needs (items, badges, answers, the order of talks), whether a
fight is won, people whom callbacks and phone calls move, or the numbers in RAM (`value`). All that a script may bring
about, it brings about here, except what later milestones test: that waits for its turn. So a walk that comes to an end
does not show that the game can be played through; one that stops shows what the data lack.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from rich.console import Console as Terminal
from rich.table import Table

from core.game.facts import Effects, GameMap, MapObject, Sign
from core.game.game_data import GameData, load_game
from core.game.milestones import Condition, Milestone
from core.game.objectives import BADGE_PREFIX, Objective
from core.game.profile import game_named, known_profiles
from core.navigation.travel import Route, TravelMemory, WorldGraph
from core.rules.planning.story_planner import next_milestone
from core.vocabulary import MapId, Position


def _tested(condition: Condition) -> str | tuple[str, int]:
    """What a condition is about, as effects name it."""
    if condition.kind == "scene_id":
        return condition.name, condition.value
    return BADGE_PREFIX + condition.name if condition.kind == "badge" else condition.name


@dataclass
class Story:
    """How far one symbolic game has come."""

    game: GameData
    flags: set[str] = field(default_factory=set[str])
    engine: set[str] = field(default_factory=set[str])
    items: set[str] = field(default_factory=set[str])
    scenes: dict[MapId, int] = field(default_factory=dict[MapId, int])
    """The current scene of a map; 0 where none was set."""
    visited: set[MapId] = field(default_factory=set[MapId])
    reached: list[str] = field(default_factory=list[str])
    _was_false: set[str] = field(default_factory=set[str], init=False)

    @cached_property
    def clearable(self) -> frozenset[str]:
        """Flags that something in the data clears. Others that hide people are cleared by phone calls."""
        effects = (one for place in self.game.maps.values() for one in _all_effects(place))
        return frozenset(flag for one in effects for flag in one.clears)

    def hidden_by(self, objective: Objective) -> str | None:
        """The flag that hides the objective's person now; None where nobody is hidden."""
        thing = _thing(self.game.maps[objective.map], objective)
        flag = thing.event if isinstance(thing, MapObject) else None
        return flag if flag in self.flags & self.clearable else None

    def holds(self, milestone: Milestone) -> bool:
        """Whether the conditions are true; a number in RAM never is."""
        tests = [self._holds(condition) for condition in milestone.conditions]
        return all(tests) if milestone.needs_all else any(tests)

    def _holds(self, condition: Condition) -> bool:
        match condition.kind:
            case "event_flag":
                return condition.name in self.flags
            case "engine_flag" | "badge":
                return _tested(condition) in self.engine
            case "item_owned":
                return condition.name in self.items
            case "map_reached":
                return condition.map in self.visited
            case "scene_id":
                maps = (one.id for one in self.game.maps.values() if one.scene_symbol == condition.name)
                return any(self.scenes.get(one, 0) == condition.value for one in maps)
            case _:
                return False

    def note_reached(self) -> None:
        """Latches what is true now; what waits for another milestone must have been false since."""
        for milestone in self.game.milestones:
            if milestone.id in self.reached or (milestone.only_after and milestone.only_after not in self.reached):
                continue
            if not self.holds(milestone):
                self._was_false.add(milestone.id)
            elif milestone.only_after is None or milestone.id in self._was_false:
                self.reached.append(milestone.id)

    def apply(self, effects: Effects, milestone: Milestone) -> None:
        """What it may bring about, but for the deeds of later milestones; what it both sets and clears hides nobody."""
        later = self._tested_later(milestone)
        flags = {*effects.sets, *self._own_flags(effects)}
        gifts = {*effects.gives, *effects.sells}
        if isinstance(effects, MapObject | Sign) and effects.item is not None:
            gifts.add(effects.item)
        self.flags = (self.flags | {one for one in flags if one not in later}) - set(effects.clears)
        self.engine |= {one for one in effects.engine if one not in later}
        self.items |= {one for one in gifts if one not in later}
        for place, number in effects.scenes:
            if (self.game.maps[place].scene_symbol or "", number) not in later:
                self.scenes[place] = number

    @staticmethod
    def _own_flags(effects: Effects) -> Iterator[str]:
        """Flags that a row names beside its effects: a trainer's, an item ball's, a hidden item's."""
        if isinstance(effects, MapObject) and effects.beat_event is not None:
            yield effects.beat_event
        is_find = isinstance(effects, Sign) or (isinstance(effects, MapObject) and effects.kind == "item_ball")
        if is_find and isinstance(effects, MapObject | Sign) and effects.event is not None:
            yield effects.event

    def _tested_later(self, milestone: Milestone) -> set[str | tuple[str, int]]:
        """Names, and scenes as (symbol, number), that milestones after this one test and this one does not."""
        later = (test for one in self.game.milestones[milestone.number :] for test in one.conditions)
        return {_tested(test) for test in later} - {_tested(test) for test in milestone.conditions}

    def enter(self, place: GameMap, milestone: Milestone) -> None:
        """Steps onto a map: its scenes happen."""
        self.visited.add(place.id)
        self.note_reached()
        for script in place.scene_scripts:
            self.apply(script, milestone)


@dataclass(frozen=True)
class Row:
    """One milestone of the walk and what was done for it; `trouble` says why it was not reached."""

    milestone: Milestone
    deed: str
    trouble: str = ""


def walk(game: GameData) -> Iterator[Row]:
    """The milestones in the planner's order with what was done for each, up to the first that is not reached."""
    story = Story(game, {name for name, flag in game.event_flags.items() if flag.set_at_new_game})
    graph, first = WorldGraph(game), game.milestones[0]
    position = Position(first.target_map or next(iter(game.maps)), 0, 0)
    story.reached.append(first.id)
    story.enter(game.maps[position.map], first)
    yield Row(first, "the game begins")
    told = set(story.reached)
    while (milestone := next_milestone(game.milestones, story.reached)) is not None:
        row, position = _towards(milestone, story, graph, position)
        for one in game.milestones:
            if one.id in story.reached and one.id not in told and one.id != milestone.id:
                yield Row(one, "by itself")
        told.update(story.reached)
        yield row
        if row.trouble:
            return


def _towards(milestone: Milestone, story: Story, graph: WorldGraph, position: Position) -> tuple[Row, Position]:
    """The nearest objectives of a milestone done in turn, until it is reached."""
    game = story.game
    objectives = game.objectives.objectives(milestone)
    hiding = [flag for flag in map(story.hidden_by, objectives) if flag is not None]
    before = ""
    if objectives and len(hiding) == len(objectives):
        showing = [one for flag in hiding for one in game.objectives.showing(flag)]
        for objective in _nearest_first(showing, story, graph, position, []):
            position = _do(objective, milestone, story)
            before = f"{describe(game, objective)}, then "
            break
    troubles: list[str] = []
    for objective in _nearest_first(objectives, story, graph, position, troubles):
        position, name = _do(objective, milestone, story), before + describe(game, objective)
        if milestone.id in story.reached:
            return Row(milestone, name), position
        troubles.append(f"{name}: done, and it is not reached")
    if not troubles and game.objectives.wanted_level(milestone):
        story.reached.append(milestone.id)
        return Row(milestone, f"trained to level {game.objectives.wanted_level(milestone)}"), position
    return Row(milestone, "", "; ".join(troubles) or "no objective"), position


def _nearest_first(
    objectives: Sequence[Objective], story: Story, graph: WorldGraph, position: Position, troubles: list[str]
) -> list[Objective]:
    """The objectives that are there and that a way leads to; what is wrong with the others goes into `troubles`."""
    game = story.game
    ways: list[tuple[int, int, Objective]] = []
    for number, objective in enumerate(objectives):
        flag = story.hidden_by(objective)
        cost = _cost(game, graph, position, objective.map)
        if flag is not None:
            troubles.append(f"{describe(game, objective)}: hidden by {flag}")
        elif cost is None:
            here = game.map_name(position.map)
            troubles.append(f"{describe(game, objective)}: no way of doors, edges and one ride from {here}")
        else:
            ways.append((cost, number, objective))
    return [objective for _, _, objective in sorted(ways, key=lambda way: way[:2])]


def _do(objective: Objective, milestone: Milestone, story: Story) -> Position:
    """Goes there and does it; where the player is then."""
    place = story.game.maps[objective.map]
    story.enter(place, milestone)
    thing = _thing(place, objective)
    if thing is not None:
        story.apply(thing, milestone)
    story.note_reached()
    return Position(place.id, *(objective.cell or (0, 0)))


def _cost(game: GameData, graph: WorldGraph, start: Position, target: MapId) -> int | None:
    """Actions to a map by doors and edges; where there is no such way, with one ride that somebody there can give."""
    direct = graph.route(start, target, TravelMemory(), 0)
    if isinstance(direct, Route):
        return direct.cost
    found: list[int] = []
    for place in game.maps.values():
        for landing in {one for effects in _all_effects(place) for one in effects.leads_to}:
            there = graph.route(start, place.id, TravelMemory(), 0)
            on = graph.route(Position(landing, 0, 0), target, TravelMemory(), 0)
            if isinstance(there, Route) and isinstance(on, Route):
                found.append(there.cost + on.cost)
    return min(found, default=None)


def _all_effects(place: GameMap) -> tuple[Effects, ...]:
    return (*place.objects, *place.signs, *place.triggers, *place.scene_scripts)


def _thing(place: GameMap, objective: Objective) -> Effects | None:
    """What the objective talks to, looks at or stands on; None where it is a map to reach."""
    if objective.object_id is not None:
        return next(one for one in place.objects if one.id == objective.object_id)
    spots = place.signs if objective.press_a else place.triggers
    return next((one for one in spots if (one.x, one.y) == objective.cell), None)


def describe(game: GameData, objective: Objective) -> str:
    """The objective in words: the map, and the person or spot."""
    place = game.maps[objective.map]
    thing = _thing(place, objective)
    if isinstance(thing, MapObject):
        return f"{place.key}, {thing.sprite.removeprefix('SPRITE_').lower()} {thing.id}"
    return place.key if objective.cell is None else f"{place.key}, ({objective.cell[0]}, {objective.cell[1]})"


def main() -> int:
    """Prints the walk; 1 when a required milestone is not reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--game", default="crystal", choices=[one.name for one in known_profiles()])
    game = load_game(game_named(parser.parse_args().game))
    rows = list(walk(game))
    table = Table("", "milestone", "deed", title=f"The story of {game.name} by its data")
    for row in rows:
        table.add_row(str(row.milestone.number), row.milestone.id, row.deed or f"[red]{row.trouble}[/red]")
    out = Terminal()
    out.print(table)
    required = [one.id for one in game.milestones if not one.optional]
    done = {row.milestone.id for row in rows if not row.trouble}
    out.print(f"{sum(one in done for one in required)} of {len(required)} required milestones")
    if rows[-1].trouble:
        out.print(f"blocked at {rows[-1].milestone.id}: {rows[-1].trouble}")
    return int(bool(rows[-1].trouble))


if __name__ == "__main__":
    sys.exit(main())

"""What to work toward now: the next milestone of the story, unless a need comes first.

Milestones are data: each names how it is detected and, where that does not say how to get there, a `how`. From these
and the atlas the planner makes goals in one currency, an `Option` with a value, a reason and a place, so that rules,
language models and displays speak of the same thing. Nothing here knows a particular map.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from core.lane_memory import LaneMemory
from core.story import Errand, StoryGuide
from core.travel import WorldGraph
from core.vocabulary import MapId, Option, OptionKind, Position

if TYPE_CHECKING:
    from core.game.milestones import Milestone
    from core.game.party import PartyMember
    from core.game.state import GameState
    from core.game.world import GameMap, MapObject, World

ANYWHERE = -1
"""x and y of a position that means "anywhere on this map"."""
HEAL_BELOW = 0.5
"""Share of the lead's HP below which a rest is worth a way."""
LEAST_NEED = 0.1
NEAR_ACTIONS = 60
"""A way that costs this many actions halves the value of a convenience."""


class GoalKind(StrEnum):
    """Why one would do it."""

    STORY = "story"
    HEAL = "heal"
    TRAIN = "train"
    PICK_UP = "pick_up"
    EXPLORE = "explore"


@dataclass(frozen=True, slots=True)
class PlannedGoal:
    """Something worth doing. `option` is the next errand toward it; its `value` is the urgency, 0 to 1."""

    kind: GoalKind
    text: str
    """One sentence: what and why."""
    option: Option
    milestone_id: str | None = None

    @property
    def urgency(self) -> float:
        return self.option.value


class GoalOrientedPlanner:
    """Documented planner. Without a world it plans nothing; with one it serves any number of lanes.

    Args:
        world: the atlas and rule book of the game.
        milestones: the story in order.
        graph: the world's doors, shared with the travellers; built from `world` when not given.
    """

    def __init__(
        self, world: World | None = None, milestones: Sequence[Milestone] = (), graph: WorldGraph | None = None
    ) -> None:
        self.world = world
        self.milestones = tuple(milestones)
        self.graph = graph or (WorldGraph(world) if world is not None else None)
        self._story = StoryGuide(world, self.milestones) if world is not None else None

    def goals(
        self, state: GameState, reached: Collection[str], memory: LaneMemory, seed: int = 0
    ) -> tuple[PlannedGoal, ...]:
        """All goals now, most urgent first. `reached` are milestone ids, `seed` settles free choices (the starter)."""
        if self.world is None or self.graph is None:
            return ()
        distances = {
            map_id: cost for cost, map_id in self.graph.maps_by_distance(state.position, memory.travel, memory.step)
        }
        found = [
            *self._story_goals(state, reached, memory, seed),
            *self._heal_goals(state, memory, distances),
            *self._train_goals(state, memory, distances),
            *self._pick_up_goals(state, memory),
            *self._explore_goals(state, memory, distances),
        ]
        kept = [goal for goal in found if not memory.is_abandoned(goal.option.key)]
        return tuple(sorted(kept, key=lambda goal: -goal.urgency))

    def current_goal(
        self, state: GameState, reached: Collection[str], memory: LaneMemory | None = None
    ) -> PlannedGoal | None:
        """The most urgent goal, or None when there is nothing to plan for."""
        return next(iter(self.goals(state, reached, memory or LaneMemory())), None)

    def next_milestone(self, reached: Collection[str]) -> Milestone | None:
        """The first required milestone that is not reached; None at the end of the story."""
        return next((one for one in self.milestones if not one.optional and one.id not in reached), None)

    def _story_goals(
        self, state: GameState, reached: Collection[str], memory: LaneMemory, seed: int
    ) -> Iterator[PlannedGoal]:
        milestone = self.next_milestone(reached)
        if milestone is None or self._story is None:
            return
        errands = [errand for errand in self._story.errands(milestone) if not self._gone(errand, state)]
        level = max([self._story.wanted_level(milestone), *(self._trainer_level(errand) for errand in errands)])
        memory.wanted_level = max(memory.wanted_level, level)
        for rank in range(len(errands)):
            errand = errands[(rank + seed) % len(errands)]
            tried = errand.subject is not None and memory.has_spoken(errand.subject)
            spent = len(errands) > 1 and self._is_spent(errand, milestone, state)
            value = (0.3 if tried or spent else 0.8) - 0.02 * rank
            option = replace(self._errand_option(errand), value=value)
            yield PlannedGoal(GoalKind.STORY, f"{milestone.name}: {option.label}", option, milestone.id)

    def _trainer_level(self, errand: Errand) -> int:
        """The level of the strongest creature of the trainer whom the errand leads to; 0 if it leads to none."""
        assert self.world is not None
        thing = self._object(errand.map, errand.object_id) if errand.object_id is not None else None
        if thing is None:
            return 0
        spoken = max((self.world.trainer_levels_by_key.get(key, 0) for key in thing.fights), default=0)
        if thing.trainer_class is None or thing.trainer_id is None:
            return spoken
        return self.world.trainer_levels.get((thing.trainer_class, thing.trainer_id), spoken)

    def _is_spent(self, errand: Errand, milestone: Milestone, state: GameState) -> bool:
        """Whether all that the errand can bring about beside the milestone itself has come about."""
        assert self.world is not None
        wanted = {condition.name for condition in milestone.conditions}
        flags = [self.world.event_flags[name].index for name in errand.sets if name not in wanted]
        return bool(flags) and all(state.has_flag(index) for index in flags)

    def _gone(self, errand: Errand, state: GameState) -> bool:
        """Whether the errand's object is hidden by its flag."""
        thing = self._object(errand.map, errand.object_id) if errand.object_id is not None else None
        return thing is not None and self._hidden(thing, state)

    def _errand_option(self, errand: Errand) -> Option:
        assert self.world is not None
        place = self.world.map_name(errand.map)
        if errand.object_id is not None:
            thing = self._object(errand.map, errand.object_id)
            x, y = (thing.x, thing.y) if thing is not None else (ANYWHERE, ANYWHERE)
            kind = OptionKind.PICK_UP if thing is not None and thing.kind == "item_ball" else OptionKind.TALK
            what = self._describe(errand.map, thing, errand.object_id)
            verb = "Pick up" if kind is OptionKind.PICK_UP else "Talk to"
            return Option(
                kind,
                f"{verb} {what} in {place}",
                f"{kind.value}:{self._key(errand.map)}:{errand.object_id}",
                Position(errand.map, x, y),
                errand.object_id,
            )
        if errand.cell is not None:
            x, y = errand.cell
            kind = OptionKind.TALK if errand.press_a else OptionKind.GO_TO
            verb = "Look at" if errand.press_a else "Go to"
            label = f"{verb} the spot ({x}, {y}) in {place}"
            return Option(kind, label, f"{kind.value}:{self._key(errand.map)}:{x},{y}", Position(errand.map, x, y))
        return self._go_to_map(errand.map)

    def _go_to_map(self, map_id: MapId) -> Option:
        assert self.world is not None
        label = f"Go to {self.world.map_name(map_id)}"
        return Option(OptionKind.GO_TO, label, f"go_to:{self._key(map_id)}", Position(map_id, ANYWHERE, ANYWHERE))

    def _heal_goals(self, state: GameState, memory: LaneMemory, distances: dict[MapId, int]) -> Iterator[PlannedGoal]:
        assert self.world is not None
        party = [member for member in state.party if not member.is_egg]
        if not party:
            return
        lead = next((member for member in party if member.hp), party[0])
        need = need_of_rest(lead)
        if need < LEAST_NEED:
            return
        for place in self.world.maps.values():
            nurse = healer_of(place)
            if nurse is None or place.id not in distances:
                continue
            if memory.spoke_lately((place.id, f"object {nurse.id}")):
                continue  # it was no help
            label = f"Rest at the healer in {place.name}: {lead.hp}/{lead.max_hp} HP left"
            worth = need * near(distances[place.id]) ** 0.25 * (0.9 if nurse.sets else 1.0)
            option = Option(
                OptionKind.HEAL, label, f"heal:{place.key}", Position(place.id, nurse.x, nurse.y), nurse.id, worth
            )
            yield PlannedGoal(GoalKind.HEAL, label, option)

    def _train_goals(self, state: GameState, memory: LaneMemory, distances: dict[MapId, int]) -> Iterator[PlannedGoal]:
        assert self.world is not None
        lead = state.party[0] if state.party else None
        if lead is None or lead.hp_fraction < HEAL_BELOW:
            return
        hunting = sorted(
            (distances[one.id], one.key, one)
            for one in self.world.maps.values()
            if one.key in self.world.wild and one.id in distances
        )
        if not hunting:
            return
        _, _, place = hunting[0]
        wanted = memory.wanted_level
        urgent = lead.level < wanted
        label = f"Train in the grass of {place.name}" + (f" up to level {wanted}" if urgent else "")
        option = Option(
            OptionKind.TRAIN,
            label,
            "train",
            Position(place.id, ANYWHERE, ANYWHERE),
            max(wanted, lead.level + 1),
            0.85 if urgent else 0.2,
        )
        yield PlannedGoal(GoalKind.TRAIN, label, option)

    def _pick_up_goals(self, state: GameState, memory: LaneMemory) -> Iterator[PlannedGoal]:
        """Item balls of this map that are still there."""
        assert self.world is not None
        here = self.world.maps.get(state.position.map)
        if here is None:
            return
        there = {person.object_id for person in state.people}
        for thing in here.objects:
            if thing.kind != "item_ball" or thing.id not in there:
                continue
            distance = abs(thing.x - state.position.x) + abs(thing.y - state.position.y)
            option = self._errand_option(Errand(here.id, object_id=thing.id))
            option = replace(option, value=0.82 * near(distance))
            yield PlannedGoal(GoalKind.PICK_UP, f"{option.label}: it lies near by", option)

    def _explore_goals(
        self, state: GameState, memory: LaneMemory, distances: dict[MapId, int]
    ) -> Iterator[PlannedGoal]:
        """People not spoken to since the story last moved, here and on the nearest map; then maps never seen."""
        assert self.world is not None
        here = self.world.maps.get(state.position.map)
        there = {person.object_id for person in state.people}
        if here is not None:
            for thing in here.objects:
                if (
                    thing.kind == "script"
                    and thing.id in there
                    and not memory.has_spoken((here.id, f"object {thing.id}"))
                ):
                    distance = abs(thing.x - state.position.x) + abs(thing.y - state.position.y)
                    fresh = 0.3 if memory.ever_spoken((here.id, f"object {thing.id}")) else 0.4
                    option = replace(
                        self._errand_option(Errand(here.id, object_id=thing.id)), value=fresh * near(distance)
                    )
                    yield PlannedGoal(GoalKind.EXPLORE, f"{option.label}: they may know something", option)
        for distance, map_id in sorted((cost, map_id) for map_id, cost in distances.items()):
            if map_id == state.position.map or not self._is_open(map_id, state, memory):
                continue
            new = map_id not in memory.visited
            option = replace(self._go_to_map(map_id), kind=OptionKind.EXPLORE, key=f"explore:{self._key(map_id)}")
            option = replace(
                option, label=option.label.replace("Go to", "Explore"), value=(0.35 if new else 0.25) * near(distance)
            )
            yield PlannedGoal(
                GoalKind.EXPLORE, f"{option.label}: {'never been there' if new else 'people to speak to'}", option
            )

    def _is_open(self, map_id: MapId, state: GameState, memory: LaneMemory) -> bool:
        """Whether a map has anything left to find out."""
        assert self.world is not None
        if map_id not in memory.visited:
            return True
        return any(
            thing.kind == "script"
            and not self._hidden(thing, state)
            and not memory.has_spoken((map_id, f"object {thing.id}"))
            for thing in self.world.maps[map_id].objects
        )

    def _hidden(self, thing: MapObject, state: GameState) -> bool:
        assert self.world is not None
        flag = self.world.event_flags.get(thing.event) if thing.event else None
        return flag is not None and state.has_flag(flag.index)

    def _object(self, map_id: MapId, object_id: int) -> MapObject | None:
        assert self.world is not None
        known = self.world.maps.get(map_id)
        return next((one for one in known.objects if one.id == object_id), None) if known is not None else None

    def _describe(self, map_id: MapId, thing: MapObject | None, object_id: int) -> str:
        """What a person sees, in plain words; with the place where the map has several of the kind."""
        assert self.world is not None
        if thing is None:
            return f"object {object_id}"
        sprite = thing.sprite.removeprefix("SPRITE_")
        name = (thing.item or sprite) if thing.kind == "item_ball" else sprite
        alike = sum((one.sprite, one.item) == (thing.sprite, thing.item) for one in self.world.maps[map_id].objects)
        place = f" at ({thing.x}, {thing.y})" if alike > 1 else ""
        return f"the {name.replace('_', ' ').lower()}{place}"

    def _key(self, map_id: MapId) -> str:
        assert self.world is not None
        known = self.world.maps.get(map_id)
        return known.key if known is not None else f"{map_id.group}.{map_id.number}"


def near(distance: int) -> float:
    """1 for what is at hand, halved after `NEAR_ACTIONS` actions."""
    return NEAR_ACTIONS / (NEAR_ACTIONS + distance)


def need_of_rest(lead: PartyMember) -> float:
    """How much a creature needs a healer, 0 to 1: little above half its HP, urgently below, most without any PP."""
    if not any(lead.pp):
        return 0.95
    wounds = 0.95 - 0.4 * lead.hp_fraction if lead.hp_fraction < HEAL_BELOW else 0.5 * (1 - lead.hp_fraction)
    return min(0.95, wounds + (0.15 if lead.status else 0.0))


def healer_of(place: GameMap) -> MapObject | None:
    """Who heals on this map, before others the one who does nothing else; None where nobody does."""
    return min((one for one in place.objects if one.heals), key=lambda one: len(one.sets), default=None)

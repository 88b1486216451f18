"""What to work toward now: the next milestone of the story, unless a need comes first.

Milestones are data: each names how it is detected and, where that does not say how to get there, a `how`. From these
and the atlas the planner makes goals in one currency, an `Option` with a value, a reason and a place, so that rules,
language models and displays speak of the same thing. Nothing here knows a particular map.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from core.game.objectives import Objective, Objectives
from core.navigation.travel import WorldGraph
from core.rules.planning.goals import ANYWHERE, GoalKind, PlannedGoal
from core.rules.planning.lane_memory import LaneMemory
from core.rules.planning.needs import STORY_VALUE, Needs, near
from core.vocabulary import MapId, Option, OptionKind, Position

if TYPE_CHECKING:
    from core.game.facts import MapObject
    from core.game.game_data import GameData
    from core.game.milestones import Milestone
    from core.game.state import GameState


FREE_CHOICE_STEP = 0.002
"""Between the values of objectives that serve the same milestone, such as the three starters: an order and no opinion,
so that the record of past games can settle it (`core.agent.option_statistics`)."""


class GoalOrientedPlanner:
    """Documented planner. Without a game it plans nothing; with one it serves any number of lanes.

    Args:
        game: the atlas and rule book of the game.
        milestones: the story in order.
        graph: the game's doors, shared with the travellers; built from `game` when not given.
    """

    def __init__(
        self, game: GameData | None = None, milestones: Sequence[Milestone] = (), graph: WorldGraph | None = None
    ) -> None:
        self.game = game
        self.milestones = tuple(milestones)
        self.graph = graph or (WorldGraph(game) if game is not None else None)
        self._story = Objectives(game.maps, self.milestones) if game is not None else None
        self._needs = Needs(game) if game is not None else None

    def goals(
        self, state: GameState, reached: Collection[str], memory: LaneMemory, seed: int = 0
    ) -> tuple[PlannedGoal, ...]:
        """All goals now, most urgent first. `reached` are milestone ids, `seed` settles free choices (the starter)."""
        if self.game is None or self.graph is None or self._needs is None:
            return ()
        distances = {
            map_id: cost for cost, map_id in self.graph.maps_by_distance(state.position, memory.travel, memory.step)
        }
        found = [
            *self._story_goals(state, reached, memory, seed),
            *self._needs.goals(state, memory, distances, self._fights_next(state, reached)),
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
        """The first required milestone that is not reached; None at the end of the story.

        Places that lie before a deed already done are behind one: a game may have begun in the middle.
        """
        done = max((one.number for one in self.milestones if one.id in reached and one.is_deed), default=0)
        ahead = (one for one in self.milestones if not one.optional and one.id not in reached)
        return next((one for one in ahead if one.number > done or one.target_map is None), None)

    def _story_goals(
        self, state: GameState, reached: Collection[str], memory: LaneMemory, seed: int
    ) -> Iterator[PlannedGoal]:
        milestone = self.next_milestone(reached)
        if milestone is None or self._story is None:
            return
        objectives = [objective for objective in self._story.objectives(milestone) if not self._gone(objective, state)]
        level = max(
            [self._story.wanted_level(milestone), *(self._trainer_level(objective) for objective in objectives)]
        )
        memory.wanted_level = max(memory.wanted_level, level)
        for rank in range(len(objectives)):
            objective = objectives[(rank + seed) % len(objectives)]
            tried = objective.subject is not None and memory.has_spoken(objective.subject)
            spent = len(objectives) > 1 and self._is_spent(objective, milestone, state)
            value = (0.3 if tried or spent else STORY_VALUE) - FREE_CHOICE_STEP * rank
            option = replace(self._objective_option(objective), value=value)
            yield PlannedGoal(GoalKind.STORY, f"{milestone.name}: {option.label}", option, milestone.id)

    def _fights_next(self, state: GameState, reached: Collection[str]) -> bool:
        """Whether the story's next objective leads to a trainer."""
        milestone = self.next_milestone(reached)
        objectives = self._story.objectives(milestone) if milestone is not None and self._story is not None else ()
        return any(self._trainer_level(objective) and not self._gone(objective, state) for objective in objectives)

    def _trainer_level(self, objective: Objective) -> int:
        """The level of the strongest creature of the trainer whom the objective leads to; 0 if it leads to none."""
        assert self.game is not None
        thing = self._object(objective.map, objective.object_id) if objective.object_id is not None else None
        if thing is None:
            return 0
        spoken = max((self.game.trainer_levels_by_key.get(key, 0) for key in thing.fights), default=0)
        if thing.trainer_class is None or thing.trainer_id is None:
            return spoken
        return self.game.trainer_levels.get((thing.trainer_class, thing.trainer_id), spoken)

    def _is_spent(self, objective: Objective, milestone: Milestone, state: GameState) -> bool:
        """Whether all that the objective can bring about beside the milestone itself has come about."""
        assert self.game is not None
        wanted = {condition.name for condition in milestone.conditions}
        flags = [self.game.event_flags[name].index for name in objective.sets if name not in wanted]
        return bool(flags) and all(state.has_flag(index) for index in flags)

    def _gone(self, objective: Objective, state: GameState) -> bool:
        """Whether the objective's object is hidden by its flag."""
        thing = self._object(objective.map, objective.object_id) if objective.object_id is not None else None
        return thing is not None and self._hidden(thing, state)

    def _objective_option(self, objective: Objective) -> Option:
        assert self.game is not None
        place = self.game.map_name(objective.map)
        if objective.object_id is not None:
            thing = self._object(objective.map, objective.object_id)
            x, y = (thing.x, thing.y) if thing is not None else (ANYWHERE, ANYWHERE)
            kind = OptionKind.PICK_UP if thing is not None and thing.kind == "item_ball" else OptionKind.TALK
            what = self._describe(objective.map, thing, objective.object_id)
            verb = "Pick up" if kind is OptionKind.PICK_UP else "Talk to"
            return Option(
                kind,
                f"{verb} {what} in {place}",
                f"{kind.value}:{self._key(objective.map)}:{objective.object_id}",
                Position(objective.map, x, y),
                objective.object_id,
            )
        if objective.cell is not None:
            x, y = objective.cell
            kind = OptionKind.TALK if objective.press_a else OptionKind.GO_TO
            verb = "Look at" if objective.press_a else "Go to"
            label = f"{verb} the spot ({x}, {y}) in {place}"
            return Option(
                kind, label, f"{kind.value}:{self._key(objective.map)}:{x},{y}", Position(objective.map, x, y)
            )
        return self._go_to_map(objective.map)

    def _go_to_map(self, map_id: MapId) -> Option:
        assert self.game is not None
        label = f"Go to {self.game.map_name(map_id)}"
        return Option(OptionKind.GO_TO, label, f"go_to:{self._key(map_id)}", Position(map_id, ANYWHERE, ANYWHERE))

    def _pick_up_goals(self, state: GameState, memory: LaneMemory) -> Iterator[PlannedGoal]:
        """Item balls of this map that are still there."""
        assert self.game is not None
        here = self.game.maps.get(state.position.map)
        if here is None:
            return
        there = {person.object_id for person in state.people}
        for thing in here.objects:
            if thing.kind != "item_ball" or thing.id not in there:
                continue
            distance = abs(thing.x - state.position.x) + abs(thing.y - state.position.y)
            option = self._objective_option(Objective(here.id, object_id=thing.id))
            option = replace(option, value=0.82 * near(distance))
            yield PlannedGoal(GoalKind.PICK_UP, f"{option.label}: it lies near by", option)

    def _explore_goals(
        self, state: GameState, memory: LaneMemory, distances: dict[MapId, int]
    ) -> Iterator[PlannedGoal]:
        """People not spoken to since the story last moved, here and on the nearest map; then maps never seen."""
        assert self.game is not None
        here = self.game.maps.get(state.position.map)
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
                        self._objective_option(Objective(here.id, object_id=thing.id)), value=fresh * near(distance)
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
        assert self.game is not None
        if map_id not in memory.visited:
            return True
        return any(
            thing.kind == "script"
            and not self._hidden(thing, state)
            and not memory.has_spoken((map_id, f"object {thing.id}"))
            for thing in self.game.maps[map_id].objects
        )

    def _hidden(self, thing: MapObject, state: GameState) -> bool:
        assert self.game is not None
        flag = self.game.event_flags.get(thing.event) if thing.event else None
        return flag is not None and state.has_flag(flag.index)

    def _object(self, map_id: MapId, object_id: int) -> MapObject | None:
        assert self.game is not None
        known = self.game.maps.get(map_id)
        return next((one for one in known.objects if one.id == object_id), None) if known is not None else None

    def _describe(self, map_id: MapId, thing: MapObject | None, object_id: int) -> str:
        """What a person sees, in plain words; with the place where the map has several of the kind."""
        assert self.game is not None
        if thing is None:
            return f"object {object_id}"
        sprite = thing.sprite.removeprefix("SPRITE_")
        name = (thing.item or sprite) if thing.kind == "item_ball" else sprite
        alike = sum((one.sprite, one.item) == (thing.sprite, thing.item) for one in self.game.maps[map_id].objects)
        place = f" at ({thing.x}, {thing.y})" if alike > 1 else ""
        return f"the {name.replace('_', ' ').lower()}{place}"

    def _key(self, map_id: MapId) -> str:
        assert self.game is not None
        known = self.game.maps.get(map_id)
        return known.key if known is not None else f"{map_id.group}.{map_id.number}"

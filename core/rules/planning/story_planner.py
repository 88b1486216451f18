"""The goals of one game: its next milestone, the needs of the party, and what is left to find out.

Milestones are data: each names how it is detected and, where that does not say how to get there, a `how`. From these
and the game's maps the planner makes goals in one currency, an `Option` with a value, a reason and a place, so that
rules, language models and displays speak of the same thing. Nothing here knows a particular map.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final

from core.game.field_moves import is_dark, user_of
from core.game.milestones import next_milestone
from core.game.objectives import Objective, Objectives
from core.game.story.path import StoryPath
from core.navigation.travel import WorldGraph
from core.rules.fights.company import Company
from core.rules.planning.goals import GoalKind, PlannedGoal
from core.rules.planning.lane_memory import LaneMemory, Subject
from core.rules.planning.learners import Learners
from core.rules.planning.lost_fight import Creature
from core.rules.planning.machines import lesson_for
from core.rules.planning.needs import Needs
from core.rules.planning.objective_options import ObjectiveOptions
from core.rules.values import MARGINS, ON_THE_WAY, near
from core.vocabulary import MapId, Option, OptionKind, UseMove

if TYPE_CHECKING:
    from core.game.facts import MapObject
    from core.game.game_data import GameData
    from core.game.milestones import Milestone
    from core.game.state import GameState


MOST_STEPS_KEPT: Final = 64
"""Sets of reached milestones whose next one is kept."""


@dataclass(frozen=True, slots=True)
class _StoryStep:
    """What the story asks for now."""

    milestone: Milestone
    objectives: Sequence[Objective]
    teaches: Sequence[str]
    """Moves that the way asks for."""
    foes: Sequence[Creature]
    """Of the strongest trainer whom the nearest objectives lead to; none without one."""
    place: MapId | None
    """The nearest map with an objective; None where none is in reach."""

    @property
    def level(self) -> int:
        """Of the strongest of the foes; 0 without any."""
        return max((level for level, _ in self.foes), default=0)


class StoryPlanner:
    """Plans for any number of lanes of one game; what a lane remembers is handed in.

    Args:
        game: the maps and rule book of the game.
        milestones: the story in order.
        graph: the game's doors, shared with the travellers.
    """

    def __init__(self, game: GameData, milestones: Sequence[Milestone], graph: WorldGraph) -> None:
        self._game = game
        self._milestones = tuple(milestones)
        self._graph = graph
        self._story = Objectives(game.maps, self._milestones)
        self._needs = Needs(game)
        self._company = Company.of(game)
        self._options = ObjectiveOptions(game)
        self._path = StoryPath.of(game)
        self._learners = Learners(game)
        self._by_class = {(one.class_key, one.id): one.creatures for one in game.trainers.values()}
        self._talkers: dict[MapId, tuple[tuple[MapObject, Subject], ...]] = {}
        """The people of a map whom one can speak to."""
        self._next_milestone = lru_cache(maxsize=MOST_STEPS_KEPT)(partial(next_milestone, self._milestones))

    def goals(
        self,
        state: GameState,
        reached: Collection[str],
        memory: LaneMemory,
        seed: int = 0,
        starter: int | None = None,
    ) -> tuple[PlannedGoal, ...]:
        """All goals now, most urgent first. `reached` are milestone ids, `seed` settles free choices.

        `starter`: which of the first creatures on offer is taken (from 1); the others are no goals then. None leaves it
        to the seed.
        """
        distances = {
            map_id: cost for cost, map_id in self._graph.maps_by_distance(state.position, memory.travel, memory.step)
        }
        step = self._next_step(state, reached, distances, memory)
        not_taken: frozenset[str] = frozenset()
        if starter is not None and step is not None and not state.party:
            step, not_taken = self._with_starter(step, starter)
        foes = () if step is None else step.foes
        found = [
            *self._story_goals(step, state, memory, distances, seed),
            *self._light_goals(state),
            *self._needs.goals(state, memory, distances, bool(foes), foes, step and step.place),
            *self._pick_up_goals(state, memory),
            *self._talk_goals(state, memory),
            *self._explore_goals(state, memory, distances),
        ]
        kept = [goal for goal in found if goal.option.key not in not_taken and not memory.is_abandoned(goal.option.key)]
        return tuple(sorted(kept, key=lambda goal: -goal.urgency))

    def _next_step(
        self, state: GameState, reached: Collection[str], distances: Mapping[MapId, int], memory: LaneMemory
    ) -> _StoryStep | None:
        """What the story asks for now; None at its end."""
        milestone = self._next_milestone(tuple(reached))
        if milestone is None:
            return None
        entry = memory.travel.known_entry_of(state.map_id)
        deeds = None if self._path is None else self._path.next_deeds(milestone, state, entry)
        planned, teaches = ((), ()) if deeds is None else (deeds.objectives, deeds.teaches)
        objectives = planned or self._open_objectives(milestone, state)
        in_reach = [one.map for one in objectives if one.map in distances]
        nearest = min(in_reach, key=distances.__getitem__, default=None)
        return _StoryStep(milestone, objectives, teaches, self._foes_at_hand(objectives, distances, state), nearest)

    def _with_starter(self, step: _StoryStep, starter: int) -> tuple[_StoryStep, frozenset[str]]:
        """The step with one of its alternatives left where it is a choice of things on one map, in the data's order.

        Beside it the keys of the options that are gone. With no creature yet such a choice is that of the first one;
        where fewer are on offer, the last of them is taken.
        """
        offered = sorted(
            (one for one in step.objectives if one.object_id is not None), key=lambda one: one.object_id or 0
        )
        if len(offered) < 2 or len(offered) < len(step.objectives) or len({one.map for one in offered}) > 1:
            return step, frozenset()
        taken = offered[min(starter, len(offered)) - 1]
        others = frozenset(self._options.of(one).key for one in offered if one is not taken)
        return replace(step, objectives=(taken,)), others

    def _story_goals(
        self,
        step: _StoryStep | None,
        state: GameState,
        memory: LaneMemory,
        distances: Mapping[MapId, int],
        seed: int,
    ) -> Iterator[PlannedGoal]:
        """Alternatives on the nearest map come first; among those of one map the seed chooses."""
        if step is None:
            return
        milestone, objectives = step.milestone, step.objectives
        memory.wanted_level = max(memory.wanted_level, self._story.wanted_level(milestone), step.level)
        yield from self._teach_goals(step, state, memory, distances)
        turned = [objectives[(rank + seed) % len(objectives)] for rank in range(len(objectives))]
        ranked = sorted(turned, key=lambda objective: distances.get(objective.map, math.inf))
        for rank, objective in enumerate(ranked):
            tried = objective.subject is not None and memory.has_spoken(objective.subject)
            spent = len(objectives) > 1 and self._is_spent(objective, milestone, state)
            value = (ON_THE_WAY.again if tried or spent else ON_THE_WAY.story) - MARGINS.free_choice * rank
            option = self._options.of(objective).worth(value)
            yield PlannedGoal(GoalKind.STORY, f"{milestone.goal}: {option.label}", option, milestone.id)

    def _teach_goals(
        self, step: _StoryStep, state: GameState, memory: LaneMemory, distances: Mapping[MapId, int]
    ) -> Iterator[PlannedGoal]:
        """The moves that the way of the story asks for, each for the first who can; who may have to be found."""
        milestone = step.milestone
        for key in step.teaches:
            task = lesson_for(key, state, self._game)
            if task is None:
                yield from self._learners.goals(key, state, memory, distances)
            else:
                label = f"Teach {self._game.moves[task.move].name} to {state.party[task.slot].nickname}"
                option = Option(OptionKind.MANAGE, label, f"teach:{key}", value=ON_THE_WAY.order, menu_task=task)
                yield PlannedGoal(GoalKind.STORY, f"{milestone.goal}: {label}", option, milestone.id)

    @staticmethod
    def _light_goals(state: GameState) -> Iterator[PlannedGoal]:
        """To light up a dark cave before anything else is done in it."""
        user = user_of("flash", state) if is_dark(state) else None
        if user is not None:
            task = UseMove(*user)
            option = Option(OptionKind.MANAGE, "Light up the cave", "light", value=ON_THE_WAY.order, menu_task=task)
            yield PlannedGoal(GoalKind.STORY, option.label, option)

    def _open_objectives(self, milestone: Milestone, state: GameState) -> list[Objective]:
        """What can be done now towards a milestone where there is no plan of deeds.

        The objectives of the milestone whose object is there, or what makes somebody appear.
        """
        known = self._story.objectives(milestone)
        there = [objective for objective in known if not self._gone(objective, state)]
        if there:
            return there
        things = (self._options.object_of(objective.map, objective.object_id) for objective in known)
        flags = (thing.event for thing in things if thing is not None and thing.event is not None)
        showing = dict.fromkeys(one for flag in flags for one in self._story.showing(flag))
        return [objective for objective in showing if not self._gone(objective, state)]

    def _foes_at_hand(
        self, objectives: Sequence[Objective], distances: Mapping[MapId, int], state: GameState
    ) -> Sequence[Creature]:
        """The creatures of the strongest trainer whom the objectives of the nearest map lead to; none without one."""
        nearest = min((distances.get(one.map, math.inf) for one in objectives), default=math.inf)
        at_hand = (one for one in objectives if distances.get(one.map, math.inf) == nearest)
        return max((self._foes_of(one, state) for one in at_hand), key=_strength, default=())

    def _foes_of(self, objective: Objective, state: GameState) -> Sequence[Creature]:
        """The creatures of the trainer whom the objective leads to; none if to none.

        Of several parties that a rival may have it is the strongest, and of those as strong the one that the player's
        party is least likely to beat: rivals choose what beats the player's first creature.
        """
        thing = self._options.object_of(objective.map, objective.object_id)
        if thing is not None and thing.trainer_class is not None and thing.trainer_id is not None:
            known = self._by_class.get((thing.trainer_class, thing.trainer_id))
            if known is not None:
                return known
        spoken = [self._game.trainers[key].creatures for key in objective.fights if key in self._game.trainers]
        most = max((_strength(one)[0] for one in spoken), default=0)
        strongest = [one for one in spoken if _strength(one)[0] == most]
        return self._company.hardest(state, strongest) if len(strongest) > 1 else next(iter(strongest), ())

    def _is_spent(self, objective: Objective, milestone: Milestone, state: GameState) -> bool:
        """Whether all that the objective can bring about beside the milestone itself has come about."""
        wanted = {condition.name for condition in milestone.conditions}
        flags = [self._game.event_flags[name].index for name in objective.sets if name not in wanted]
        return bool(flags) and all(state.has_flag(index) for index in flags)

    def _gone(self, objective: Objective, state: GameState) -> bool:
        """Whether the objective's object is hidden by its flag."""
        thing = self._options.object_of(objective.map, objective.object_id)
        return thing is not None and self._hidden(thing, state)

    def _pick_up_goals(self, state: GameState, memory: LaneMemory) -> Iterator[PlannedGoal]:
        """Item balls of this map that are still there."""
        here = self._game.maps.get(state.position.map)
        if here is None:
            return
        there = {person.object_id for person in state.people}
        for thing in here.objects:
            if thing.kind != "item_ball" or thing.id not in there:
                continue
            distance = abs(thing.x - state.position.x) + abs(thing.y - state.position.y)
            option = self._options.of(Objective(here.id, object_id=thing.id))
            option = option.worth(ON_THE_WAY.item_ball * near(distance))
            yield PlannedGoal(GoalKind.PICK_UP, f"{option.label}: it lies near by", option)

    def _talk_goals(self, state: GameState, memory: LaneMemory) -> Iterator[PlannedGoal]:
        """People of this map who were not spoken to since the story last moved."""
        here = self._game.maps.get(state.position.map)
        if here is None:
            return
        there = {person.object_id for person in state.people}
        for thing in here.objects:
            subject = (here.id, f"object {thing.id}")
            if thing.kind != "script" or thing.id not in there or memory.has_spoken(subject):
                continue
            distance = abs(thing.x - state.position.x) + abs(thing.y - state.position.y)
            worth = ON_THE_WAY.again if memory.ever_spoken(subject) else ON_THE_WAY.new_person
            option = self._options.of(Objective(here.id, object_id=thing.id))
            option = option.worth(worth * near(distance))
            yield PlannedGoal(GoalKind.EXPLORE, f"{option.label}: they may know something", option)

    def _explore_goals(
        self, state: GameState, memory: LaneMemory, distances: dict[MapId, int]
    ) -> Iterator[PlannedGoal]:
        """Maps never seen, and maps with people who were not spoken to since the story last moved; nearest first."""
        here = state.position.map
        for distance, map_id in sorted((cost, map_id) for map_id, cost in distances.items()):
            if map_id == here or not self._is_open(map_id, state, memory):
                continue
            new = map_id not in memory.visited
            worth = ON_THE_WAY.new_map if new else ON_THE_WAY.known_map
            option = self._options.explore_map(map_id)
            why = "never been there" if new else "people to speak to"
            yield PlannedGoal(GoalKind.EXPLORE, f"{option.label}: {why}", option.worth(worth * near(distance)))

    def _is_open(self, map_id: MapId, state: GameState, memory: LaneMemory) -> bool:
        """Whether a map has anything left to find out."""
        if map_id not in memory.visited:
            return True
        talkers = self._talkers.get(map_id)
        if talkers is None:
            things = (thing for thing in self._game.maps[map_id].objects if thing.kind == "script")
            talkers = self._talkers[map_id] = tuple((thing, (map_id, f"object {thing.id}")) for thing in things)
        return any(not memory.has_spoken(subject) and not self._hidden(thing, state) for thing, subject in talkers)

    def _hidden(self, thing: MapObject, state: GameState) -> bool:
        flag = self._game.event_flags.get(thing.event) if thing.event else None
        return flag is not None and state.has_flag(flag.index)


def _strength(foes: Sequence[Creature]) -> tuple[int, int]:
    """To compare trainers: the level of the strongest creature, then the sum of all levels."""
    return max((level for level, _ in foes), default=0), sum(level for level, _ in foes)

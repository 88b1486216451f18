"""A game's story without the game: flags, items and scenes that change as the data say, and walks through open gates.

It stands in for a running game in `benchmarks.story_walk`. Fights are won, and questions are answered as the data say.
Boulders, ice and trainers' eyes are not walked through; steps that start a scene are stepped on when they are aimed at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.game.facts import MAIN_AREA, ConditionalEffects
from core.game.game_data import GameData
from core.game.milestones import Condition, Milestone
from core.game.objectives import BADGE_PREFIX
from core.game.story.deeds import Fact, Operator, StoryDeeds
from core.game.story.relaxed_plan import BADGE_ENDING
from core.vocabulary import MapId


@dataclass
class StoryModel:
    """How far one symbolic game has come."""

    game: GameData
    deeds: StoryDeeds
    has: set[str] = field(default_factory=set[str])
    """Event flags and engine flags that are set, and items."""
    scenes: dict[MapId, int] = field(default_factory=dict[MapId, int])
    moves: set[str] = field(default_factory=set[str])
    calls: set[str] = field(default_factory=set[str])
    visited: set[MapId] = field(default_factory=set[MapId])
    reached: list[str] = field(default_factory=list[str])
    place: Fact = field(default_factory=lambda: Fact("at", MapId(0, 0), MAIN_AREA))
    _was_false: set[str] = field(default_factory=set[str], init=False)

    @classmethod
    def new_game(cls, game: GameData, deeds: StoryDeeds) -> StoryModel:
        """The first free moment of a new game."""
        model = cls(game, deeds, {name for name, flag in game.event_flags.items() if flag.set_at_new_game})
        first = game.milestones[0]
        model.reached.append(first.id)
        model.enter(Fact("at", first.target_map or next(iter(game.maps)), MAIN_AREA))
        return model

    @property
    def badges(self) -> int:
        return sum(name.startswith(BADGE_PREFIX) and name.endswith(BADGE_ENDING) for name in self.has)

    def holds(self, fact: Fact) -> bool:
        """Whether a fact is true now."""
        match fact.kind:
            case "has":
                return fact.about in self.has
            case "lacks":
                return fact.about not in self.has
            case "scene":
                return isinstance(fact.about, MapId) and self.scenes.get(fact.about, 0) == fact.value
            case "at":
                return fact == self.place
            case "in":
                return fact.about == self.place.about
            case "map":
                return fact.about in self.visited
            case "badges":
                return isinstance(fact.value, int) and self.badges >= fact.value
            case "move":
                return fact.about in self.moves
            case _:
                return fact.about in self.calls

    def can(self, action: Operator) -> bool:
        """Whether everything that an action needs holds, but for the place."""
        fewest, most = action.badges
        elsewhere = (need for need in action.needs if need.kind not in ("at", "in"))
        return fewest <= self.badges <= most and all(self.holds(need) for need in elsewhere)

    def walks(self) -> dict[Fact, Fact | None]:
        """The areas that can be walked to now, each with the one before it on the way."""
        before: dict[Fact, Fact | None] = {self.place: None}
        waiting = [self.place]
        for here in waiting:
            for passage in self._passages[here]:
                there = passage.adds[0]
                if there not in before and self.can(passage):
                    before[there] = here
                    waiting.append(there)
        return before

    def walk_to(self, place: Fact) -> bool:
        """Walks through open gates to an area, or until something on the way takes the player elsewhere.

        False when no way is open; then nothing has changed.
        """
        before = self.walks()
        if place not in before:
            return False
        way: list[Fact] = []
        here: Fact | None = place
        while here is not None:
            way.append(here)
            here = before[here]
        for step in reversed(way[:-1]):
            if step.about == self.place.about:
                self.place = step
            else:
                self.enter(step)
            if self.place != step:
                break
        return True

    def enter(self, place: Fact) -> None:
        """Comes to a map: what happens on loading it happens, then its current scene."""
        self.place = place
        assert isinstance(place.about, MapId)
        self.visited.add(place.about)
        self.note_reached()
        scenes: list[Operator] = []
        for action in self._by_itself[place.about]:
            if any(need.kind == "scene" and need.about == place.about for need in action.needs):
                scenes.append(action)
            elif self.can(action):
                self._bring_about(action)
        scene = next((action for action in scenes if self.can(action)), None)
        if scene is not None:
            self._bring_about(scene)

    def do(self, action: Operator) -> bool:
        """Goes there and does it; False when it cannot be done, or no longer could on arriving."""
        if action.teaches is not None:
            self.moves.add(action.teaches)
            return True
        if action.by_itself and action.objective is None:
            self.calls -= {str(need.about) for need in action.needs if need.kind == "call"}
            return self._bring_about(action)
        place = next(need for need in action.needs if need.kind in ("at", "in"))
        if place.kind == "in":
            if place.about == self.place.about:
                self.enter(self.place)
                return True
            places = (one for one in self.walks() if one.about == place.about)
            place = next(places, place)
            return self.walk_to(place)
        return self.walk_to(place) and self.place == place and self.can(action) and self._bring_about(action)

    def note_reached(self) -> None:
        """Latches what is true now; what waits for another milestone must have been false since."""
        for milestone in self.game.milestones:
            if milestone.id in self.reached or (milestone.only_after and milestone.only_after not in self.reached):
                continue
            if not self._is_true(milestone):
                self._was_false.add(milestone.id)
            elif milestone.only_after is None or milestone.id in self._was_false:
                self.reached.append(milestone.id)

    def _is_true(self, milestone: Milestone) -> bool:
        tests = [self._holds(condition) for condition in milestone.conditions]
        return all(tests) if milestone.needs_all else any(tests)

    def _holds(self, condition: Condition) -> bool:
        """Whether a condition of a milestone is true; a number in RAM never is."""
        match condition.kind:
            case "event_flag" | "engine_flag" | "item_owned":
                return condition.name in self.has
            case "badge":
                return BADGE_PREFIX + condition.name in self.has
            case "map_reached":
                return condition.map in self.visited
            case "scene_id" if condition.map is not None:
                return self.scenes.get(condition.map, 0) == condition.value
            case _:
                return False

    def _bring_about(self, action: Operator) -> bool:
        effects = action.effects or ConditionalEffects()
        self.has |= {*effects.sets, *effects.engine, *effects.gives}
        self.has -= {*effects.clears, *effects.engine_off, *effects.takes}
        self.scenes.update(effects.scenes)
        self.calls |= set(effects.calls)
        self.note_reached()
        if effects.leads_to:
            self.enter(Fact("at", effects.leads_to[0], MAIN_AREA))
        return True

    def __post_init__(self) -> None:
        self._passages: defaultdict[Fact, list[Operator]] = defaultdict(list)
        self._by_itself: defaultdict[MapId, list[Operator]] = defaultdict(list)
        for action in self.deeds.actions:
            if action.is_passage:
                self._passages[action.needs[0]].append(action)
            elif action.by_itself and action.objective is not None:
                self._by_itself[action.objective.map].append(action)

    def open_deeds(self) -> Iterator[Operator]:
        """What can be done now, alone or after a walk, and would change something."""
        walks = self.walks()
        maps = {place.about for place in walks}
        for action in self.deeds.actions:
            if action.is_passage or action.by_itself or not self.can(action):
                continue
            place = next((need for need in action.needs if need.kind == "at"), None)
            if (place is None or place in walks or (place.about in maps and place.kind == "in")) and any(
                not self.holds(fact) for fact in action.adds if fact.kind not in ("at", "in", "map")
            ):
                yield action

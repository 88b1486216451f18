"""Whether a game's data lead through its story: python -m benchmarks.story_walk [--game crystal] [--positions 200]

From the first free moment to the last milestone: the next milestone becomes facts, the planner plans for them from what
is true now (`core.game.story.relaxed_plan`), the first deed of its plan that can be done is done in a model of the
story (`benchmarks.story_model`), and so on. No order is written down anywhere but in the list of milestones. With
`--positions` the walk also begins at that many random positions in mid-game, each as a game begun there.

The model knows conditions, scenes, items, badges, field moves, gates and one-way paths. It does not fight, push
boulders, slide on ice or meet trainers' eyes, and it does not read RAM: milestones that are numbers count as reached.
So a walk that comes to its end does not show that the game can be played through; one that stops shows what is lacking.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console as Terminal
from rich.progress import track
from rich.table import Table

from benchmarks.story_model import StoryModel
from core.game.game_data import GameData, load_game
from core.game.milestones import Milestone, milestones_behind, next_milestone
from core.game.profile import game_named, known_profiles
from core.game.story.deeds import Fact, Operator, StoryDeeds
from core.game.story.goals import goals_of
from core.game.story.relaxed_plan import Plan, RelaxedPlanner
from core.vocabulary import MapId

MOST_TRIES = 12
"""How often one deed may be chosen again for one milestone."""
WANDER_SHARE = 0.3
"""Share of a random game's deeds that are any that can be done, not the planner's."""


@dataclass(frozen=True)
class Row:
    """One deed of the walk; `trouble` says why the milestone is out of reach."""

    milestone: Milestone
    deed: str
    trouble: str = ""


class StoryWalk:
    """Walks through one game, from a new one or from wherever a model stands."""

    def __init__(self, game: GameData) -> None:
        self.game = game
        self.deeds = StoryDeeds(game)
        self.planner = RelaxedPlanner(self.deeds)

    def new_game(self) -> StoryModel:
        return StoryModel.new_game(self.game, self.deeds)

    def rows(self, model: StoryModel) -> Iterator[Row]:
        """What is done, deed by deed, until the last milestone is reached or one is out of reach."""
        tries: Counter[tuple[str, int, str]] = Counter()
        while (milestone := next_milestone(self.game.milestones, model.reached)) is not None:
            row = self.step(model, milestone)
            yield row
            tries[milestone.id, len(model.reached), row.deed] += 1
            if row.trouble:
                return
            if tries[milestone.id, len(model.reached), row.deed] > MOST_TRIES:
                yield Row(milestone, row.deed, "done again and again, and it is not reached")
                return

    def step(self, model: StoryModel, milestone: Milestone) -> Row:
        """One deed towards a milestone."""
        ways = goals_of(self.game, milestone)
        if not ways:
            model.reached.append(milestone.id)
            return Row(milestone, "a number in RAM: taken as reached")
        plans = [self.planner.plan(way, model.holds, model.badges) for way in ways]
        possible = [plan for plan in plans if not plan.lacks]
        if not possible:
            lacking = min((plan.lacks for plan in plans), key=len)
            return Row(milestone, "", "lacks " + ", ".join(self.told(fact) for fact in lacking))
        plan = min(possible, key=lambda one: one.cost)
        return self._towards(model, milestone, plan, [fact for way in ways for fact in way])

    def _towards(self, model: StoryModel, milestone: Milestone, plan: Plan, goals: list[Fact]) -> Row:
        for action in plan.ready:
            deed = self.described(action)
            if model.do(action):
                return Row(milestone, deed)
            return Row(milestone, f"{deed}: on the way something else happened")
        places = {goal.about for goal in goals if goal.kind == "map"}
        there = next((place for place in model.walks() if place.about in places), None)
        if there is None:
            waiting = ", ".join(self.described(action) for action in plan.deeds)
            return Row(milestone, "", f"nothing of the plan can be done: {waiting}")
        model.walk_to(there)
        return Row(milestone, f"walk to {self.map_key(there.about)}")

    def random_position(self, seed: int) -> StoryModel:
        """A position that play can lead to: so many deeds of the planner with any others among them, then a walk."""
        rng = random.Random(seed)
        model = self.new_game()
        for _ in range(rng.randrange(1, 150)):
            if rng.random() < WANDER_SHARE:
                others = list(model.open_deeds())
                if others:
                    model.do(rng.choice(others))
                continue
            milestone = next_milestone(self.game.milestones, model.reached)
            if milestone is None or self.step(model, milestone).trouble:
                break
        model.walk_to(rng.choice(list(model.walks())))
        return model

    def begun_here(self, model: StoryModel) -> StoryModel:
        """The same position as a game seen for the first time: only what is true now, and what lies behind it."""
        model.reached, model.visited = [], {self.here(model)}
        model.note_reached()
        behind = milestones_behind(self.game.milestones, model.reached, by_places=True)
        model.reached.extend(one.id for one in behind)
        return model

    @staticmethod
    def here(model: StoryModel) -> MapId:
        assert isinstance(model.place.about, MapId)
        return model.place.about

    def map_key(self, about: str | MapId) -> str:
        return self.game.maps[about].key if isinstance(about, MapId) and about in self.game.maps else str(about)

    def told(self, fact: Fact) -> str:
        """A fact in words."""
        about = self.map_key(fact.about)
        match fact.kind:
            case "has":
                return about
            case "lacks":
                return f"a way to be rid of {about}"
            case "scene":
                return f"scene {fact.value} of {about}"
            case "move":
                return f"{about} outside fights"
            case "badges":
                return f"{fact.value} badges"
            case _:
                return f"a way to {about}"

    def described(self, action: Operator) -> str:
        """A deed in words: the map, and the person or spot."""
        if action.teaches is not None:
            return f"teach {action.teaches}"
        objective = action.objective
        if objective is None:
            return "a phone call"
        place = self.game.maps[objective.map]
        if objective.object_id is not None:
            thing = next(one for one in place.objects if one.id == objective.object_id)
            return f"{place.key}, {thing.sprite.removeprefix('SPRITE_').lower()} {thing.id}"
        return f"{place.key}, {'enter' if objective.cell is None else objective.cell}"


def main() -> int:
    """Prints the walk; 1 when a required milestone is not reached or a position leads nowhere."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--game", default="crystal", choices=[one.name for one in known_profiles()])
    parser.add_argument("--positions", type=int, default=0, help="random positions in mid-game (default: none)")
    arguments = parser.parse_args()
    walk = StoryWalk(load_game(game_named(arguments.game)))
    model, out = walk.new_game(), Terminal()
    rows = list(walk.rows(model))
    table = Table("", "milestone", "deed", title=f"The story of {walk.game.name} by its data")
    for row in rows:
        table.add_row(str(row.milestone.number), row.milestone.id, row.deed or f"[red]{row.trouble}[/red]")
    out.print(table)
    required = [one.id for one in walk.game.milestones if not one.optional]
    behind = {one.id for one in milestones_behind(walk.game.milestones, model.reached)}
    out.print(f"{sum(one in {*model.reached, *behind} for one in required)} of {len(required)} required milestones")
    troubles = [row for row in rows if row.trouble]
    arrived = 0
    for seed in track(range(arguments.positions), description="positions", console=out):
        start = walk.begun_here(walk.random_position(seed))
        first, last = next_milestone(walk.game.milestones, start.reached), Row(walk.game.milestones[-1], "")
        for row in walk.rows(start):
            last = row
        arrived += not last.trouble
        if last.trouble:
            troubles.append(last)
            asked = first.id if first is not None else "the end"
            out.print(f"position {seed}, from {asked}: blocked at {last.milestone.id}: {last.trouble}")
    if arguments.positions:
        out.print(f"{arrived} of {arguments.positions} random positions lead to the end")
    for row in troubles[:1]:
        out.print(f"blocked at {row.milestone.id}: {row.trouble}")
    return int(bool(troubles))


if __name__ == "__main__":
    sys.exit(main())

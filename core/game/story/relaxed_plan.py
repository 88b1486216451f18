"""What still has to be done for something in the story: a plan that forgets what deeds undo.

Planning by the delete relaxation with additive costs (Bonet and Geffner, Planning as heuristic search, Artificial
Intelligence 129, 2001): facts once true stay true, so the cheapest way to every fact is found like a shortest path,
and a plan is read off backwards (Hoffmann and Nebel, The FF planning system, JAIR 14, 2001). It is made anew from every
state, so what a deed undoes is seen when it has been done.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from types import MappingProxyType
from typing import Final

from core.game.story.deeds import NOWHERE, Fact, Operator, StoryDeeds

Holds = Callable[[Fact], bool]
BADGE_ENDING: Final = "BADGE"
ASSUMING_COST: Final = 1_000_000
"""Dearer than any plan without assumptions. What could be brought about, if it were not out of reach, costs double."""
NOTHING_ASSUMED: Final[Mapping[Fact, int]] = MappingProxyType({})
ASSUMABLE: Final = ("has", "lacks", "move", "scene", "call")
"""Kinds of facts that may be what is lacking. A place without a way is lacking only when it is wanted itself."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to make facts true.

    `ready` are the deeds of the plan that can be done now; `deeds` all of them. Where there is no plan, `lacks` names
    the facts that nothing makes true.
    """

    deeds: tuple[Operator, ...] = ()
    ready: tuple[Operator, ...] = ()
    lacks: tuple[Fact, ...] = ()
    cost: int = 0


@dataclass(slots=True)
class _Search:
    """The cheapest cost of every fact from one state, and the action that reaches it at that cost."""

    cost: dict[Fact, int] = field(default_factory=dict[Fact, int])
    by: dict[Fact, Operator | None] = field(default_factory=dict[Fact, "Operator | None"])
    badge_facts: list[Fact] = field(default_factory=list[Fact])
    """The badges in the order in which they can be won."""
    badges_before: int = 0


class RelaxedPlanner:
    """Plans for one game."""

    def __init__(self, deeds: StoryDeeds) -> None:
        self._deeds = deeds
        self._needing: defaultdict[Fact, list[int]] = defaultdict(list)
        for number, action in enumerate(deeds.actions):
            for fact in dict.fromkeys(action.needs):
                self._needing[fact].append(number)
        self._sizes = tuple(len(dict.fromkeys(action.needs)) for action in deeds.actions)
        self._always = tuple(action for action in deeds.actions if not action.needs)
        self._facts = tuple(self._needing)

    def plan(self, goals: Iterable[Fact], holds: Holds, badges: int) -> Plan:
        """How to make all of `goals` true from the state of which `holds` tells, with so many badges now."""
        wanted = [goal for goal in dict.fromkeys(goals) if not holds(goal)]
        search = self._search(wanted, holds, badges)
        if any(goal not in search.cost for goal in wanted):
            return Plan(lacks=self._missing(wanted, holds, badges))
        steps = self._read_off(wanted, search)
        done = [action for action in steps if not action.is_passage]
        ready = [action for action in done if self._is_ready(action, search)]
        return Plan(tuple(done), tuple(ready), cost=sum(search.cost[goal] for goal in wanted))

    def _search(
        self, wanted: Iterable[Fact], holds: Holds, badges: int, assumed: Mapping[Fact, int] = NOTHING_ASSUMED
    ) -> _Search:
        """The cheapest costs, until all that is wanted has been reached; `assumed` facts can be had for their cost."""
        search, open_goals = _Search(badges_before=badges), set(wanted)
        actions, missing, sums = self._deeds.actions, list(self._sizes), [0] * len(self._sizes)
        order = count()
        queue: list[tuple[int, int, Fact, Operator | None]] = []

        def reach(cost: int, facts: Iterable[Fact], by: Operator | None) -> None:
            for fact in facts:
                if fact not in search.cost:
                    heapq.heappush(queue, (cost, next(order), fact, by))

        reach(0, (fact for fact in self._facts if holds(fact)), None)
        for fact, cost in assumed.items():
            reach(cost, (fact,), None)
        for action in self._always:
            reach(action.cost, action.adds, action)
        won, total = badges, 0
        while queue and open_goals:
            cost, _, fact, by = heapq.heappop(queue)
            if fact in search.cost:
                continue
            search.cost[fact], search.by[fact] = cost, by
            open_goals.discard(fact)
            if cost > 0 and fact.kind == "has" and str(fact.about).endswith(BADGE_ENDING):
                won, total = won + 1, total + cost
                search.badge_facts.append(fact)
                reach(total, (Fact("badges", NOWHERE, won),), None)
            for number in self._needing.get(fact, ()):
                missing[number] -= 1
                sums[number] += cost
                action = actions[number]
                if missing[number] == 0 and badges <= action.badges[1]:
                    reach(sums[number] + action.cost, action.adds, action)
        return search

    def _read_off(self, wanted: Iterable[Fact], search: _Search) -> list[Operator]:
        """The actions that reach the wanted facts, each after those that it needs."""
        steps: dict[int, Operator] = {}
        seen: set[Fact] = set()
        stack = [*wanted]
        while stack:
            fact = stack.pop()
            if fact in seen or search.cost.get(fact, 0) == 0:
                continue
            seen.add(fact)
            by = search.by[fact]
            if by is None:
                stack.extend(self._badges_for(fact, search))
                continue
            steps[id(by)] = by
            stack.extend(by.needs)
        return sorted(steps.values(), key=lambda action: sum(search.cost.get(one, 0) for one in action.needs))

    @staticmethod
    def _badges_for(fact: Fact, search: _Search) -> list[Fact]:
        """The badges that make up a number of badges: the cheapest ones."""
        if not isinstance(fact.value, int) or fact.kind != "badges":
            return []
        return search.badge_facts[: fact.value - search.badges_before]

    @staticmethod
    def _is_ready(action: Operator, search: _Search) -> bool:
        """Whether nothing but a walk lies before it: each need holds, or can be walked to through open gates."""
        return all(search.cost.get(need, 0) == 0 or _walked(need, search) for need in action.needs)

    def _missing(self, wanted: list[Fact], holds: Holds, badges: int) -> tuple[Fact, ...]:
        """The fewest facts that, if they could be had, would make a plan: what the data or the game lack."""
        assumed: dict[Fact, int] = {}
        for fact in dict.fromkeys((*self._facts, *wanted)):
            if fact.kind in ASSUMABLE and not holds(fact):
                assumed[fact] = ASSUMING_COST * (2 if fact in self._deeds.adding else 1)
        search = self._search(wanted, holds, badges, assumed)
        if any(goal not in search.cost for goal in wanted):
            return tuple(goal for goal in wanted if goal not in search.cost)
        needed = {*wanted, *(need for action in self._read_off(wanted, search) for need in action.needs)}
        return tuple(fact for fact in assumed if fact in needed and search.cost.get(fact) == assumed[fact])


def _walked(fact: Fact, search: _Search) -> bool:
    """Whether a place is reached by passages alone, none of which waits for a deed."""
    if fact.kind not in ("at", "in", "map"):
        return False
    while search.cost.get(fact, 0) > 0:
        by = search.by[fact]
        if by is None or not by.is_passage:
            return False
        if any(search.cost.get(need, 0) > 0 for need in by.needs if need.kind != "at"):
            return False
        start = next((need for need in by.needs if need.kind == "at"), None)
        if start is None:
            return True  # by air
        fact = start
    return True

"""Follows a path press by press and notices when the game does not play along.

A press from rest either turns or steps, people wander into the way, a step may be swallowed by a script. So after
every press the walker looks where it stands: on the path it goes on, off the path it plans anew, and when nothing
moves for a while it treats the cell ahead as an obstacle and finally says `Blocked`. Where
somebody else pressed another button than the one it named (`overruled`), that is no failure, and a step aside is taken
back without a new search.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from core.game import terrain
from core.game.state import GameState
from core.game.terrain import OFFSET
from core.navigation.map_ground import Cell, MapGround
from core.navigation.pathfinding import Blocked, BlockReason, Goal, Path, find_path
from core.rules.field.walked_ground import WalkedGround
from core.vocabulary import Button, MapId

PATIENCE_PRESSES = 3
"""Presses without effect before the path is planned anew."""
OBSTACLE_STEPS = 40
"""How long a cell that could not be entered counts as an obstacle."""
MOST_REPLANS = 4
"""Plans that end in front of an obstacle before the walker gives up."""

NODES_TO_REJOIN = 6
"""So many nodes of the path ahead, and two behind, are looked at for a place to come back to."""

_NEEDING_A: Final = terrain.CUT_TREES | terrain.WHIRLPOOLS
"""Ground that A changes, by a move of the party."""


@dataclass(frozen=True, slots=True)
class Heading:
    """Where a walk leads to now."""

    purpose: str
    """The walk's key: it begins with that of the option it belongs to."""
    goal: Goal
    ground: MapGround
    """What is walked on, nobody on it."""


GoalMaker = Callable[[MapGround], Sequence[Goal]]
Node = tuple[int, int, Button]


@dataclass(frozen=True, slots=True)
class Arrived:
    """The walker stands on `goal`, facing `goal.then` if that is given."""

    goal: Goal


Walked = Button | Arrived | Blocked
"""A walker's answer."""


class Walker:
    """One lane's legs on one map."""

    def __init__(self, ground: WalkedGround) -> None:
        self._ground = ground
        self.reset()

    def reset(self) -> None:
        self._key = ""
        self._map: MapId | None = None
        self._nodes: list[Node] = []
        self._goal: Goal | None = None
        self._index = 0
        self._idle_presses = 0
        self._replans = 0
        self._obstacles: dict[Cell, int] = {}
        self._strayed = False

    def overruled(self) -> None:
        """The button that `next` named last was not pressed, another was."""
        self._idle_presses = max(0, self._idle_presses - 1)
        self._strayed = True

    def heading(self, state: GameState) -> Heading | None:
        """The goal of the walk under way on this map; None when there is none."""
        if self._goal is None or not self._key or self._map != state.position.map:
            return None
        return Heading(self._key, self._goal, self._ground.bare(state))

    def next(self, state: GameState, step: int, key: str, make_goals: GoalMaker) -> Walked:
        """The button to press now, `Arrived`, or `Blocked`. `key` names the walk's purpose: a new key, a new path."""
        position = state.position
        here = (position.x, position.y, state.facing)
        if key != self._key or position.map != self._map:
            if position.map != self._map:
                self._obstacles.clear()
            self._key, self._map = key, position.map
            self._replans = 0
            blocked = self._plan(state, step, here, make_goals)
        elif not self._on_path(here) and not (self._strayed and self._rejoin(here)):
            blocked = self._plan(state, step, here, make_goals)
        elif self._idle_presses > PATIENCE_PRESSES:
            blocked = self._give_way(state, step, here, make_goals)
        else:
            blocked = None
        self._strayed = False
        if blocked is not None:
            self._key = ""
            return blocked
        if self._index == len(self._nodes) - 1:
            assert self._goal is not None
            return Arrived(self._goal)
        self._idle_presses += 1
        return self._press(state, here, self._nodes[self._index + 1])

    @staticmethod
    def _press(state: GameState, here: Node, following: Node) -> Button:
        """A direction, or A where the step ahead needs it: to ride out, cut, smooth a whirlpool, climb a fall."""
        if here[2] is not following[2] or here[:2] == following[:2]:
            return following[2]
        dx, dy = OFFSET[here[2]]
        ahead = state.collision_at(here[0] + dx, here[1] + dy)
        rides_out = terrain.GROUND[ahead] == terrain.Ground.WATER and not state.is_surfing
        climbs = ahead in terrain.WATERFALLS and here[2] is Button.UP
        return Button.A if rides_out or climbs or ahead in _NEEDING_A else following[2]

    def _on_path(self, here: Node) -> bool:
        """Finds `here` among the next nodes; a turn and the step after it may come together."""
        for ahead in (1, 0, 2):
            index = self._index + ahead
            if index < len(self._nodes) and self._nodes[index] == here:
                if ahead:
                    self._idle_presses = 0
                self._index = index
                return True
        return False

    def _rejoin(self, here: Node) -> bool:
        """After somebody else's press: go on from a node of the path with this cell, or with one beside it.

        A step that turns out to be barred (a ledge, a fence) is found out by the next presses, as any other. The last
        node is left to a new search, which knows the direction to face there.
        """
        beside = {(here[0] + dx, here[1] + dy): button for button, (dx, dy) in OFFSET.items()}
        first, beyond = max(0, self._index - 2), min(len(self._nodes) - 1, self._index + NODES_TO_REJOIN)
        for index in range(beyond - 1, first - 1, -1):
            cell, follower = self._nodes[index][:2], self._nodes[index + 1]
            if cell == here[:2]:
                self._index, self._idle_presses = index, 0
                return True
            if cell in beside:
                turned: Node = (*here[:2], beside[cell])
                back: Node = (*cell, beside[cell])
                aligned: Node = (*cell, follower[2])
                way = [here, turned, back, aligned, follower]
                way = [node for place, node in enumerate(way) if place == 0 or node != way[place - 1]]
                self._nodes = way + self._nodes[index + 2 :]
                self._index, self._idle_presses = 0, 0
                return True
        return False

    def _plan(self, state: GameState, step: int, here: Node, make_goals: GoalMaker) -> Blocked | None:
        obstacles = frozenset(cell for cell, until in self._obstacles.items() if until > step)
        ground = self._ground.with_people(state, obstacles)
        path = find_path(ground, here[:2], here[2], make_goals(ground))
        if isinstance(path, Blocked):
            return path
        self._follow(path, here)
        return None

    def _follow(self, path: Path, here: Node) -> None:
        self._nodes = [here, *((press.x, press.y, press.button) for press in path.steps)]
        self._goal = path.goal
        self._index = 0
        self._idle_presses = 0

    def _give_way(self, state: GameState, step: int, here: Node, make_goals: GoalMaker) -> Blocked | None:
        """The step ahead is refused: go round it for a while, or give up."""
        dx, dy = OFFSET[here[2]]
        ahead = (here[0] + dx, here[1] + dy)
        self._obstacles[ahead] = step + OBSTACLE_STEPS
        self._replans += 1
        if self._replans > MOST_REPLANS:
            self._replans = 0
            return Blocked(BlockReason.PERSON_IN_THE_WAY, f"the step from {here[:2]} to {ahead} is refused", (ahead,))
        return self._plan(state, step, here, make_goals)

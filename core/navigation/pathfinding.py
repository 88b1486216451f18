"""The way from here to there on one map: A* over the steps of a `MapGround`.

A step costs one action, and so does turning on the spot, so the search runs over cells *and* facings and finds the
path with the fewest button presses, not just the fewest steps. Warps are entered only on purpose. When there is no way
the answer is a `Blocked` with the reason, because what to do next depends on it.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from core.game import terrain
from core.game.terrain import OFFSET
from core.navigation.map_ground import Cell, MapGround
from core.vocabulary import DIRECTION_BUTTONS, Button

UNREACHED = 1 << 30


class Goal(NamedTuple):
    """A cell to stand on and, if `then` is given, a direction to press there: to face a person or to leave the map."""

    x: int
    y: int
    then: Button | None = None


class PathStep(NamedTuple):
    """One press: the direction, and the player's cell after it. A turn on the spot keeps the cell."""

    button: Button
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Path:
    """The way to a goal. `steps` may be empty: already there, facing the right way."""

    goal: Goal
    steps: tuple[PathStep, ...]
    cost: int


class BlockReason(StrEnum):
    """Why there is no way, from the cheapest to the costliest thing to do about it."""

    PERSON_IN_THE_WAY = "person_in_the_way"
    NEEDS_CUT = "needs_cut"
    NEEDS_SURF = "needs_surf"
    NEEDS_WHIRLPOOL = "needs_whirlpool"
    NEEDS_WATERFALL = "needs_waterfall"
    CUT_OFF = "cut_off"
    NO_SUCH_CELL = "no_such_cell"


@dataclass(frozen=True, slots=True)
class Blocked:
    """No way, and why. `cells` are the obstacles that the path would cross if they were not there."""

    reason: BlockReason
    detail: str
    cells: tuple[Cell, ...] = ()


def talk_goals(ground: MapGround, x: int, y: int) -> tuple[Goal, ...]:
    """The cells from which A reaches (x, y): the four neighbours, or one cell further across a counter."""
    goals: list[Goal] = []
    for button in DIRECTION_BUTTONS:
        dx, dy = OFFSET[button]
        near = (x - dx, y - dy)
        if ground.byte(*near) in terrain.COUNTERS:
            near = (x - 2 * dx, y - 2 * dy)
        if ground.standable(*near) and near not in ground.people and not ground.warps_on_arrival(*near):
            goals.append(Goal(*near, then=button))
    return tuple(goals)


def warp_goals(ground: MapGround, x: int, y: int) -> tuple[Goal, ...]:
    """How a warp event at (x, y) is entered: by arriving, or by pressing the carpet's direction on it.

    None where the ground is no warp: people land there, or a hole has yet to open.
    """
    byte = ground.byte(x, y)
    return (Goal(x, y, then=terrain.WARP_CARPETS.get(byte)),) if byte in terrain.WARPS else ()


def find_path(ground: MapGround, start: Cell, facing: Button, goals: Collection[Goal]) -> Path | Blocked:
    """The path of fewest actions from `start` to the nearest of `goals`, or why there is none.

    A goal on a warp that acts on arrival must be *entered*: standing on it at the start does not count.
    """
    path = _search(ground, start, facing, goals)
    return path if path is not None else _explain(ground, start, facing, goals)


def _search(ground: MapGround, start: Cell, facing: Button, goals: Collection[Goal]) -> Path | None:
    """A* over (cell, facing) nodes. An edge is a step, with the turn before it if the player faces another way.

    A node is 4 * (y * width + x) + facing. The start has a node of its own beyond the last cell, so that standing on
    the start and coming back to it stay two things; the goals' own nodes are negative.
    """
    rows, columns = ground.collision.shape
    wanted: dict[Cell, list[tuple[int, Goal]]] = {}
    for index, goal in enumerate(goals):
        wanted.setdefault((goal.x, goal.y), []).append((-1 - index, goal))
    if not wanted:
        return None
    slides = ground.is_slippery
    bounds: dict[Cell, int] = {}

    def bound(cell: Cell) -> int:
        """A lower bound on the actions from a cell to a goal; one slide or current may cross any number of cells."""
        known = bounds.get(cell)
        if known is None:
            x, y = cell
            known = bounds[cell] = 0 if slides else min(abs(x - gx) + abs(y - gy) for gx, gy in wanted)
        return known

    first = 4 * rows * columns + DIRECTION_BUTTONS.index(facing)
    best = {first: 0}
    came: dict[int, int] = {}
    queue: list[tuple[int, int, int]] = [(bound(start), 0, first)]
    while queue:
        _, cost, node = heapq.heappop(queue)
        if node < 0:
            reached = list(goals)[-1 - node]
            steps = _presses(came, node, start, columns)
            if reached.then is not None and reached.then is not DIRECTION_BUTTONS[came[node] & 3]:
                steps.append(PathStep(reached.then, reached.x, reached.y))
            return Path(reached, tuple(steps), cost)
        if cost > best[node]:
            continue
        left = node < 4 * rows * columns
        cell = ((node >> 2) % columns, (node >> 2) // columns) if left else start
        look = DIRECTION_BUTTONS[node & 3]
        warps = ground.warps_on_arrival(*cell)
        if left or not warps:
            for goal_node, goal in wanted.get(cell, ()):
                total = cost + (goal.then is not None and goal.then is not look)
                if total < best.get(goal_node, UNREACHED):
                    best[goal_node], came[goal_node] = total, node
                    heapq.heappush(queue, (total, total, goal_node))
        if left and warps:
            continue  # the warp takes the player away: no path goes on from here
        facing_number = node & 3
        for number, there, extra, _, _ in ground.moves_from(cell):
            after = 4 * (there[1] * columns + there[0]) + number
            total = cost + 1 + (number != facing_number) + extra
            if total < best.get(after, UNREACHED):
                best[after], came[after] = total, node
                heapq.heappush(queue, (total + bound(there), total, after))
    return None


def _presses(came: dict[int, int], goal_node: int, start: Cell, columns: int) -> list[PathStep]:
    """The buttons along the way to a goal's cell, turns on the spot included."""
    nodes: list[int] = []
    node = goal_node
    while node in came:
        node = came[node]
        nodes.append(node)
    nodes.reverse()
    steps: list[PathStep] = []
    x, y = start
    for before, after in pairwise(nodes):
        button = DIRECTION_BUTTONS[after & 3]
        if before & 3 != after & 3:
            steps.append(PathStep(button, x, y))
        x, y = (after >> 2) % columns, (after >> 2) // columns
        steps.append(PathStep(button, x, y))
    return steps


def _explain(ground: MapGround, start: Cell, facing: Button, goals: Collection[Goal]) -> Blocked:
    """Search again with one obstacle lifted at a time; the first that opens a way is the reason."""
    if not goals:
        return Blocked(BlockReason.NO_SUCH_CELL, "there is no cell from which it could be done")
    inside = [goal for goal in goals if ground.byte(goal.x, goal.y) != terrain.OUTSIDE]
    if not inside:
        return Blocked(BlockReason.NO_SUCH_CELL, f"none of the {len(goals)} goals is a cell of this map")
    alone = replace(ground, people=frozenset())
    lifted = [
        (BlockReason.PERSON_IN_THE_WAY, alone, "somebody stands in the way"),
        (BlockReason.NEEDS_CUT, replace(alone, can_cut=True), "a small tree is in the way"),
        (BlockReason.NEEDS_SURF, replace(alone, can_surf=True), "the way leads over water"),
    ]
    riding = replace(alone, can_surf=True)
    if np.isin(ground.collision, list(terrain.WHIRLPOOLS)).any():
        opened = replace(riding, can_whirlpool=True)
        lifted.append((BlockReason.NEEDS_WHIRLPOOL, opened, "a whirlpool is in the way"))
    if np.isin(ground.collision, list(terrain.WATERFALLS)).any():
        opened = replace(riding, can_waterfall=True)
        lifted.append((BlockReason.NEEDS_WATERFALL, opened, "the way leads up a waterfall"))
    for reason, opened, sentence in lifted:
        path = _search(opened, start, facing, inside)
        if path is None:
            continue
        cells = tuple(
            (step.x, step.y)
            for step in path.steps
            if (step.x, step.y) in ground.people or not ground.standable(step.x, step.y)
        )
        return Blocked(reason, f"{sentence}, at {cells[0] if cells else start}", cells)
    goal = inside[0]
    return Blocked(BlockReason.CUT_OFF, f"walls separate {start} from ({goal.x}, {goal.y})")

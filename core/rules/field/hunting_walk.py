"""Walks about in the wild until something comes: on through the grass, first where the last visit is longest ago.

Every step through tall grass is as likely as any other to meet something, a turn on the spot meets nothing. To and fro
between two cells is therefore the slowest way to hunt, and it looks like a loop; a tour of a broad patch is neither.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.game import terrain
from core.game.party import PartyMember
from core.game.terrain import OFFSET, OPPOSITE
from core.navigation.map_ground import Cell, MapGround
from core.navigation.pathfinding import Goal
from core.vocabulary import DIRECTION_BUTTONS, Button

BROAD_CELLS = 12
"""A patch of so many cells is as good as a larger one: a fight comes about every tenth step."""
MOST_STEPS_WITHOUT_EXPERIENCE = 400
"""Steps of hunting that bring no experience before the place is left alone."""
LESSON_BREAK_STEPS = 150
"""A break in the hunting longer than this begins the count anew."""
NEVER = -1
"""A step before all others."""


@dataclass(frozen=True, slots=True)
class Wild:
    """Where wild creatures appear on one map."""

    ground: MapGround
    everywhere: bool
    """As in caves."""

    def has(self, cell: Cell) -> bool:
        """Whether they appear on this cell, and the player can stand there."""
        ground = self.ground
        if not ground.standable(*cell) or cell in ground.people or cell in ground.warps:
            return False
        byte = ground.byte(*cell)
        return self.everywhere or byte in terrain.TALL_GRASS or terrain.GROUND[byte] == terrain.Ground.WATER

    def cells(self) -> set[Cell]:
        """All such cells."""
        rows, columns = self.ground.collision.shape
        return {(x, y) for y in range(rows) for x in range(columns) if self.has((x, y))}


class HuntingWalk:
    """One lane's walk on one map."""

    def __init__(self) -> None:
        self._visits: dict[tuple[Cell, Button], int] = {}
        """Cells walked since the last fight and the direction taken there: the step of the last time."""
        self._hunted: frozenset[Cell] | None = None
        """The cells worth hunting on; None before they are looked for."""

    def entered_map(self) -> None:
        """What was known of the last map is void."""
        self._visits.clear()
        self._hunted = None

    def fought(self) -> None:
        """Something came: forget the walk so far."""
        self._visits.clear()

    def next(self, wild: Wild, here: Cell, facing: Button, step: int) -> Button | None:
        """The press of step number `step`; None where hunting is not worth it (see `goals`)."""
        if self._hunted is None:
            self._hunted = _broadest(wild.cells())
        if here not in self._hunted:
            return None
        self._visits[here, facing] = step
        ways = [button for button in DIRECTION_BUTTONS if wild.has(_beside(here, button))]
        return min(
            ways, key=lambda button: (self._last_visit(here, facing, button), _turn(facing, button)), default=None
        )

    def _last_visit(self, here: Cell, facing: Button, button: Button) -> int:
        """The step of the last visit to where `button` leads, the turn before it included."""
        ahead = self._visits.get((_beside(here, button), button), NEVER)
        return ahead if button == facing else max(ahead, self._visits.get((here, button), NEVER))

    def goals(self, wild: Wild, here: Cell) -> tuple[Goal, ...]:
        """Where to walk first: cells that are worth hunting on, with another wild one beside them; not `here`."""
        cells = self._hunted or ()
        return tuple(
            Goal(*cell)
            for cell in cells
            if cell != here and any(wild.has(_beside(cell, button)) for button in DIRECTION_BUTTONS)
        )

    def settle(self, wild: Wild) -> None:
        """The broad patches are out of reach: any wild cell will do."""
        self._hunted = frozenset(wild.cells())


class HuntingLesson:
    """What the lead has learned from hunting: nothing for long where the player flees from all that comes."""

    def __init__(self) -> None:
        self._exp, self._since, self._last = 0, 0, 0
        """The lead's experience, since which step it is that, and the last step of hunting."""

    def learns_nothing(self, lead: PartyMember, step: int) -> bool:
        """Notes a step of hunting. Whether all of them for long have brought no experience."""
        if lead.exp != self._exp or step - self._last > LESSON_BREAK_STEPS:
            self._exp, self._since = lead.exp, step
        self._last = step
        return step - self._since > MOST_STEPS_WITHOUT_EXPERIENCE


def _beside(cell: Cell, button: Button) -> Cell:
    dx, dy = OFFSET[button]
    return cell[0] + dx, cell[1] + dy


def _turn(facing: Button, button: Button) -> int:
    """0 straight on, 1 to a side, 2 back."""
    if button == facing:
        return 0
    return 2 if button == OPPOSITE[facing] else 1


def _broadest(cells: set[Cell]) -> frozenset[Cell]:
    """The patches of at least `BROAD_CELLS` joined cells; where there are none, the largest."""
    patches: list[set[Cell]] = []
    left = set(cells)
    while left:
        patch = {left.pop()}
        edge = list(patch)
        while edge:
            cell = edge.pop()
            near = {_beside(cell, button) for button in DIRECTION_BUTTONS} & left
            left -= near
            patch |= near
            edge += near
        patches.append(patch)
    enough = min(BROAD_CELLS, max(map(len, patches), default=0))
    return frozenset(cell for patch in patches if len(patch) >= enough for cell in patch)

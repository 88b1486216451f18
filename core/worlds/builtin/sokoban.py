"""Sokoban with one box: push it onto the target.

The score goes by the exact number of moves to a solved room, found by breadth-first search over (player, box). So
neither pushing back and forth nor walking pays, and a position that can no longer be solved scores 0.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar

from core.worlds.base import Practice, TextWorld, Turn, WorldPreset, WorldTrial
from core.worlds.chat_answer import bare_answer
from core.worlds.grid import MOVES, GridCell, move_field, parse_moves, random_moves
from core.worlds.registry import TEXT_WORLDS

TOOLS = ("search", "push_first", "none")
"""search: a shortest solution. push_first: pushes the box without a plan. none: nothing."""
MALFORMED_PENALTY = -0.1


@dataclass(frozen=True, slots=True)
class Room:
    """What never changes: the inside cells and the target."""

    size: int
    floor: frozenset[GridCell]
    target: GridCell


@dataclass(frozen=True, slots=True)
class SokobanState:
    """A room, the cells of player and box, and the tool's last output."""

    room: Room
    player: GridCell
    box: GridCell
    start_distance: int
    """Moves of the shortest solution from the start."""
    tool: str = ""
    output: str = ""
    output_worth: float = 0.0
    """Score after the moves of the tool's last output; stays when the mover has moved."""


def step(room: Room, player: GridCell, box: GridCell, move: str) -> tuple[GridCell, GridCell] | None:
    """Player and box after one move, or None when a wall or a stuck box blocks it."""
    ahead = player.moved(move)
    if ahead not in room.floor:
        return None
    if ahead != box:
        return ahead, box
    beyond = box.moved(move)
    return (ahead, beyond) if beyond in room.floor else None


@lru_cache(maxsize=512)
def moves_left(room: Room) -> dict[tuple[GridCell, GridCell], int]:
    """Shortest number of moves to a solved room from every (player, box) that can be solved.

    Breadth-first search backwards from all solved positions, over the moves that lead from one position to another.
    """
    before: dict[tuple[GridCell, GridCell], list[tuple[GridCell, GridCell]]] = {}
    for player in room.floor:
        for box in room.floor - {player}:
            for move in MOVES:
                after = step(room, player, box, move)
                if after is not None:
                    before.setdefault(after, []).append((player, box))
    found = {(player, room.target): 0 for player in room.floor - {room.target}}
    queue = deque(found)
    while queue:
        position = queue.popleft()
        for earlier in before.get(position, ()):
            if earlier not in found:
                found[earlier] = found[position] + 1
                queue.append(earlier)
    return found


@TEXT_WORLDS.register("sokoban")
class Sokoban(TextWorld[SokobanState]):
    """Rooms of `size` x `size` with walls around, some walls inside, one box, always solvable."""

    name = "sokoban"
    preset = WorldPreset({"size": 6, "max_rounds": 1}, alone={"with_tool": False})
    trials = (WorldTrial(answers_of_40={"tool": 3}, repeats_tool=True), WorldTrial({"with_tool": False}))
    instructions: ClassVar[Mapping[str, str]] = {
        "tool": (
            "This is a room seen from above. @ is you, $ a box, + its target, # a wall. "
            "You push the box by walking against it. "
            "Another player will walk. Call a tool that helps: answer with one tool's name, nothing else."
        ),
        "mover": (
            "This is a room seen from above. @ is you, $ a box, + its target, # a wall. "
            "You push the box by walking against it. "
            "Answer with all moves in order as letters U D L R, for example RRDDL, nothing else."
        ),
    }

    def __init__(self, size: int = 6, inner_walls: int = 2, with_tool: bool = True, max_rounds: int = 2) -> None:
        self.size = size
        self.inner_walls = inner_walls
        self.roles = ("tool", "mover") if with_tool else ("mover",)
        self.max_rounds = max_rounds
        self.field_places = 4 * size

    def initial(self, seed: int) -> SokobanState:
        """Draw rooms until the box can be solved in at least three moves."""
        rng = random.Random(f"{self.name}-{self.size}-{self.inner_walls}-{seed}")
        inside = [GridCell(row, column) for row in range(1, self.size - 1) for column in range(1, self.size - 1)]
        while True:
            player, box, target, *walls = rng.sample(inside, 3 + self.inner_walls)
            room = Room(self.size, frozenset(inside) - frozenset(walls), target)
            distance = moves_left(room).get((player, box), 0)
            if distance >= 3:
                return SokobanState(room, player, box, distance)

    def prompt(self, state: SokobanState, role: str) -> str:
        """The picture (@ player, $ box, + target), then that role's task."""
        picture = "\n".join(
            "".join(self._mark(state, GridCell(row, column)) for column in range(self.size)) for row in range(self.size)
        )
        if role == "tool":
            return f"{picture}\nTools: {' '.join(TOOLS)}\nCall one."
        tool = f"Tool {state.tool}: {move_field(state.output, self.field_places)}\n" if state.tool else ""
        return f"{picture}\n{tool}Moves to push $ onto +?"

    def play(self, state: SokobanState, role: str, answer: str) -> Turn[SokobanState]:
        """The tool role says a tool's name; the mover says moves, which are made up to the first impossible one."""
        if role == "tool":
            return self._call(state, bare_answer(answer).lower())
        moves = parse_moves(answer)
        if moves is None:
            return Turn(state, MALFORMED_PENALTY, 0.0, False, False, "moves are letters U D L R and nothing else")
        after, fault = self._follow(state, moves)
        after = replace(after, tool="", output="")
        success = after.box == state.room.target
        return Turn(after, 0.0, self._score(after) - self._score(state), success, success, fault)

    def gold(self, state: SokobanState, role: str) -> str:
        """Call the honest search; make a shortest solution's moves."""
        return "search" if role == "tool" else self._solution(state)

    def practice(self, seed: int, role: str, rng: random.Random, repeat_share: float = 0.5) -> Practice:
        """A random tool; random moves, or the moves in the tool's field."""
        state, tool = self.initial(seed), rng.choice(TOOLS)
        if role == "tool":
            return Practice(self.prompt(state, role), tool)
        moves = random_moves(rng, 3 * self.size)
        if "tool" not in self.roles:
            return Practice(self.prompt(state, role), moves)
        repeated = rng.random() < repeat_share
        state = replace(state, tool=tool, output=moves if repeated else random_moves(rng, 3 * self.size))
        return Practice(self.prompt(state, role), moves)

    def _call(self, state: SokobanState, tool: str) -> Turn[SokobanState]:
        if tool not in TOOLS:
            return Turn(state, MALFORMED_PENALTY, 0.0, False, False, f"no tool is called {tool[:20]!r}")
        moves = self._run_tool(state, tool)
        worth = self._score(self._follow(state, moves)[0])
        after = replace(state, tool=tool, output=moves, output_worth=worth)
        return Turn(after, worth - state.output_worth, 0.0, False, False)

    def _follow(self, state: SokobanState, moves: str) -> tuple[SokobanState, str]:
        player, box = state.player, state.box
        for number, move in enumerate(moves, start=1):
            after = step(state.room, player, box, move)
            if after is None:
                return replace(state, player=player, box=box), f"move {number} ({move}) is not possible"
            player, box = after
            if box == state.room.target:
                break
        return replace(state, player=player, box=box), ""

    def _run_tool(self, state: SokobanState, tool: str) -> str:
        if tool == "search":
            return self._solution(state)
        if tool == "none":
            return ""
        return "".join(m for m in MOVES if step(state.room, state.player, state.box, m) is not None)[:1] * 3

    def _solution(self, state: SokobanState) -> str:
        left, position, path = moves_left(state.room), (state.player, state.box), ""
        while left.get(position, 0):
            for move in MOVES:
                after = step(state.room, *position, move)
                if after is not None and left.get(after) == left[position] - 1:
                    position, path = after, path + move
                    break
        return path

    def _score(self, state: SokobanState) -> float:
        left = moves_left(state.room).get((state.player, state.box))
        if left == 0:
            return 1.0
        return 0.0 if left is None else max(0.0, 0.5 * (1.0 - left / state.start_distance))

    def _mark(self, state: SokobanState, cell: GridCell) -> str:
        if cell == state.player:
            return "@"
        if cell == state.box:
            return "$"
        if cell == state.room.target:
            return "+"
        return "." if cell in state.room.floor else "#"

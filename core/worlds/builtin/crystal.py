"""Crystal: a planner names waypoints and a navigator walks there, in the game itself.

The problem is to reach a goal cell on the player's map; walls, people, ledges, tall grass and doors are in the way. The
planner sees the screen as letters and the goal's place, and names a waypoint: a direction (the last calm cell that way,
no farther than level with the goal), or `way` (the path-finder's path up to its second bend). The navigator sees the
steps to the waypoint and says steps, which are walked in the emulator; then the planner's turn comes again. Every
candidate starts from the same save state (`cartridge_walks.py`), so its score is what the game really did.

Without the path-finder among its words the planner must look at the screen, as no direction is good in itself. Runs on
Fernvale, or on any cartridge that the project knows.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Final

from core.exceptions import ConfigurationError, TrainingError
from core.game.state import GameState
from core.navigation.map_ground import Cell
from core.worlds.base import FIRST_TRAINING_SEED, Practice, TextWorld, Turn, WorldPreset
from core.worlds.cartridge_ground import (
    around_one_bend,
    as_the_crow_flies,
    calm_steps,
    calm_stroll,
    cell_after,
    cell_of,
    ground_of,
    is_calm,
    picture,
    steps_from,
    steps_to,
    way_letters,
)
from core.worlds.cartridge_walks import CartridgeWalks, Spot, Walk
from core.worlds.chat_answer import bare_answer
from core.worlds.grid import move_field, parse_moves, random_moves
from core.worlds.registry import TEXT_WORLDS

DIRECTIONS: Final = {"up": "U", "down": "D", "left": "L", "right": "R"}
"""The planner's words for directions, each with its step."""
PATH_FINDER: Final = "way"
"""The planner's word for the beginning of the path-finder's path, up to its second bend."""
MALFORMED_PENALTY = -0.1
HALF_WAY = 0.5
"""The highest score for coming nearer; only arrival pays the other half."""
FIELD_PLACES = 10
LONGEST_DETOUR = 4
"""Most steps to a waypoint that lies away from the goal."""
MOST_TOLD = 9
"""Most calm steps in a direction that a prompt tells: one digit."""
LONGEST_STROLL = 16
"""Most steps from the cell where the rules entered a map to a problem's start."""
DRAWS = 200
"""Most tries to draw a problem."""
ARRIVING_SHARE = 0.5
"""Of the examples of `arriving_practice`, those that have the goal where they lead."""
ALONE_SHARE = 0.5
"""Of the navigator's examples of `arriving_practice`, those in which nobody has named a waypoint."""
PRACTICE_PROBLEMS = 120
"""Different situations in the examples of the format stage: a situation costs some 30 ms of emulation."""


@dataclass(frozen=True, slots=True)
class CrystalState:
    """A moment of the game, the goal cell, and the planner's last waypoint."""

    spot: Spot
    game: GameState = field(repr=False)
    goal: Cell
    start_distance: int
    """Steps of the shortest path from the start."""
    waypoint: str = ""
    heading: str = ""
    """The steps to the waypoint that the navigator reads; empty when the first step is blocked."""
    heading_worth: float = 0.0
    """Score after a walk along the last heading; stays when the navigator has walked."""
    lost: str = ""
    """Why the attempt is over, if it is: a battle, a door, a text."""


@TEXT_WORLDS.register("crystal")
class Crystal(TextWorld[CrystalState]):
    """Goal cells `nearest` to `farthest` steps away, on the first `maps` maps of a game.

    In training, distances grow: the farthest rises linearly from `nearest` to its full value over the first
    `growing_problems` problems. All other problems (evaluation, test, practice) have the full range.
    """

    name = "crystal"
    preset = WorldPreset(
        {"max_rounds": 3},
        {"max_new_tokens": 16, "batch_size": 8, "eval_episodes": 50},
        alone={"with_planner": False},
    )
    file_options = ("rom",)
    trials = ()
    """None: every problem costs emulation, so a test of its own plays few of them."""
    instructions: ClassVar[Mapping[str, str]] = {
        "planner": (
            "This is the screen of a game seen from above. @ is the player, G the goal, D a door, P a person, # a "
            "wall, w tall grass. Another player will walk. Name the waypoint that helps: one word of the list."
        ),
        "navigator": (
            "This is the screen of a game seen from above. @ is you, G the goal, D a door, P a person, # a wall, w "
            "tall grass. Answer with your steps in order as letters U D L R, for example RRDDL, nothing else."
        ),
    }

    def __init__(
        self,
        rom: str | Path | None = None,
        maps: int = 8,
        nearest: int = 3,
        farthest: int = 8,
        growing_problems: int = 80,
        with_planner: bool = True,
        with_path_finder: bool = True,
        max_rounds: int = 3,
        told_free_steps: bool = False,
        arriving_practice: int = 0,
    ) -> None:
        """With `told_free_steps` the prompt has no picture: it says in which directions there are calm steps, and
        how many, and in which and how far away the goal is.

        With `arriving_practice` the format stage shows what a goal is for, for near ones only, and what is in the way.
        The planner names a random direction in which there is calm ground; in half of the examples the goal lies
        there, at most so many steps straight ahead. In half of the navigator's examples nobody has named a waypoint,
        as for one who walks alone: random steps over calm ground that come to no cell twice, at most so many with the
        goal at their end, or twice as many with the goal anywhere. No path-finder is asked."""
        if not 2 <= nearest <= farthest or maps < 1:
            raise ConfigurationError(
                f"nearest={nearest}, farthest={farthest}, maps={maps}: the world needs 2 <= nearest <= farthest "
                "steps and at least 1 map"
            )
        self.nearest, self.farthest = nearest, farthest
        self.growing_problems = growing_problems
        self.roles = ("planner", "navigator") if with_planner else ("navigator",)
        self.words = (*DIRECTIONS, PATH_FINDER) if with_path_finder else tuple(DIRECTIONS)
        self.max_rounds = max_rounds
        self.told_free_steps = told_free_steps
        self.arriving_practice = arriving_practice
        self._walks = CartridgeWalks(rom, maps)
        self._drawn = lru_cache(maxsize=2048)(self._draw)

    def close(self) -> None:
        """Stop the emulator; it starts again when it is needed."""
        self._walks.close()

    def initial(self, seed: int) -> CrystalState:
        """A map, a start and a goal, drawn until the path-finder's path leads to the goal in the emulator."""
        return self._drawn(seed)

    def farthest_of(self, seed: int) -> int:
        """The longest path of that problem: shorter for the first problems of training."""
        into = seed - FIRST_TRAINING_SEED
        if not 0 <= into < self.growing_problems:
            return self.farthest
        return self.nearest + (self.farthest - self.nearest) * into // self.growing_problems

    def prompt(self, state: CrystalState, role: str) -> str:
        """The screen as letters (@ player, G goal, D door, P person, w tall grass), where the goal is, and the task."""
        place = state.game.position
        across, down = state.goal[0] - place.x, state.goal[1] - place.y
        if self.told_free_steps:
            screen = f"{self._free_steps(state)}\n{self._wanted_steps(across, down)}\n"
        else:
            where = f"{abs(across)} {'right' if across > 0 else 'left'} {abs(down)} {'down' if down > 0 else 'up'}"
            screen = f"{picture(state.game, state.goal)}\nGoal: {where}\n"
        if role == "planner":
            return f"{screen}Waypoints: {' '.join(self.words)}\nName one."
        named = f"To {state.waypoint}: {move_field(state.heading, FIELD_PLACES)}\n" if state.waypoint else ""
        return f"{screen}{named}Steps?"

    @staticmethod
    def _free_steps(state: CrystalState) -> str:
        free = {word: len(calm_steps(state.game, letter, MOST_TOLD)) for word, letter in DIRECTIONS.items()}
        return f"Free:{_counted(free)}"

    @staticmethod
    def _wanted_steps(across: int, down: int) -> str:
        return f"Goal:{_counted({'up': -down, 'down': down, 'left': -across, 'right': across})}"

    def play(self, state: CrystalState, role: str, answer: str) -> Turn[CrystalState]:
        """The planner says a waypoint; the navigator says steps U, D, L, R, which are walked in the emulator."""
        return self._name(state, bare_answer(answer).lower()) if role == "planner" else self._go(state, answer)

    def gold(self, state: CrystalState, role: str) -> str:
        """The direction in which the path-finder's path begins, or its word; then that path, to the goal."""
        way = way_letters(state.game, state.goal) or ""
        if role == "navigator":
            return way
        if PATH_FINDER in self.words:
            return PATH_FINDER
        return next(word for word, letter in DIRECTIONS.items() if letter == way[0])

    def practice(self, seed: int, role: str, rng: random.Random, repeat_share: float = 0.5) -> Practice:
        """A random waypoint; random steps, or any steps that stand in the waypoint's field."""
        state, waypoint = self.initial(seed % PRACTICE_PROBLEMS), rng.choice(self.words)
        if self.arriving_practice:
            return self._near_practice(state, role, rng, repeat_share)
        if role == "planner":
            return Practice(self.prompt(state, role), waypoint)
        steps = random_moves(rng, FIELD_PLACES)
        if "planner" not in self.roles:
            return Practice(self.prompt(state, role), steps)
        repeated = rng.random() < repeat_share
        heading = steps if repeated else random_moves(rng, FIELD_PLACES)
        return Practice(self.prompt(replace(state, waypoint=waypoint, heading=heading), role), steps)

    def _near_practice(self, state: CrystalState, role: str, rng: random.Random, repeat_share: float) -> Practice:
        arrives, most = rng.random() < ARRIVING_SHARE, self.arriving_practice
        ahead = {word: calm_steps(state.game, letter, most) for word, letter in DIRECTIONS.items()}
        word = rng.choice([word for word, steps in ahead.items() if steps] or list(DIRECTIONS))
        if role == "planner":
            steps = ahead[word][: rng.randint(1, most)]
            shown = replace(state, goal=cell_after(state.game, steps)) if arrives and steps else state
            return Practice(self.prompt(shown, role), word)
        steps, end = calm_stroll(state.game, rng, most * (1 if arrives else 2))
        if "planner" not in self.roles or rng.random() < ALONE_SHARE:
            shown = replace(state, goal=end) if arrives and steps else state
            return Practice(self.prompt(shown, role), steps or DIRECTIONS[word])
        heading = random_moves(rng, FIELD_PLACES)
        answer = heading if rng.random() < repeat_share else random_moves(rng, FIELD_PLACES)
        return Practice(self.prompt(replace(state, waypoint=word, heading=heading), role), answer)

    def _name(self, state: CrystalState, waypoint: str) -> Turn[CrystalState]:
        if waypoint not in self.words:
            return Turn(state, MALFORMED_PENALTY, 0.0, False, False, f"no waypoint is called {waypoint[:20]!r}")
        heading = self._heading(state, waypoint)
        worth = self._score(state, self._walks.walk(state.spot, heading, state.goal))
        # A waypoint pays the difference to the score of the waypoint before it: rewards telescope.
        after = replace(state, waypoint=waypoint, heading=heading, heading_worth=worth)
        feedback = "" if heading else f"{waypoint} is blocked"
        return Turn(after, worth - state.heading_worth, 0.0, False, False, feedback)

    def _heading(self, state: CrystalState, waypoint: str) -> str:
        """The steps to a waypoint, as many as the field holds."""
        if waypoint == PATH_FINDER:
            return around_one_bend(way_letters(state.game, state.goal) or "")[:FIELD_PLACES]
        letter = DIRECTIONS[waypoint]
        towards = as_the_crow_flies(cell_of(state.game), state.goal).count(letter)
        return calm_steps(state.game, letter, min(towards or LONGEST_DETOUR, FIELD_PLACES))

    def _go(self, state: CrystalState, answer: str) -> Turn[CrystalState]:
        steps = parse_moves(answer)
        if steps is None:
            return Turn(state, MALFORMED_PENALTY, 0.0, False, False, "steps are letters U D L R and nothing else")
        walk = self._walks.walk(state.spot, steps, state.goal)
        after = replace(state, spot=walk.spot, game=walk.game, waypoint="", heading="", lost=walk.interruption)
        gained = self._score(state, walk) - self._score(state, Walk(state.spot, state.game, state.lost))
        success = not walk.interruption and cell_of(walk.game) == state.goal
        feedback = walk.interruption or (f"{walk.bumps} steps led nowhere" if walk.bumps else "")
        return Turn(after, 0.0, gained, success or bool(walk.interruption), success, feedback)

    def _score(self, state: CrystalState, walk: Walk) -> float:
        """1 at the goal, 0 after an interruption or without a path to it, else up to a half for coming nearer."""
        left = None if walk.interruption else steps_to(walk.game.collision, state.goal).get(cell_of(walk.game))
        if left is None:
            return 0.0
        return 1.0 if left == 0 else HALF_WAY * (1.0 - left / state.start_distance)

    def _draw(self, seed: int) -> CrystalState:
        rng = random.Random(f"{self.name}-{self.nearest}-{self.farthest}-{seed}")
        openings = self._walks.openings()
        longest = self.farthest_of(seed)
        for _ in range(DRAWS):
            opening = rng.randrange(len(openings))
            state = self._draw_on(openings[opening], opening, rng.randint(self.nearest, longest), rng)
            if state is not None:
                turn = self._go(state, way_letters(state.game, state.goal) or "")
                if turn.success:
                    return state
        raise TrainingError(
            f"{self.name}, seed {seed}: {DRAWS} draws gave no goal {self.nearest} to {longest} steps away that can "
            "be walked to; choose nearer goals or more maps"
        )

    def _draw_on(self, game: GameState, opening: int, distance: int, rng: random.Random) -> CrystalState | None:
        """Walk to a random start, then choose a goal that far away; None if that failed."""
        ground = ground_of(game)
        near = [
            cell
            for cell, steps in steps_from(ground, cell_of(game)).items()
            if 0 < steps <= LONGEST_STROLL and is_calm(ground, cell)
        ]
        if not near:
            return None
        start = rng.choice(near)
        stroll = self._walks.walk(Spot(opening), way_letters(game, start) or "", start)
        if stroll.interruption or cell_of(stroll.game) != start:
            return None
        ground = ground_of(stroll.game)
        away = steps_from(ground, start)
        goals = [cell for cell, steps in away.items() if steps == distance and is_calm(ground, cell)]
        return CrystalState(stroll.spot, stroll.game, rng.choice(goals), distance) if goals else None


def _counted(steps: Mapping[str, int]) -> str:
    """The directions in which there are steps, and how many. One without is not named, so a name alone says that there
    is ground, or that the goal is that way: a small model learns to find a word long before it reads a 0."""
    return "".join(f" {word} {count}" for word, count in steps.items() if count > 0)

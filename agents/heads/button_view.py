"""What the button head sees: the policy view, and with it the option that is to be carried out.

Which button is right is no function of the game's state alone: it depends on what is being done. So the numbers and
planes of the policy view (`core/env/policy_view.py`) are joined by the option (kind, place, key), where its line stands
in the menu that listens, where its walk leads to and how far that is, the words on the screen, the milestones, and what
was pressed here in vain. Nothing of it names a game: places and words are hashes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from agents.heads.goal_field import GoalFields
from agents.heads.menu_target import menu_target
from agents.heads.word_codes import word_code
from core.agent.repeated_presses import Repetition
from core.env.policy_features import FEATURE_COUNT, map_code
from core.env.policy_view import MAP_SHAPE
from core.game.collision import CROP_COLUMNS, CROP_ROWS, PLAYER_COLUMN, PLAYER_ROW
from core.game.state import GameState
from core.rules import RulePlayer
from core.rules.field.walking import Heading
from core.vocabulary import ACTION_COUNT, DIRECTION_BUTTONS, Button, GameMode, Option, OptionKind

PLACES: Final = 8
"""Places of menus, bag and party that have a number of their own."""
TEXT_BITS, LINE_BITS, KEY_BITS, MAP_BITS = 16, 12, 12, 12
CURSOR_ROWS: Final = 5
MILESTONE_ROOM: Final = 128
"""Milestones that are seen, the first of the game's list."""
PARTY_SIZE: Final = 6
TARGET_BUTTONS: Final = (Button.A, *DIRECTION_BUTTONS)
LONG_WALK_STEPS: Final = 30
COUNT_SCALE: Final = 10

SITUATION_PARTS: Final = {
    "features": FEATURE_COUNT,
    "text": TEXT_BITS,
    "line": LINE_BITS,
    "lines": LINE_BITS,
    "cursor": CURSOR_ROWS,
    "milestones": MILESTONE_ROOM,
}
"""What the option head sees of the situation, too."""
OPTION_PARTS: Final = {
    "kind": len(OptionKind),
    "index": PLACES,
    "place": MAP_BITS,
    "key": KEY_BITS,
    "target": 1 + len(TARGET_BUTTONS) + 3,
    "subject": LINE_BITS,
    "count": 1,
    "fighter": PARTY_SIZE,
    "goal": 6,
    "goal_press": len(DIRECTION_BUTTONS),
    "nearer": len(DIRECTION_BUTTONS),
    "distance": 1,
    "barred": ACTION_COUNT,
    "looping": 1,
}


def _places(parts: dict[str, int], start: int) -> dict[str, slice]:
    found: dict[str, slice] = {}
    for name, width in parts.items():
        found[name] = slice(start, start + width)
        start += width
    return found


SITUATION_SIZE: Final = sum(SITUATION_PARTS.values())
VIEW_SIZE: Final = SITUATION_SIZE + sum(OPTION_PARTS.values())
PLACE_OF: Final = {**_places(SITUATION_PARTS, 0), **_places(OPTION_PARTS, SITUATION_SIZE)}
"""Where each group of numbers lies in the vector."""
SITUATION_PLANES: Final = MAP_SHAPE[0]
FIELD_PLANE, GOAL_PLANE = SITUATION_PLANES, SITUATION_PLANES + 1
VIEW_PLANES: Final = {"field_plane": FIELD_PLANE, "goal_plane": GOAL_PLANE}
"""The planes of the option by name."""
PLANES_SHAPE: Final = (SITUATION_PLANES + 2, CROP_ROWS, CROP_COLUMNS)
"""The policy view's planes; how much nearer or farther each cell is; the goal's cell."""

_KINDS: Final = {kind: place for place, kind in enumerate(OptionKind)}
_WALKS: Final = frozenset((GameMode.FREE, GameMode.WALKING))
_WORDLESS: Final = frozenset((GameMode.FREE, GameMode.WALKING, GameMode.MAP_LOADING))
_FIELDS: Final = GoalFields()
"""Of all agents of this process: each session in the same lanes would else make them anew."""


@dataclass(frozen=True, slots=True, eq=False)
class ButtonView:
    """One view; the option head reads the first `SITUATION_SIZE` numbers and `SITUATION_PLANES` planes of it."""

    vector: NDArray[np.float32] = field(default_factory=lambda: np.zeros(VIEW_SIZE, dtype=np.float32))
    planes: NDArray[np.float32] = field(default_factory=lambda: np.zeros(PLANES_SHAPE, dtype=np.float32))


def in_half_precision(values: NDArray[np.float32]) -> NDArray[np.float16]:
    """As `astype(np.float16)`, by torch, which uses the processor's instruction for it: a tenth of the time."""
    return torch.from_numpy(values).half().numpy()


class ButtonViews:
    """Makes the views of games; lanes may share it."""

    def situation(
        self,
        state: GameState,
        features: NDArray[np.float32],
        crop: NDArray[np.uint8],
        reached: NDArray[np.bool_],
        view: ButtonView | None = None,
    ) -> ButtonView:
        """The part that does not depend on an option, in a new view or in an empty one that is given. `features` and
        `crop` are the policy view of `state`, `reached` the milestones in the order of the game's list."""
        view = view or ButtonView()
        vector, at = view.vector, PLACE_OF
        vector[at["features"]] = features
        view.planes[:SITUATION_PLANES] = crop
        menu = state.menu
        if state.mode not in _WORDLESS:
            vector[at["text"]] = word_code(" ".join(" ".join(state.screen_lines[12:]).split()), TEXT_BITS)
            if menu is not None:
                vector[at["line"]] = word_code(menu.selected, LINE_BITS)
                vector[at["lines"]] = word_code("|".join(menu.items), LINE_BITS)
                place = menu.cursor_row * menu.columns + menu.cursor_column
                if place < CURSOR_ROWS:
                    vector[at["cursor"].start + place] = 1.0
        seen = reached[:MILESTONE_ROOM]
        vector[at["milestones"].start : at["milestones"].start + len(seen)] = seen
        return view

    def add_option(
        self, view: ButtonView, state: GameState, option: Option | None, player: RulePlayer, repetition: Repetition
    ) -> None:
        """Adds the option under way to `view`, and what the presses so far came to."""
        vector, at = view.vector, PLACE_OF
        vector[at["barred"]] = repetition.barred
        vector[at["looping"]] = repetition.looping
        if option is None:
            return
        vector[at["kind"].start + _KINDS[option.kind]] = 1.0
        if option.index is not None and 0 <= option.index < PLACES:
            vector[at["index"].start + option.index] = 1.0
        if option.position is not None:
            vector[at["place"]] = map_code(option.position.map)
        vector[at["key"]] = word_code(option.key, KEY_BITS)
        if state.battle is not None and state.battle.active_slot < PARTY_SIZE:
            vector[at["fighter"].start + state.battle.active_slot] = 1.0
        if state.menu is not None:
            self._add_target(vector, state, option, player)
        if state.mode in _WALKS:
            heading = player.heading(state)
            if heading is not None and heading.purpose.startswith(option.key):
                self._add_goal(view, state, heading)

    @staticmethod
    def _add_target(vector: NDArray[np.float32], state: GameState, option: Option, player: RulePlayer) -> None:
        target = menu_target(state, option, player.task_stage(state))
        start = PLACE_OF["target"].start
        if target.toward is not None:
            vector[start] = 1.0
            vector[start + 1 + TARGET_BUTTONS.index(target.toward)] = 1.0
        flags = start + 1 + len(TARGET_BUTTONS)
        vector[flags : flags + 3] = target.is_step, target.is_elsewhere, target.is_over
        if target.subject:
            vector[PLACE_OF["subject"]] = word_code(target.subject, LINE_BITS)
        vector[PLACE_OF["count"]] = min(1.0, target.count / COUNT_SCALE)

    def _add_goal(self, view: ButtonView, state: GameState, heading: Heading) -> None:
        vector, planes, at = view.vector, view.planes, PLACE_OF
        x, y, goal = state.position.x, state.position.y, heading.goal
        east, south = goal.x - x, goal.y - y
        near = 1 / (1 + abs(east) + abs(south))
        signs = float((east > 0) - (east < 0)), float((south > 0) - (south < 0))
        vector[at["goal"]] = max(-1, min(1, east / 10)), max(-1, min(1, south / 10)), *signs, near, 1.0
        if goal.then is not None and goal.then in DIRECTION_BUTTONS:
            vector[at["goal_press"].start + DIRECTION_BUTTONS.index(goal.then)] = 1.0
        row, column = south + PLAYER_ROW, east + PLAYER_COLUMN
        if 0 <= row < CROP_ROWS and 0 <= column < CROP_COLUMNS:
            planes[GOAL_PLANE, row, column] = 1.0
        sight = _FIELDS.sight(state.collision, heading.ground, (goal.x, goal.y), (x, y))
        if sight is None:
            return
        planes[FIELD_PLANE] = sight.gains
        vector[at["nearer"]] = sight.nearer
        vector[at["distance"]] = min(1.0, sight.steps / LONG_WALK_STEPS)

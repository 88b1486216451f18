"""What learned policies see: a small, flat, normalised view of a game state, from RAM alone.

`features` is float32, about -1 to 1, in the order of `core/env/policy_features.py`: health and levels, mode and menu
one-hot, the battle with what each move would do, the last actions, the map as a code. `map` is uint8 of 0 and 1, shape
(8, 9, 10): the steps on screen around the player, one plane each for wall, grass, water, ledge, warp, people, steps
already visited in this episode and the goal direction (`core/navigation/goal_direction.py`). `screen`, uint8
(1, 72, 80), is the brightness of every second pixel, which makes the emulator draw a frame. Which of the three there
are is the env's `observation_type` (`POLICY_PARTS`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from core.env.policy_features import (
    ACTION_START,
    BATTLE_START,
    FACING_START,
    FEATURE_COUNT,
    GOAL_START,
    LAST_ACTIONS,
    MAP_START,
    MENU_START,
    MILESTONES,
    MODE_START,
    POSSESSIONS_START,
    WAITS,
    battle_features,
    goal_features,
    map_code,
    menu_features,
    possession_features,
)
from core.game.battle import BattleState
from core.game.collision import CROP_COLUMNS, CROP_ROWS, GROUND_PLANES, PLAYER_COLUMN, PLAYER_ROW
from core.game.game_data import GameData
from core.game.menu import MenuKind, MenuState
from core.game.milestone_tracker import MilestoneTracker
from core.game.possessions import Possessions
from core.game.state import GameState
from core.game.visits import Visits
from core.navigation.goal_direction import GoalDirection, GoalDirections
from core.vocabulary import ACTION_COUNT, DIRECTION_BUTTONS, GameMode

PLANES: Final = (*GROUND_PLANES, "people", "visited", "goal")
MAP_SHAPE: Final = (len(PLANES), CROP_ROWS, CROP_COLUMNS)
SCREEN_SHAPE: Final = (1, 72, 80)
PEOPLE_PLANE: Final = PLANES.index("people")
VISITED_PLANE: Final = PLANES.index("visited")
GOAL_PLANE: Final = PLANES.index("goal")
NO_ACTION: Final = -1
_NO_MENU: Final = -1

POLICY_PARTS: Final = {
    "multi_modal": ("features", "map", "screen"),
    "screen": ("screen",),
    "state": ("features", "map"),
}
"""What a policy sees, by the env's observation type: numbers from RAM, the picture, or both."""
_SPACES: Final[dict[str, spaces.Space[NDArray[np.generic]]]] = {
    "features": spaces.Box(-1.0, 1.0, (FEATURE_COUNT,), np.float32),
    "map": spaces.Box(0, 1, MAP_SHAPE, np.uint8),
    "screen": spaces.Box(0, 255, SCREEN_SHAPE, np.uint8),
}

_MODE_PLACE: Final = {mode: place for place, mode in enumerate(GameMode)}
_MENU_PLACE: Final = {kind: place for place, kind in enumerate(MenuKind)}
_FACING_PLACE: Final = {button: place for place, button in enumerate(DIRECTION_BUTTONS)}


def policy_space(observation_type: str = "state") -> spaces.Dict:
    """The flat Dict space of the policy view. Raises KeyError for what is no observation type."""
    return spaces.Dict({part: _SPACES[part] for part in POLICY_PARTS[observation_type]})


def empty_view(space: spaces.Dict) -> dict[str, NDArray[Any]]:
    """New arrays for a view, by part."""
    return {part: np.empty(box.shape or (), dtype=box.dtype) for part, box in space.spaces.items()}


class PolicyView:
    """Writes policy views and keeps the last one: in a step, only what has changed is computed again.

    One object serves one env; `reset` it at the start of an episode.
    """

    def __init__(self, game: GameData) -> None:
        self._goal_directions = GoalDirections(game)
        self._features = np.zeros(FEATURE_COUNT, dtype=np.float32)
        self._crop = np.zeros(MAP_SHAPE, dtype=np.uint8)
        self._hot: dict[int, int] = {}
        """For each one-hot group of features: its start, and the place of its 1."""
        self._actions = [NO_ACTION] * LAST_ACTIONS
        self._forget()

    def reset(self) -> None:
        """Forget the last actions and the last view."""
        self._features[:] = 0.0
        self._hot.clear()
        self._actions = [NO_ACTION] * LAST_ACTIONS
        self._forget()

    def note_action(self, action: int) -> None:
        """Remember an action; the latest stands first."""
        self._actions = [action, *self._actions[:-1]]
        for age, noted in enumerate(self._actions):
            if noted != NO_ACTION:
                self._set_hot(ACTION_START + age * ACTION_COUNT, noted)

    def write(
        self,
        state: GameState,
        tracker: MilestoneTracker,
        visits: Visits,
        features: NDArray[np.float32],
        crop: NDArray[np.uint8],
    ) -> None:
        """Fill `features` (FEATURE_COUNT,) and `crop` (8, 9, 10) in place, so that they may be shared memory."""
        goal_directions, milestone = self._goal_directions, tracker.next
        goal_direction = goal_directions.goal_direction(state, milestone)
        self._update_possessions(state)
        self._update_situation(state)
        self._update_place(state, goal_direction, goal_directions.levels_missing(state, milestone))
        self._features[MILESTONES] = len(tracker.reached) / max(1, len(tracker.milestones))
        self._update_crop(state, visits, goal_direction)
        features[...] = self._features
        crop[...] = self._crop

    def _forget(self) -> None:
        self._possessions: Possessions | None = None
        self._menu: MenuState | None = None
        self._battle: BattleState | None = None
        self._place: tuple[object, ...] = ()
        self._people: tuple[object, ...] = ()
        self._ground: tuple[object, ...] = ()
        self._goal: GoalDirection | None = None
        self._crop[...] = 0

    def _set_hot(self, start: int, place: int) -> None:
        """Set a one-hot group to `place`; all 0 if that is negative."""
        before = self._hot.get(start, NO_ACTION)
        if place == before:
            return
        if before >= 0:
            self._features[start + before] = 0.0
        if place >= 0:
            self._features[start + place] = 1.0
        self._hot[start] = place

    def _update_possessions(self, state: GameState) -> None:
        possessions = state.possessions
        if possessions is not self._possessions:
            self._possessions = possessions
            self._features[POSSESSIONS_START:MILESTONES] = possession_features(possessions)

    def _update_situation(self, state: GameState) -> None:
        """Mode, menu and battle."""
        features, menu, battle = self._features, state.menu, state.battle
        self._set_hot(MODE_START, _MODE_PLACE[state.mode])
        self._set_hot(FACING_START, _FACING_PLACE[state.facing])
        features[WAITS] = state.waits_for_button
        if menu is not self._menu:
            self._menu = menu
            features[WAITS + 1 : BATTLE_START] = menu_features(menu)
            self._set_hot(MENU_START, _NO_MENU if menu is None else _MENU_PLACE[menu.kind])
        if battle is not self._battle:
            self._battle = battle
            features[BATTLE_START:GOAL_START] = 0.0 if battle is None else battle_features(battle, state.game)

    def _update_place(self, state: GameState, goal_direction: GoalDirection | None, levels_missing: int) -> None:
        position, size = state.position, state.map_size_steps
        place = (position, size, goal_direction, levels_missing)
        if place == self._place:
            return
        self._place = place
        features, (width, height) = self._features, size
        features[0] = min(1.0, position.x / width) if width else 0.0
        features[1] = min(1.0, position.y / height) if height else 0.0
        features[GOAL_START:MODE_START] = goal_features(state, goal_direction, levels_missing)
        features[MAP_START:ACTION_START] = map_code(position.map)

    def _update_crop(self, state: GameState, visits: Visits, goal_direction: GoalDirection | None) -> None:
        """The planes of the steps on screen."""
        position, planes = state.position, self._crop
        left, top = position.x - PLAYER_COLUMN, position.y - PLAYER_ROW
        ground = (position, state.collision, visits.changes)
        has_moved = ground != self._ground
        if has_moved:
            self._ground = ground
            planes[: len(GROUND_PLANES)] = state.collision.crop(position.x, position.y)
            planes[VISITED_PLANE] = visits.crop(position)
        cells = state.people_cells
        if has_moved or cells != self._people:
            self._people = cells
            _mark(planes[PEOPLE_PLANE], cells, left, top)
        if has_moved or goal_direction != self._goal:
            self._goal = goal_direction
            _mark(
                planes[GOAL_PLANE], () if goal_direction is None else ((goal_direction.x, goal_direction.y),), left, top
            )


def _mark(plane: NDArray[np.uint8], cells: Iterable[tuple[int, int]], left: int, top: int) -> None:
    """1 at the cells that are on screen, 0 elsewhere."""
    plane[...] = 0
    for x, y in cells:
        column, row = x - left, y - top
        if 0 <= column < CROP_COLUMNS and 0 <= row < CROP_ROWS:
            plane[row, column] = 1

"""What learned policies see: a small, flat, normalised view of a game state, from RAM alone.

`features` is float32, about -1 to 1: health and levels, mode and menu one-hot, the battle with what each move would do,
the last actions, the map as a code. `map` is uint8 of 0 and 1, shape (8, 9, 10): the steps on screen around the player,
one plane each for wall, grass, water, ledge, warp, people, steps already visited in this episode and where the story
goes on from here (`core/navigation/goal_direction.py`). With `with_screen`
there is also `screen`, uint8 (1, 72, 80): brightness of every second pixel, which makes the emulator draw a frame.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from core.game.battle import BattleState
from core.game.collision import CROP_COLUMNS, CROP_ROWS, GROUND_PLANES, PLAYER_COLUMN, PLAYER_ROW
from core.game.game_data import GameData
from core.game.menu import MenuKind, MenuState
from core.game.milestone_tracker import MilestoneTracker
from core.game.possessions import Possessions
from core.game.state import GameState
from core.game.visits import Visits
from core.navigation.goal_direction import GoalDirection, GoalDirections
from core.vocabulary import ACTION_COUNT, DIRECTION_BUTTONS, GameMode, MapId

PLANES: Final = (*GROUND_PLANES, "people", "visited", "goal")
MAP_SHAPE: Final = (len(PLANES), CROP_ROWS, CROP_COLUMNS)
SCREEN_SHAPE: Final = (1, 72, 80)
PEOPLE_PLANE: Final = PLANES.index("people")
VISITED_PLANE: Final = PLANES.index("visited")
GOAL_PLANE: Final = PLANES.index("goal")
LAST_ACTIONS: Final = 3
"""How many of the latest actions the policy sees."""
MAP_CODE_BITS: Final = 12
MOVE_SLOTS: Final = 4
NO_ACTION: Final = -1
_NO_MENU: Final = -1

_MODE_PLACE: Final = {mode: place for place, mode in enumerate(GameMode)}
_MENU_PLACE: Final = {kind: place for place, kind in enumerate(MenuKind)}
_FACING_PLACE: Final = {button: place for place, button in enumerate(DIRECTION_BUTTONS)}

_POSSESSIONS: Final = (
    "party_count",
    "party_hp",
    "lead_hp",
    "lead_level",
    "lead_sick",
    "level_sum",
    "fainted",
    "badges",
    "money",
    "items",
    "balls",
    "caught",
)
_MENU: Final = (
    "cursor_row",
    "cursor_column",
    "menu_rows",
    "cursor_on_yes",
)
_BATTLE: Final = (
    "battle_wild",
    "battle_trainer",
    "own_hp",
    "own_level",
    "enemy_hp",
    "enemy_level",
    "level_difference",
    "enemies_left",
    *(f"move{slot}_{what}" for slot in range(MOVE_SLOTS) for what in ("damage", "pp")),
)
_GOAL: Final = (
    "levels_missing",
    "goal_known",
    "goal_east",
    "goal_south",
    "goal_side_east",
    "goal_side_south",
    "goal_nearness",
    "goal_press_a",
    *(f"goal_leaves_{button.name.lower()}" for button in DIRECTION_BUTTONS),
)
"""Where the story goes on (`core/navigation/goal_direction.py`): steps / 10 along each axis, their signs,
1 / (1 + steps), how to act."""
FEATURE_NAMES: Final = (
    "x",
    "y",
    *_POSSESSIONS,
    "milestones",
    "waits_for_button",
    *_MENU,
    *_BATTLE,
    *_GOAL,
    *(f"mode_{mode}" for mode in GameMode),
    *(f"menu_{kind}" for kind in MenuKind),
    *(f"facing_{button.name.lower()}" for button in DIRECTION_BUTTONS),
    *(f"map_code_{bit}" for bit in range(MAP_CODE_BITS)),
    *(f"action_{age}_{action}" for age in range(LAST_ACTIONS) for action in range(ACTION_COUNT)),
)
FEATURE_COUNT: Final = len(FEATURE_NAMES)
_POSSESSIONS_START: Final = 2
_MILESTONES: Final = _POSSESSIONS_START + len(_POSSESSIONS)
_WAITS: Final = _MILESTONES + 1
_BATTLE_START: Final = _WAITS + 1 + len(_MENU)
_GOAL_START: Final = _BATTLE_START + len(_BATTLE)
_MODE_START: Final = _GOAL_START + len(_GOAL)
_MENU_START: Final = _MODE_START + len(GameMode)
_FACING_START: Final = _MENU_START + len(MenuKind)
_MAP_START: Final = _FACING_START + len(DIRECTION_BUTTONS)
_ACTION_START: Final = _MAP_START + MAP_CODE_BITS


@lru_cache(maxsize=1024)
def map_code(map_id: MapId) -> NDArray[np.float32]:
    """Twelve numbers of -1 and 1 that tell maps apart: a hash, so that any map of any game has one."""
    digest = hashlib.blake2b(bytes(map_id), digest_size=2).digest()
    bits = int.from_bytes(digest, "big")
    return np.array([1.0 if bits >> bit & 1 else -1.0 for bit in range(MAP_CODE_BITS)], dtype=np.float32)


def policy_space(with_screen: bool = False) -> spaces.Dict:
    """The flat Dict space of the policy view."""
    parts: dict[str, spaces.Space[NDArray[np.generic]]] = {
        "features": spaces.Box(-1.0, 1.0, (FEATURE_COUNT,), np.float32),
        "map": spaces.Box(0, 1, MAP_SHAPE, np.uint8),
    }
    if with_screen:
        parts["screen"] = spaces.Box(0, 255, SCREEN_SHAPE, np.uint8)
    return spaces.Dict(parts)


class PolicyView:
    """Writes policy views, and keeps the last one: of a step, only what the game has changed is worked out anew.

    One object serves one env; `reset` it at the start of an episode.
    """

    def __init__(self, game: GameData) -> None:
        self._goal_directions = GoalDirections(game)
        self._features = np.zeros(FEATURE_COUNT, dtype=np.float32)
        self._crop = np.zeros(MAP_SHAPE, dtype=np.uint8)
        self._hot: dict[int, int] = {}
        """For each group of features of which one is 1: its start, and the place of the 1."""
        self._actions = [NO_ACTION] * LAST_ACTIONS
        self._forget()

    def reset(self) -> None:
        """Forget the last actions and everything that was kept."""
        self._features[:] = 0.0
        self._hot.clear()
        self._actions = [NO_ACTION] * LAST_ACTIONS
        self._forget()

    def note_action(self, action: int) -> None:
        """Remember an action; the latest stands first."""
        self._actions = [action, *self._actions[:-1]]
        for age, noted in enumerate(self._actions):
            if noted != NO_ACTION:
                self._set_hot(_ACTION_START + age * ACTION_COUNT, noted)

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
        self._features[_MILESTONES] = len(tracker.reached) / max(1, len(tracker.milestones))
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
        """Let the one 1 of a group stand at `place`; nowhere if that is negative."""
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
            self._features[_POSSESSIONS_START:_MILESTONES] = possession_features(possessions)

    def _update_situation(self, state: GameState) -> None:
        """Mode, menu and battle."""
        features, menu, battle = self._features, state.menu, state.battle
        self._set_hot(_MODE_START, _MODE_PLACE[state.mode])
        self._set_hot(_FACING_START, _FACING_PLACE[state.facing])
        features[_WAITS] = state.waits_for_button
        if menu is not self._menu:
            self._menu = menu
            features[_WAITS + 1 : _BATTLE_START] = menu_features(menu)
            self._set_hot(_MENU_START, _NO_MENU if menu is None else _MENU_PLACE[menu.kind])
        if battle is not self._battle:
            self._battle = battle
            features[_BATTLE_START:_GOAL_START] = 0.0 if battle is None else battle_features(battle, state.game)

    def _update_place(self, state: GameState, goal_direction: GoalDirection | None, levels_missing: int) -> None:
        position, size = state.position, state.map_size_steps
        place = (position, size, goal_direction, levels_missing)
        if place == self._place:
            return
        self._place = place
        features, (width, height) = self._features, size
        features[0] = min(1.0, position.x / width) if width else 0.0
        features[1] = min(1.0, position.y / height) if height else 0.0
        features[_GOAL_START:_MODE_START] = goal_features(state, goal_direction, levels_missing)
        features[_MAP_START:_ACTION_START] = map_code(position.map)

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
    """1 at those of the cells that are on screen, 0 elsewhere."""
    plane[...] = 0
    for x, y in cells:
        column, row = x - left, y - top
        if 0 <= column < CROP_COLUMNS and 0 <= row < CROP_ROWS:
            plane[row, column] = 1


def possession_features(possessions: Possessions) -> tuple[float, ...]:
    """The numbers of `_POSSESSIONS`."""
    party = possessions.party
    lead = party[0] if party else None
    return (
        len(party) / 6,
        possessions.party_hp_fraction,
        lead.hp_fraction if lead else 0.0,
        min(1.0, lead.level / 100) if lead else 0.0,
        1.0 if lead and lead.status else 0.0,
        min(1.0, sum(member.level for member in party) / 600),
        sum(not member.can_fight for member in party) / 6,
        possessions.badges.bit_count() / 16,
        min(1.0, possessions.money / 10_000),
        min(1.0, len(possessions.items) / 20),
        min(1.0, sum(slot.quantity for slot in possessions.balls) / 10),
        min(1.0, possessions.caught_count / 30),
    )


def menu_features(menu: MenuState | None) -> tuple[float, ...]:
    """Where the cursor of the menu that listens stands; all 0 without one."""
    if menu is None:
        return (0.0, 0.0, 0.0, 0.0)
    return menu.cursor_row / 10, menu.cursor_column / 4, menu.rows / 10, 1.0 if menu.selected == "YES" else 0.0


def battle_features(battle: BattleState, game: GameData) -> tuple[float, ...]:
    """The numbers of `_BATTLE`: both sides' health and levels, and what each move would do."""
    own, enemy = battle.own, battle.enemy
    enemy_types = tuple(game.types.get(kind, "") for kind in enemy.types)
    own_types = tuple(game.types.get(kind, "") for kind in own.types)
    moves: list[float] = []
    for slot in range(MOVE_SLOTS):
        move = game.moves.get(own.moves[slot]) if slot < len(own.moves) else None
        if move is None:
            moves += (-1.0, 0.0)
            continue
        strength = move.power * game.effectiveness(move.type, enemy_types) * (1.5 if move.type in own_types else 1.0)
        moves += (min(1.0, strength * move.accuracy_percent / 20_000), min(1.0, own.pp[slot] / max(1, move.pp)))
    return (
        0.0 if battle.is_trainer else 1.0,
        1.0 if battle.is_trainer else 0.0,
        own.hp_fraction,
        min(1.0, own.level / 100),
        enemy.hp_fraction,
        min(1.0, enemy.level / 100),
        max(-1.0, min(1.0, (own.level - enemy.level) / 20)),
        battle.enemy_party_count / 6,
        *moves,
    )


def goal_features(state: GameState, goal_direction: GoalDirection | None, levels_missing: int) -> tuple[float, ...]:
    """The numbers of `_GOAL`; all 0 when there is nothing on this map to make for."""
    if goal_direction is None:
        return (min(1.0, levels_missing / 10), *(0.0,) * (len(_GOAL) - 1))
    east, south = goal_direction.x - state.position.x, goal_direction.y - state.position.y
    return (
        min(1.0, levels_missing / 10),
        1.0,
        max(-1.0, min(1.0, east / 10)),
        max(-1.0, min(1.0, south / 10)),
        float((east > 0) - (east < 0)),
        float((south > 0) - (south < 0)),
        1 / (1 + abs(east) + abs(south)),
        float(goal_direction.press_a),
        *(float(goal_direction.leaves is button) for button in DIRECTION_BUTTONS),
    )

"""What learned policies see: a small, flat, normalised view of a game state, from RAM alone.

`features` is float32, about -1 to 1: health and levels, mode and menu one-hot, the battle with what each move would do,
the last actions, the map as a code. `map` is uint8 of 0 and 1, shape (8, 9, 10): the steps on screen around the player,
one plane each for wall, grass, water, ledge, warp, people, steps already visited in this episode and where the story
goes on from here (`core/compass.py`). With `with_screen`
there is also `screen`, uint8 (1, 72, 80): brightness of every second pixel, which makes the emulator draw a frame.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from core.compass import Bearing, compass_for
from core.game.battle import BattleState
from core.game.collision import CROP_COLUMNS, CROP_ROWS, GROUND_PLANES, PLAYER_COLUMN, PLAYER_ROW
from core.game.menu import MenuKind
from core.game.milestones import MilestoneTracker
from core.game.people import people_cells
from core.game.state import GameState
from core.game.visits import Visits
from core.game.world import World
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

_MODE_PLACE: Final = {mode: place for place, mode in enumerate(GameMode)}
_MENU_PLACE: Final = {kind: place for place, kind in enumerate(MenuKind)}
_FACING_PLACE: Final = {button: place for place, button in enumerate(DIRECTION_BUTTONS)}

_GENERAL: Final = (
    "x",
    "y",
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
    "milestones",
    "waits_for_button",
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
_COMPASS: Final = (
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
"""Where the story goes on (`core/compass.py`): steps / 10 along each axis, their signs, 1 / (1 + steps), how to act."""
FEATURE_NAMES: Final = (
    *_GENERAL,
    *_BATTLE,
    *_COMPASS,
    *(f"mode_{mode}" for mode in GameMode),
    *(f"menu_{kind}" for kind in MenuKind),
    *(f"facing_{button.name.lower()}" for button in DIRECTION_BUTTONS),
    *(f"map_code_{bit}" for bit in range(MAP_CODE_BITS)),
    *(f"action_{age}_{action}" for age in range(LAST_ACTIONS) for action in range(ACTION_COUNT)),
)
FEATURE_COUNT: Final = len(FEATURE_NAMES)
_COMPASS_START: Final = len(_GENERAL) + len(_BATTLE)
_MODE_START: Final = _COMPASS_START + len(_COMPASS)
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
    """Writes policy views. Keeps the last actions of one env; `reset` at the start of an episode."""

    def __init__(self) -> None:
        self._action_features = np.zeros(LAST_ACTIONS * ACTION_COUNT, dtype=np.float32)

    def reset(self) -> None:
        """Forget the last actions."""
        self._action_features[:] = 0.0

    def note_action(self, action: int) -> None:
        """Remember an action; the latest stands first."""
        self._action_features[ACTION_COUNT:] = self._action_features[:-ACTION_COUNT].copy()
        self._action_features[:ACTION_COUNT] = 0.0
        self._action_features[action] = 1.0

    def write(
        self,
        state: GameState,
        tracker: MilestoneTracker,
        visits: Visits,
        features: NDArray[np.float32],
        crop: NDArray[np.uint8],
    ) -> None:
        """Fill `features` (FEATURE_COUNT,) and `crop` (8, 9, 10) in place, so that they may be shared memory."""
        self._write_features(state, tracker, features)
        compass, milestone = compass_for(state.rom.profile), tracker.next
        bearing = compass.bearing(state, milestone)
        missing = compass.levels_missing(state, milestone)
        features[_COMPASS_START:_MODE_START] = compass_features(state, bearing, missing)
        write_crop(state, visits, bearing, crop)

    def _write_features(self, state: GameState, tracker: MilestoneTracker, out: NDArray[np.float32]) -> None:
        party = state.party
        lead = party[0] if party else None
        menu = state.menu
        width, height = state.map_size_steps
        map_id, x, y = state.position
        general = (
            min(1.0, x / width) if width else 0.0,
            min(1.0, y / height) if height else 0.0,
            len(party) / 6,
            state.party_hp_fraction,
            lead.hp_fraction if lead else 0.0,
            min(1.0, lead.level / 100) if lead else 0.0,
            1.0 if lead and lead.status else 0.0,
            min(1.0, sum(member.level for member in party) / 600),
            sum(not member.can_fight for member in party) / 6,
            state.badge_count / 16,
            min(1.0, state.money / 10_000),
            min(1.0, len(state.items) / 20),
            min(1.0, sum(slot.quantity for slot in state.balls) / 10),
            min(1.0, state.caught_count / 30),
            len(tracker.reached) / max(1, len(tracker.milestones)),
            float(state.waits_for_button),
            menu.cursor_row / 10 if menu else 0.0,
            menu.cursor_column / 4 if menu else 0.0,
            menu.rows / 10 if menu else 0.0,
            1.0 if menu and menu.selected == "YES" else 0.0,
        )
        out[: len(_GENERAL)] = general
        battle = state.battle
        out[len(_GENERAL) : _COMPASS_START] = 0.0 if battle is None else battle_features(battle, state.world)
        out[_MODE_START:_MAP_START] = 0.0
        out[_MODE_START + _MODE_PLACE[state.mode]] = 1.0
        if menu is not None:
            out[_MENU_START + _MENU_PLACE[menu.kind]] = 1.0
        out[_FACING_START + _FACING_PLACE[state.facing]] = 1.0
        out[_MAP_START:_ACTION_START] = map_code(map_id)
        out[_ACTION_START:] = self._action_features


def battle_features(battle: BattleState, world: World) -> tuple[float, ...]:
    """The numbers of `_BATTLE`: both sides' health and levels, and what each move would do."""
    own, enemy = battle.own, battle.enemy
    enemy_types = tuple(world.types.get(kind, "") for kind in enemy.types)
    own_types = tuple(world.types.get(kind, "") for kind in own.types)
    moves: list[float] = []
    for slot in range(MOVE_SLOTS):
        move = world.moves.get(own.moves[slot]) if slot < len(own.moves) else None
        if move is None:
            moves += (-1.0, 0.0)
            continue
        strength = move.power * world.effectiveness(move.type, enemy_types) * (1.5 if move.type in own_types else 1.0)
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


def compass_features(state: GameState, bearing: Bearing | None, levels_missing: int) -> tuple[float, ...]:
    """The numbers of `_COMPASS`; all 0 when there is nothing on this map to make for."""
    if bearing is None:
        return (min(1.0, levels_missing / 10), *(0.0,) * (len(_COMPASS) - 1))
    east, south = bearing.x - state.position.x, bearing.y - state.position.y
    return (
        min(1.0, levels_missing / 10),
        1.0,
        max(-1.0, min(1.0, east / 10)),
        max(-1.0, min(1.0, south / 10)),
        float((east > 0) - (east < 0)),
        float((south > 0) - (south < 0)),
        1 / (1 + abs(east) + abs(south)),
        float(bearing.press_a),
        *(float(bearing.leaves is button) for button in DIRECTION_BUTTONS),
    )


def write_crop(state: GameState, visits: Visits, bearing: Bearing | None, out: NDArray[np.uint8]) -> None:
    """Fill the planes of the steps on screen."""
    position = state.position
    out[: len(GROUND_PLANES)] = state.collision.crop(position.x, position.y)
    out[VISITED_PLANE] = visits.crop(position)
    people = out[PEOPLE_PLANE]
    people[...] = 0
    left, top = position.x - PLAYER_COLUMN, position.y - PLAYER_ROW
    for person_x, person_y in people_cells(state.snapshot.data):
        column, row = person_x - left, person_y - top
        if 0 <= column < CROP_COLUMNS and 0 <= row < CROP_ROWS:
            people[row, column] = 1
    goal = out[GOAL_PLANE]
    goal[...] = 0
    if bearing is not None and 0 <= bearing.x - left < CROP_COLUMNS and 0 <= bearing.y - top < CROP_ROWS:
        goal[bearing.y - top, bearing.x - left] = 1

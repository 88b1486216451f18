"""The numbers of the policy view: their names, their order, and how each group is computed."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.game.battle import BattleState
from core.game.game_data import GameData
from core.game.menu import MenuKind, MenuState
from core.game.possessions import Possessions
from core.game.state import GameState
from core.navigation.goal_direction import GoalDirection
from core.vocabulary import ACTION_COUNT, DIRECTION_BUTTONS, GameMode, MapId

LAST_ACTIONS: Final = 3
"""How many of the latest actions the policy sees."""
MAP_CODE_BITS: Final = 12
MOVE_SLOTS: Final = 4

POSSESSIONS: Final = (
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


def possession_features(possessions: Possessions) -> tuple[float, ...]:
    """The numbers of `POSSESSIONS`."""
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


MENU: Final = (
    "cursor_row",
    "cursor_column",
    "menu_rows",
    "cursor_on_yes",
)


def menu_features(menu: MenuState | None) -> tuple[float, ...]:
    """Where the cursor of the listening menu is; all 0 without a menu."""
    if menu is None:
        return (0.0, 0.0, 0.0, 0.0)
    return menu.cursor_row / 10, menu.cursor_column / 4, menu.rows / 10, 1.0 if menu.selected == "YES" else 0.0


BATTLE: Final = (
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


def battle_features(battle: BattleState, game: GameData) -> tuple[float, ...]:
    """The numbers of `BATTLE`: both sides' health and levels, and what each move would do."""
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


GOAL: Final = (
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
"""The goal direction (`core/navigation/goal_direction.py`): steps / 10 along each axis, their signs, 1 / (1 + steps),
how to act."""


def goal_features(state: GameState, goal_direction: GoalDirection | None, levels_missing: int) -> tuple[float, ...]:
    """The numbers of `GOAL`; all 0 when this map has nothing to go to."""
    if goal_direction is None:
        return (min(1.0, levels_missing / 10), *(0.0,) * (len(GOAL) - 1))
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


@lru_cache(maxsize=1024)
def map_code(map_id: MapId) -> NDArray[np.float32]:
    """Twelve numbers, each -1 or 1, that tell maps apart: a hash, so every map of every game has one."""
    digest = hashlib.blake2b(bytes(map_id), digest_size=2).digest()
    bits = int.from_bytes(digest, "big")
    return np.array([1.0 if bits >> bit & 1 else -1.0 for bit in range(MAP_CODE_BITS)], dtype=np.float32)


FEATURE_NAMES: Final = (
    "x",
    "y",
    *POSSESSIONS,
    "milestones",
    "waits_for_button",
    *MENU,
    *BATTLE,
    *GOAL,
    *(f"mode_{mode}" for mode in GameMode),
    *(f"menu_{kind}" for kind in MenuKind),
    *(f"facing_{button.name.lower()}" for button in DIRECTION_BUTTONS),
    *(f"map_code_{bit}" for bit in range(MAP_CODE_BITS)),
    *(f"action_{age}_{action}" for age in range(LAST_ACTIONS) for action in range(ACTION_COUNT)),
)
FEATURE_COUNT: Final = len(FEATURE_NAMES)
POSSESSIONS_START: Final = 2
MILESTONES: Final = POSSESSIONS_START + len(POSSESSIONS)
WAITS: Final = MILESTONES + 1
BATTLE_START: Final = WAITS + 1 + len(MENU)
GOAL_START: Final = BATTLE_START + len(BATTLE)
MODE_START: Final = GOAL_START + len(GOAL)
MENU_START: Final = MODE_START + len(GameMode)
FACING_START: Final = MENU_START + len(MenuKind)
MAP_START: Final = FACING_START + len(DIRECTION_BUTTONS)
ACTION_START: Final = MAP_START + MAP_CODE_BITS

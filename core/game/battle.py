"""A battle as RAM shows it: both active creatures and the circumstances.

The player's battle struct shares its bytes with map tiles and the enemy's is stale after the battle, so a
`BattleState` exists only while wBattleMode says that there is a battle.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from core.game.party import PP_MASK
from core.game.ram import index_of

BATTLE_MON: Final = index_of("wBattleMon")
ENEMY_MON: Final = index_of("wEnemyMon")
BATTLE_STRUCT_SIZE: Final = 32
BATTLE_MODE: Final = index_of("wBattleMode")
BATTLE_TYPE: Final = index_of("wBattleType")
BATTLE_RESULT: Final = index_of("wBattleResult")
OTHER_TRAINER_CLASS: Final = index_of("wOtherTrainerClass")
OTHER_TRAINER_ID: Final = index_of("wOtherTrainerID")
ENEMY_PARTY_COUNT: Final = index_of("wOTPartyCount")
ACTIVE_SLOT: Final = index_of("wCurBattleMon")
ENEMY_CATCH_RATE: Final = index_of("wEnemyMonCatchRate")
PLAYER_STAGES: Final = index_of("wPlayerStatLevels")
ENEMY_STAGES: Final = index_of("wEnemyStatLevels")
STAGE_COUNT: Final = 7

# species, item, 4 moves, DVs, 4 PP, happiness, level, status, HP, max HP, five stats, two types
_BATTLE_STRUCT = struct.Struct(">BB4s2x4sxBBxHHHHHHHBB")


@dataclass(frozen=True, slots=True)
class Fighter:
    """A creature in battle."""

    species: int
    level: int
    hp: int
    max_hp: int
    status: int
    moves: tuple[int, ...]
    pp: tuple[int, ...]
    types: tuple[int, int]
    attack: int
    defense: int
    speed: int
    special_attack: int
    special_defense: int
    stages: tuple[int, ...]
    """Stat stages, -6 to 6: attack, defense, speed, special attack, special defense, accuracy, evasion."""

    @property
    def hp_fraction(self) -> float:
        """HP over maximum, 0 to 1."""
        return min(1.0, self.hp / self.max_hp) if self.max_hp else 0.0


@dataclass(frozen=True, slots=True)
class BattleState:
    """A battle that is going on."""

    is_trainer: bool
    """False for a wild creature: only then may one flee or catch."""
    battle_type: int
    own: Fighter
    enemy: Fighter
    active_slot: int
    """Party slot of the own fighter, from 0."""
    trainer_class: int
    trainer_id: int
    enemy_party_count: int
    """Creatures of the other trainer; 1 for a wild one."""
    enemy_catch_rate: int


def decode_battle(data: bytes) -> BattleState | None:
    """The battle in a snapshot's bytes, or None when there is none."""
    mode = data[BATTLE_MODE]
    if mode not in (1, 2):
        return None
    is_trainer = mode == 2
    return BattleState(
        is_trainer=is_trainer,
        battle_type=data[BATTLE_TYPE],
        own=_decode_fighter(data, BATTLE_MON, PLAYER_STAGES),
        enemy=_decode_fighter(data, ENEMY_MON, ENEMY_STAGES),
        active_slot=data[ACTIVE_SLOT],
        trainer_class=data[OTHER_TRAINER_CLASS],
        trainer_id=data[OTHER_TRAINER_ID],
        enemy_party_count=min(6, data[ENEMY_PARTY_COUNT]) if is_trainer else 1,
        enemy_catch_rate=data[ENEMY_CATCH_RATE],
    )


def _decode_fighter(data: bytes, start: int, stages: int) -> Fighter:
    (
        species,
        _item,
        moves,
        pp,
        level,
        status,
        hp,
        max_hp,
        attack,
        defense,
        speed,
        special_attack,
        special_defense,
        type1,
        type2,
    ) = _BATTLE_STRUCT.unpack_from(data, start)
    filled = [slot for slot in range(4) if moves[slot]]
    return Fighter(
        species=species,
        level=level,
        hp=hp,
        max_hp=max_hp,
        status=status,
        moves=tuple(moves[slot] for slot in filled),
        pp=tuple(pp[slot] & PP_MASK for slot in filled),
        types=(type1, type2),
        attack=attack,
        defense=defense,
        speed=speed,
        special_attack=special_attack,
        special_defense=special_defense,
        stages=tuple(max(-6, min(6, stage - 7)) for stage in data[stages : stages + STAGE_COUNT]),
    )

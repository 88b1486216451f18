"""A battle as RAM shows it: both active creatures and the circumstances.

The player's battle struct shares its bytes with map tiles and the enemy's is stale after the battle, so a
`BattleState` exists only while wBattleMode says that there is a battle.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
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
_CIRCUMSTANCES: Final = (
    BATTLE_TYPE,
    ACTIVE_SLOT,
    OTHER_TRAINER_CLASS,
    OTHER_TRAINER_ID,
    ENEMY_PARTY_COUNT,
    ENEMY_CATCH_RATE,
)

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
    """The battle in a snapshot's bytes, or None when there is none.

    Most frames of a battle are text and change nothing of it: equal bytes give the same object as long as it is kept.
    """
    mode = data[BATTLE_MODE]
    if mode not in (1, 2):
        return None
    return _decode(
        mode == 2,
        data[BATTLE_MON : BATTLE_MON + BATTLE_STRUCT_SIZE],
        data[PLAYER_STAGES : PLAYER_STAGES + STAGE_COUNT],
        data[ENEMY_MON : ENEMY_MON + BATTLE_STRUCT_SIZE],
        data[ENEMY_STAGES : ENEMY_STAGES + STAGE_COUNT],
        bytes([data[place] for place in _CIRCUMSTANCES]),
    )


@lru_cache(maxsize=512)
def _decode(
    is_trainer: bool, own: bytes, own_stages: bytes, enemy: bytes, enemy_stages: bytes, circumstances: bytes
) -> BattleState:
    battle_type, active_slot, trainer_class, trainer_id, enemy_party_count, catch_rate = circumstances
    return BattleState(
        is_trainer=is_trainer,
        battle_type=battle_type,
        own=_decode_fighter(own, own_stages),
        enemy=_decode_fighter(enemy, enemy_stages),
        active_slot=active_slot,
        trainer_class=trainer_class,
        trainer_id=trainer_id,
        enemy_party_count=min(6, enemy_party_count) if is_trainer else 1,
        enemy_catch_rate=catch_rate,
    )


def _decode_fighter(raw: bytes, stages: bytes) -> Fighter:
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
    ) = _BATTLE_STRUCT.unpack(raw)
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
        stages=tuple(max(-6, min(6, stage - 7)) for stage in stages),
    )

"""A battle as RAM shows it: both active creatures and the circumstances.

The player's battle struct shares its bytes with map tiles and the enemy's is stale after the battle, so a
`BattleState` exists only while wBattleMode says that there is a battle.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Final

from core.game.files.layout import RamLayout
from core.game.party import filled_moves

BATTLES_KEPT: Final = 512
CIRCUMSTANCES: Final = (
    "wBattleType",
    "wCurBattleMon",
    "wOtherTrainerClass",
    "wOtherTrainerID",
    "wOTPartyCount",
    "wEnemyMonCatchRate",
)
"""Single bytes that a battle depends on."""


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


class BattleReader:
    """Reads the battles of one game.

    Most frames of a battle are text and change nothing of it: equal bytes give the same object as long as it is kept.
    """

    def __init__(self, layout: RamLayout) -> None:
        self._battle_mode = layout.index("wBattleMode")
        record = layout.record("battle_struct")
        own, enemy = layout.index("wBattleMon"), layout.index("wEnemyMon")
        self._own, self._enemy = slice(own, own + record.size), slice(enemy, enemy + record.size)
        self._own_stages = slice(*layout.span("wPlayerStatLevels"))
        self._enemy_stages = slice(*layout.span("wEnemyStatLevels"))
        self._circumstances = itemgetter(*(layout.index(name) for name in CIRCUMSTANCES))
        self._unpacker = record.unpacker(
            "species",
            "moves",
            "pp",
            "level",
            "status",
            "hp",
            "max_hp",
            "attack",
            "defense",
            "speed",
            "sp_attack",
            "sp_defense",
            "type1",
            "type2",
        )
        self._kept = lru_cache(maxsize=BATTLES_KEPT)(self._decode)

    def read(self, data: bytes) -> BattleState | None:
        """The battle in a snapshot's bytes, or None when there is none."""
        mode = data[self._battle_mode]
        if mode not in (1, 2):
            return None
        return self._kept(
            mode == 2,
            data[self._own],
            data[self._own_stages],
            data[self._enemy],
            data[self._enemy_stages],
            self._circumstances(data),
        )

    def _decode(
        self,
        is_trainer: bool,
        own: bytes,
        own_stages: bytes,
        enemy: bytes,
        enemy_stages: bytes,
        circumstances: tuple[int, ...],
    ) -> BattleState:
        battle_type, active_slot, trainer_class, trainer_id, enemy_party_count, catch_rate = circumstances
        return BattleState(
            is_trainer=is_trainer,
            battle_type=battle_type,
            own=self._decode_fighter(own, own_stages),
            enemy=self._decode_fighter(enemy, enemy_stages),
            active_slot=active_slot,
            trainer_class=trainer_class,
            trainer_id=trainer_id,
            enemy_party_count=min(6, enemy_party_count) if is_trainer else 1,
            enemy_catch_rate=catch_rate,
        )

    def _decode_fighter(self, raw: bytes, stages: bytes) -> Fighter:
        (
            species,
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
        ) = self._unpacker.unpack(raw)
        known, points = filled_moves(moves, pp)
        return Fighter(
            species=species,
            level=level,
            hp=hp,
            max_hp=max_hp,
            status=status,
            moves=known,
            pp=points,
            types=(type1, type2),
            attack=attack,
            defense=defense,
            speed=speed,
            special_attack=special_attack,
            special_defense=special_defense,
            stages=tuple(max(-6, min(6, stage - 7)) for stage in stages),
        )

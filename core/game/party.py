"""The player's creatures, the bag and the names: decoders of the structs that the game keeps in saved memory.

Parties and bags stay the same for hundreds of steps, so every decoder is a function of the bytes alone and remembers
its last answers. Words are big-endian. Impossible values (a count of 255, a species of 0) give a shorter party, never
an error: memory is only trusted where it makes sense.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from core.game.ram import index_of
from core.game.text import decode_name

PARTY_SLOTS: Final = 6
PARTY_STRUCT_SIZE: Final = 48
NAME_SIZE: Final = 11
EGG: Final = 253
"""What the species list holds for an egg; its struct holds the species to be."""
PARTY_COUNT: Final = index_of("wPartyCount")
PARTY_SPECIES: Final = index_of("wPartySpecies")
PARTY_MONS: Final = index_of("wPartyMons")
PARTY_MONS_END: Final = PARTY_MONS + PARTY_SLOTS * PARTY_STRUCT_SIZE
PARTY_NICKNAMES: Final = index_of("wPartyMonNicknames")
PARTY_NICKNAMES_END: Final = PARTY_NICKNAMES + PARTY_SLOTS * NAME_SIZE

# species, item, 4 moves, trainer id, 3 bytes of experience, 10 of stat experience, DVs, 4 PP, happiness,
# pokerus, caught data, level, status, unused, HP, max HP, attack, defense, speed, special attack, special defense
_PARTY_STRUCT = struct.Struct(">BB4sH3s10xH4sBBHBBxHHHHHHH")
PP_MASK: Final = 0x3F
"""The upper two bits of a PP byte count PP boosters."""


@dataclass(frozen=True, slots=True)
class PartyMember:
    """One creature of the party."""

    species: int
    nickname: str
    level: int
    hp: int
    max_hp: int
    status: int
    """0 healthy, 1-7 turns of sleep, 8 poison, 16 burn, 32 frozen, 64 paralysis."""
    moves: tuple[int, ...]
    """Move ids of the filled slots, up to four."""
    pp: tuple[int, ...]
    """Power points left, one per filled slot."""
    exp: int
    item: int
    is_egg: bool
    attack: int
    defense: int
    speed: int
    special_attack: int
    special_defense: int
    happiness: int
    identity: int
    """Trainer id and DVs in one number: stays the same for a creature through levels, evolution and the box."""

    @property
    def hp_fraction(self) -> float:
        """HP over maximum, 0 to 1."""
        return min(1.0, self.hp / self.max_hp) if self.max_hp else 0.0

    @property
    def can_fight(self) -> bool:
        return self.hp > 0 and not self.is_egg


@dataclass(frozen=True, slots=True)
class BagSlot:
    """A stack of one item."""

    item: int
    quantity: int


def party_bytes(data: bytes) -> tuple[bytes, bytes]:
    """The bytes that `decode_party` depends on: counts and structs, and nicknames."""
    return data[PARTY_COUNT:PARTY_MONS_END], data[PARTY_NICKNAMES:PARTY_NICKNAMES_END]


@lru_cache(maxsize=512)
def decode_party(block: bytes, nicknames: bytes) -> tuple[PartyMember, ...]:
    """The party from wPartyCount on, in order; empty when the count makes no sense."""
    count = block[0]
    if count > PARTY_SLOTS:
        return ()
    members = []
    for slot in range(count):
        listed = block[PARTY_SPECIES - PARTY_COUNT + slot]
        start = PARTY_MONS - PARTY_COUNT + slot * PARTY_STRUCT_SIZE
        member = _decode_member(
            block[start : start + PARTY_STRUCT_SIZE], listed, nicknames[slot * NAME_SIZE : (slot + 1) * NAME_SIZE]
        )
        members.append(member)
    return tuple(members)


def _decode_member(raw: bytes, listed: int, nickname: bytes) -> PartyMember:
    (
        species,
        item,
        moves,
        trainer,
        exp,
        dvs,
        pp,
        happiness,
        _pokerus,
        _caught,
        level,
        status,
        hp,
        max_hp,
        attack,
        defense,
        speed,
        special_attack,
        special_defense,
    ) = _PARTY_STRUCT.unpack(raw)
    filled = [slot for slot in range(4) if moves[slot]]
    return PartyMember(
        species=species,
        nickname=decode_name(nickname),
        level=level,
        hp=hp,
        max_hp=max_hp,
        status=status,
        moves=tuple(moves[slot] for slot in filled),
        pp=tuple(pp[slot] & PP_MASK for slot in filled),
        exp=int.from_bytes(exp, "big"),
        item=item,
        is_egg=listed == EGG,
        attack=attack,
        defense=defense,
        speed=speed,
        special_attack=special_attack,
        special_defense=special_defense,
        happiness=happiness,
        identity=trainer << 16 | dvs,
    )


@lru_cache(maxsize=512)
def decode_stacks(block: bytes) -> tuple[BagSlot, ...]:
    """A pocket of (item, quantity) pairs after its count byte; empty when the count makes no sense."""
    count = block[0]
    if 1 + 2 * count > len(block):
        return ()
    return tuple(BagSlot(block[1 + 2 * slot], block[2 + 2 * slot]) for slot in range(count))


@lru_cache(maxsize=512)
def decode_singles(block: bytes) -> tuple[BagSlot, ...]:
    """A pocket of key items (ids only) after its count byte."""
    count = block[0]
    if 1 + count > len(block):
        return ()
    return tuple(BagSlot(item, 1) for item in block[1 : 1 + count])

"""The player's creatures, the bag and the names: decoders of the structs that the game keeps in saved memory.

Parties and bags stay the same for hundreds of steps, so every decoder remembers its last answers. Words are big-endian.
Impossible values (a count of 255, a species of 0) give a shorter party, never an error: memory is only trusted where it
makes sense.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from core.game.files.layout import RamLayout
from core.game.text import CharacterSet

NAME_SIZE: Final = 11
EGG: Final = 253
"""What the species list holds for an egg; its struct holds the species to be."""
PARTIES_KEPT: Final = 512
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


class PartyReader:
    """Reads the parties of one game."""

    def __init__(self, layout: RamLayout, characters: CharacterSet) -> None:
        record = layout.record("party_struct")
        self.start = layout.index("wPartyCount")
        """Where the count begins in a snapshot, with the list of species and the structs behind it."""
        self.mons_start, self.mons_end = layout.span("wPartyMons")
        self.names_start, self.names_end = layout.span("wPartyMonNicknames")
        self.species_start = layout.index("wPartySpecies")
        self.struct_size = record.size
        self._slots = (self.mons_end - self.mons_start) // record.size
        self._species = self.species_start - self.start
        self._mons = self.mons_start - self.start
        self._characters = characters
        self._unpacker = record.unpacker(
            "species",
            "item",
            "moves",
            "ot_id",
            "exp",
            "dvs",
            "pp",
            "happiness",
            "level",
            "status",
            "hp",
            "max_hp",
            "attack",
            "defense",
            "speed",
            "sp_attack",
            "sp_defense",
        )
        self.decode = lru_cache(maxsize=PARTIES_KEPT)(self._decode)
        """The party of the bytes from wPartyCount to the last struct and of those of the nicknames, in order; empty
        when the count makes no sense."""

    def _decode(self, block: bytes, nicknames: bytes) -> tuple[PartyMember, ...]:
        count = block[0]
        if count > self._slots:
            return ()
        members: list[PartyMember] = []
        for slot in range(count):
            start = self._mons + slot * self.struct_size
            raw = block[start : start + self.struct_size]
            nickname = nicknames[slot * NAME_SIZE : (slot + 1) * NAME_SIZE]
            members.append(self._decode_member(raw, block[self._species + slot], nickname))
        return tuple(members)

    def _decode_member(self, raw: bytes, listed: int, nickname: bytes) -> PartyMember:
        (
            species,
            item,
            moves,
            trainer,
            exp,
            dvs,
            pp,
            happiness,
            level,
            status,
            hp,
            max_hp,
            attack,
            defense,
            speed,
            special_attack,
            special_defense,
        ) = self._unpacker.unpack(raw)
        known, points = filled_moves(moves, pp)
        return PartyMember(
            species=species,
            nickname=self._characters.name(nickname),
            level=level,
            hp=hp,
            max_hp=max_hp,
            status=status,
            moves=known,
            pp=points,
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


def filled_moves(moves: bytes, pp: bytes) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The move ids of a creature's filled slots, and the power points left of each; four bytes of both in a record."""
    filled = [slot for slot in range(4) if moves[slot]]
    return tuple(moves[slot] for slot in filled), tuple(pp[slot] & PP_MASK for slot in filled)


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

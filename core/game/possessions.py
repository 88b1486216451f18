"""What the player has and has done: what a saved game keeps, and what stays the same for hundreds of steps.

Two stretches of bytes hold it: money, badges, bag and event flags; party and Pokedex. While both are equal to those of
the step before, one step after another shares one `Possessions`, so that whoever asks "has anything changed?" compares
two references, and nothing is decoded twice.
"""

from __future__ import annotations

import hashlib
from typing import Final

from core.game.lazy import lazy
from core.game.party import (
    PARTY_COUNT,
    PARTY_MONS_END,
    PARTY_NICKNAMES,
    PARTY_NICKNAMES_END,
    BagSlot,
    PartyMember,
    decode_party,
    decode_singles,
    decode_stacks,
)
from core.game.ram import index_of

MONEY: Final = index_of("wMoney")
JOHTO_BADGES: Final = index_of("wJohtoBadges")
KANTO_BADGES: Final = index_of("wKantoBadges")
ITEMS: Final = index_of("wNumItems")
ITEMS_SIZE: Final = 42
KEY_ITEMS: Final = index_of("wNumKeyItems")
KEY_ITEMS_SIZE: Final = 27
BALLS: Final = index_of("wNumBalls")
BALLS_SIZE: Final = 26
EVENT_FLAGS: Final = index_of("wEventFlags")
EVENT_FLAGS_SIZE: Final = 256
CAUGHT: Final = index_of("wPokedexCaught")
SEEN: Final = index_of("wPokedexSeen")
DEX_SIZE: Final = 32

BAG_START: Final = MONEY
BAG_END: Final = EVENT_FLAGS + EVENT_FLAGS_SIZE
CREATURES_START: Final = PARTY_COUNT
CREATURES_END: Final = SEEN + DEX_SIZE
KNOWN_LIMIT: Final = 512
"""Possessions kept, about 1.5 kB each: lanes that share a reader take turns."""


class Possessions:
    """Decoded at first use and kept. The same bytes give the same object as long as its reader remembers it."""

    def __init__(self, bag: bytes, creatures: bytes) -> None:
        self.bag = bag
        """The bytes from wMoney to the end of wEventFlags."""
        self.creatures = creatures
        """The bytes from wPartyCount to the end of wPokedexSeen."""

    @lazy
    def digest(self) -> bytes:
        """8 bytes that stand for all of it, the same on every machine."""
        return hashlib.blake2b(self.bag + self.creatures, digest_size=8).digest()

    @lazy
    def party(self) -> tuple[PartyMember, ...]:
        """The creatures with the player, in order."""
        block = self.creatures[: PARTY_MONS_END - CREATURES_START]
        names = self.creatures[PARTY_NICKNAMES - CREATURES_START : PARTY_NICKNAMES_END - CREATURES_START]
        return decode_party(block, names)

    @lazy
    def party_hp_fraction(self) -> float:
        """Sum of HP over sum of maximum HP, 0 to 1, eggs not counted; 1 for an empty party."""
        fighters = [member for member in self.party if not member.is_egg]
        most = sum(member.max_hp for member in fighters)
        return min(1.0, sum(member.hp for member in fighters) / most) if most else 1.0

    @lazy
    def all_fainted(self) -> bool:
        """Whether there is a party and nobody in it can fight."""
        return any(not member.is_egg for member in self.party) and not any(member.can_fight for member in self.party)

    @lazy
    def caught_count(self) -> int:
        """Species caught so far."""
        start = CAUGHT - CREATURES_START
        return int.from_bytes(self.creatures[start : start + DEX_SIZE], "big").bit_count()

    @lazy
    def seen_count(self) -> int:
        """Species seen so far."""
        start = SEEN - CREATURES_START
        return int.from_bytes(self.creatures[start : start + DEX_SIZE], "big").bit_count()

    @lazy
    def money(self) -> int:
        """0 to 999,999; whatever three bytes say where RAM makes no sense."""
        return int.from_bytes(self.bag[:3], "big")

    @lazy
    def badges(self) -> int:
        """Bits of the first region's badges above those of the second's: 16 in all."""
        return self.bag[JOHTO_BADGES - BAG_START] << 8 | self.bag[KANTO_BADGES - BAG_START]

    @lazy
    def items(self) -> tuple[BagSlot, ...]:
        """The pocket of ordinary items."""
        return decode_stacks(self.bag[ITEMS - BAG_START : ITEMS - BAG_START + ITEMS_SIZE])

    @lazy
    def balls(self) -> tuple[BagSlot, ...]:
        """The pocket of what catches creatures."""
        return decode_stacks(self.bag[BALLS - BAG_START : BALLS - BAG_START + BALLS_SIZE])

    @lazy
    def key_items(self) -> tuple[BagSlot, ...]:
        """The pocket of key items, each once."""
        return decode_singles(self.bag[KEY_ITEMS - BAG_START : KEY_ITEMS - BAG_START + KEY_ITEMS_SIZE])

    @lazy
    def event_flags(self) -> bytes:
        """256 bytes, flag n is bit n % 8 of byte n // 8."""
        return self.bag[EVENT_FLAGS - BAG_START :]


class PossessionsReader:
    """Reads possessions out of snapshots, and knows the latest ones again."""

    def __init__(self) -> None:
        self._last = Possessions(b"", b"")
        self._known: dict[tuple[bytes, bytes], Possessions] = {}

    def read(self, data: bytes) -> Possessions:
        """The possessions in a snapshot's bytes."""
        bag, creatures = data[BAG_START:BAG_END], data[CREATURES_START:CREATURES_END]
        last = self._last
        if last.bag == bag and last.creatures == creatures:
            return last
        known = self._known.get((bag, creatures))
        if known is None:
            if len(self._known) >= KNOWN_LIMIT:
                self._known.clear()
            known = self._known[bag, creatures] = Possessions(bag, creatures)
        self._last = known
        return known

"""What the player has and has done: what a saved game keeps, and what stays the same for hundreds of steps.

Two stretches of bytes hold it: money, badges, bag and event flags; party and Pokedex. While both are equal to those of
the step before, one step after another shares one `Possessions`, so that whoever asks "has anything changed?" compares
two references, and nothing is decoded twice.
"""

from __future__ import annotations

import hashlib
from typing import Final

from core.game.files.layout import RamLayout
from core.game.lazy import lazy
from core.game.party import BagSlot, PartyMember, PartyReader, decode_singles, decode_stacks
from core.game.text import CharacterSet

KNOWN_LIMIT: Final = 512
"""Possessions kept, about 1.5 kB each: lanes that share a reader take turns."""


class PossessionPlaces:
    """Where a game's possessions lie: two stretches of a snapshot, and the parts of each."""

    def __init__(self, layout: RamLayout, characters: CharacterSet) -> None:
        self.party = PartyReader(layout, characters)
        bag = ("wMoney", "wJohtoBadges", "wKantoBadges", "wItems", "wKeyItems", "wBalls", "wEventFlags")
        counts = ("wNumItems", "wNumKeyItems", "wNumBalls")
        creatures = (
            "wPartyCount",
            "wPartySpecies",
            "wPartyMons",
            "wPartyMonNicknames",
            "wPokedexCaught",
            "wPokedexSeen",
        )
        self.bag = _stretch(layout, (*bag, *counts))
        """From the first byte of money, badges, bag and event flags to the last."""
        self.creatures = _stretch(layout, creatures)
        """From the first byte of party and Pokedex to the last."""
        start: int = self.bag.start
        self.money = _part(layout, start, "wMoney")
        self.johto_badges = layout.index("wJohtoBadges") - start
        self.kanto_badges = layout.index("wKantoBadges") - start
        self.items = _pocket(layout, start, "wNumItems", "wItems")
        self.key_items = _pocket(layout, start, "wNumKeyItems", "wKeyItems")
        self.balls = _pocket(layout, start, "wNumBalls", "wBalls")
        self.event_flags = _part(layout, start, "wEventFlags")
        start = self.creatures.start
        self.party_block = slice(self.party.start - start, self.party.mons_end - start)
        self.party_names = slice(self.party.names_start - start, self.party.names_end - start)
        self.caught = _part(layout, start, "wPokedexCaught")
        self.seen = _part(layout, start, "wPokedexSeen")

    def __contains__(self, index: int) -> bool:
        """Whether a byte of a snapshot lies in one of the two stretches."""
        return any(stretch.start <= index < stretch.stop for stretch in (self.bag, self.creatures))


def _stretch(layout: RamLayout, names: tuple[str, ...]) -> slice:
    spans = [layout.span(name) for name in names]
    return slice(min(start for start, _ in spans), max(end for _, end in spans))


def _part(layout: RamLayout, start: int, name: str) -> slice:
    begin, end = layout.span(name)
    return slice(begin - start, end - start)


def _pocket(layout: RamLayout, start: int, count: str, content: str) -> slice:
    """A pocket's count and the list behind it."""
    return slice(layout.index(count) - start, layout.span(content)[1] - start)


class Possessions:
    """Decoded at first use and kept. The same bytes give the same object as long as its reader remembers it."""

    def __init__(self, bag: bytes, creatures: bytes, places: PossessionPlaces) -> None:
        self.bag = bag
        """The bytes of `PossessionPlaces.bag`."""
        self.creatures = creatures
        """The bytes of `PossessionPlaces.creatures`."""
        self._places = places

    @lazy
    def digest(self) -> bytes:
        """8 bytes that stand for all of it, the same on every machine."""
        return hashlib.blake2b(self.bag + self.creatures, digest_size=8).digest()

    @lazy
    def party(self) -> tuple[PartyMember, ...]:
        """The creatures with the player, in order."""
        places = self._places
        return places.party.decode(self.creatures[places.party_block], self.creatures[places.party_names])

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
        return int.from_bytes(self.creatures[self._places.caught], "big").bit_count()

    @lazy
    def seen_count(self) -> int:
        """Species seen so far."""
        return int.from_bytes(self.creatures[self._places.seen], "big").bit_count()

    @lazy
    def money(self) -> int:
        """0 to 999,999; whatever three bytes say where RAM makes no sense."""
        return int.from_bytes(self.bag[self._places.money], "big")

    @lazy
    def badges(self) -> int:
        """Bits of the first region's badges above those of the second's: 16 in all."""
        return self.bag[self._places.johto_badges] << 8 | self.bag[self._places.kanto_badges]

    @lazy
    def items(self) -> tuple[BagSlot, ...]:
        """The pocket of ordinary items."""
        return decode_stacks(self.bag[self._places.items])

    @lazy
    def balls(self) -> tuple[BagSlot, ...]:
        """The pocket of what catches creatures."""
        return decode_stacks(self.bag[self._places.balls])

    @lazy
    def key_items(self) -> tuple[BagSlot, ...]:
        """The pocket of key items, each once."""
        return decode_singles(self.bag[self._places.key_items])

    @lazy
    def item_kinds(self) -> frozenset[int]:
        """The kinds of things in the three pockets."""
        return frozenset(slot.item for slot in (*self.items, *self.key_items, *self.balls))

    @lazy
    def known_moves(self) -> tuple[int, ...]:
        """The moves that somebody of the party knows, each once, in the order of their numbers."""
        return tuple(sorted({move for member in self.party for move in member.moves}))

    @lazy
    def event_flags(self) -> bytes:
        """256 bytes, flag n is bit n % 8 of byte n // 8."""
        return self.bag[self._places.event_flags]


class PossessionsReader:
    """Reads possessions out of snapshots of one game, and knows the latest ones again."""

    def __init__(self, places: PossessionPlaces) -> None:
        self._places = places
        self._bag, self._creatures = places.bag, places.creatures
        self._last = Possessions(b"", b"", places)
        self._known: dict[tuple[bytes, bytes], Possessions] = {}

    def read(self, data: bytes) -> Possessions:
        """The possessions in a snapshot's bytes."""
        bag, creatures = data[self._bag], data[self._creatures]
        last = self._last
        if last.bag == bag and last.creatures == creatures:
            return last
        known = self._known.get((bag, creatures))
        if known is None:
            if len(self._known) >= KNOWN_LIMIT:
                self._known.clear()
            known = self._known[bag, creatures] = Possessions(bag, creatures, self._places)
        self._last = known
        return known

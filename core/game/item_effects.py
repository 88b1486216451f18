"""What the things of a bag are good for: potions, cures, bells for the fainted, balls, and what keeps the wild away.

The data of a game say it of every item; the numbers are the game's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from core.game.party import PartyMember

SLEEP, POISON, BURN, FROZEN, PARALYSIS = 0x07, 0x08, 0x10, 0x20, 0x40
"""Bits of a creature's status byte."""
ANY_STATUS: Final = 0xFF
STATUS_BITS: Final = {
    "sleep": SLEEP,
    "poison": POISON,
    "burn": BURN,
    "freeze": FROZEN,
    "paralysis": PARALYSIS,
    "all": ANY_STATUS,
}
"""What the data call them."""


@dataclass(frozen=True, slots=True)
class ItemEffect:
    """What using one of an item does. All zero: nothing that these rules care about."""

    heals: int = 0
    """HP that it gives back; 999 is all of them."""
    cures: int = 0
    """Status bits that it takes away."""
    revives: bool = False
    """Whether it brings a fainted creature back, with about half its HP."""
    repels_steps: int = 0
    """Steps for which weaker wild creatures stay away."""
    catches: float = 0.0
    """Of a ball: the factor on the catch rate."""


NOTHING: Final = ItemEffect()


def helps(item_effect: ItemEffect, member: PartyMember) -> bool:
    """Whether the game would let one use it on this creature: it is hurt, ailing or fainted as the item wants it."""
    if member.is_egg:
        return False
    if not member.hp:
        return item_effect.revives
    return bool(item_effect.heals and member.hp < member.max_hp) or bool(item_effect.cures & member.status)

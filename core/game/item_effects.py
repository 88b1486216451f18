"""What the things of a bag are good for: drinks, cures, bells for the fainted, balls, and what keeps the wild away.

Fernvale's data say it of every item (`Item.effect`, `Item.amount`). Crystal's tables name no effects, so the few items
that matter to a player are listed here by their keys, with the published game's numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from core.game.game_data import Item
    from core.game.party import PartyMember

SLEEP, POISON, BURN, FROZEN, PARALYSIS = 0x07, 0x08, 0x10, 0x20, 0x40
"""Bits of a creature's status byte."""
ANY_STATUS: Final = 0xFF
EVERYTHING: Final = 999


@dataclass(frozen=True, slots=True)
class Remedy:
    """What using one of an item does. All zero: nothing that these rules care about."""

    heals: int = 0
    """HP that it gives back."""
    cures: int = 0
    """Status bits that it takes away."""
    revives: bool = False
    """Whether it brings a fainted creature back, with about half its HP."""
    repels_steps: int = 0
    """Steps for which weaker wild creatures stay away."""
    catches: float = 0.0
    """Of a ball: the factor on the catch rate."""


NOTHING: Final = Remedy()
_CURES: Final = {
    "CURE_POISON": POISON,
    "CURE_BURN": BURN,
    "CURE_SLEEP": SLEEP,
    "CURE_PARALYSIS": PARALYSIS,
    "CURE_ALL": ANY_STATUS,
}
_BY_KEY: Final = {
    "POTION": Remedy(heals=20),
    "SUPER_POTION": Remedy(heals=50),
    "HYPER_POTION": Remedy(heals=200),
    "MAX_POTION": Remedy(heals=EVERYTHING),
    "FULL_RESTORE": Remedy(heals=EVERYTHING, cures=ANY_STATUS),
    "FRESH_WATER": Remedy(heals=50),
    "SODA_POP": Remedy(heals=60),
    "LEMONADE": Remedy(heals=80),
    "MOOMOO_MILK": Remedy(heals=100),
    "RAGECANDYBAR": Remedy(heals=20),
    "BERRY_JUICE": Remedy(heals=20),
    "BERRY": Remedy(heals=10),
    "GOLD_BERRY": Remedy(heals=30),
    "ANTIDOTE": Remedy(cures=POISON),
    "PSNCUREBERRY": Remedy(cures=POISON),
    "BURN_HEAL": Remedy(cures=BURN),
    "ICE_BERRY": Remedy(cures=BURN),
    "ICE_HEAL": Remedy(cures=FROZEN),
    "BURNT_BERRY": Remedy(cures=FROZEN),
    "AWAKENING": Remedy(cures=SLEEP),
    "MINT_BERRY": Remedy(cures=SLEEP),
    "PARLYZ_HEAL": Remedy(cures=PARALYSIS),
    "PRZCUREBERRY": Remedy(cures=PARALYSIS),
    "FULL_HEAL": Remedy(cures=ANY_STATUS),
    "MIRACLEBERRY": Remedy(cures=ANY_STATUS),
    "REVIVE": Remedy(revives=True),
    "MAX_REVIVE": Remedy(revives=True),
    "REPEL": Remedy(repels_steps=100),
    "SUPER_REPEL": Remedy(repels_steps=200),
    "MAX_REPEL": Remedy(repels_steps=250),
    "POKE_BALL": Remedy(catches=1.0),
    "GREAT_BALL": Remedy(catches=1.5),
    "ULTRA_BALL": Remedy(catches=2.0),
}


@lru_cache(maxsize=512)
def remedy_of(item: Item) -> Remedy:
    """What an item does, by its effect where the data name one, else by its key."""
    match item.effect:
        case None:
            return _BY_KEY.get(item.key, NOTHING)
        case "HEAL":
            return Remedy(heals=item.amount)
        case "REVIVE":
            return Remedy(revives=True)
        case "REPEL":
            return Remedy(repels_steps=item.amount)
        case "CATCH":
            return Remedy(catches=item.amount / 10)
        case effect:
            return Remedy(cures=_CURES.get(effect, 0))


def helps(remedy: Remedy, member: PartyMember) -> bool:
    """Whether the game would let one use it on this creature: it is hurt, ailing or fainted as the item wants it."""
    if member.is_egg:
        return False
    if not member.hp:
        return remedy.revives
    return bool(remedy.heals and member.hp < member.max_hp) or bool(remedy.cures & member.status)

"""What the things of a bag are good for: potions, cures, bells for the fainted, balls, and what keeps the wild away.

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
class ItemEffect:
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


NOTHING: Final = ItemEffect()
_CURES: Final = {
    "CURE_POISON": POISON,
    "CURE_BURN": BURN,
    "CURE_SLEEP": SLEEP,
    "CURE_PARALYSIS": PARALYSIS,
    "CURE_ALL": ANY_STATUS,
}
_BY_KEY: Final = {
    "POTION": ItemEffect(heals=20),
    "SUPER_POTION": ItemEffect(heals=50),
    "HYPER_POTION": ItemEffect(heals=200),
    "MAX_POTION": ItemEffect(heals=EVERYTHING),
    "FULL_RESTORE": ItemEffect(heals=EVERYTHING, cures=ANY_STATUS),
    "FRESH_WATER": ItemEffect(heals=50),
    "SODA_POP": ItemEffect(heals=60),
    "LEMONADE": ItemEffect(heals=80),
    "MOOMOO_MILK": ItemEffect(heals=100),
    "RAGECANDYBAR": ItemEffect(heals=20),
    "BERRY_JUICE": ItemEffect(heals=20),
    "BERRY": ItemEffect(heals=10),
    "GOLD_BERRY": ItemEffect(heals=30),
    "ANTIDOTE": ItemEffect(cures=POISON),
    "PSNCUREBERRY": ItemEffect(cures=POISON),
    "BURN_HEAL": ItemEffect(cures=BURN),
    "ICE_BERRY": ItemEffect(cures=BURN),
    "ICE_HEAL": ItemEffect(cures=FROZEN),
    "BURNT_BERRY": ItemEffect(cures=FROZEN),
    "AWAKENING": ItemEffect(cures=SLEEP),
    "MINT_BERRY": ItemEffect(cures=SLEEP),
    "PARLYZ_HEAL": ItemEffect(cures=PARALYSIS),
    "PRZCUREBERRY": ItemEffect(cures=PARALYSIS),
    "FULL_HEAL": ItemEffect(cures=ANY_STATUS),
    "MIRACLEBERRY": ItemEffect(cures=ANY_STATUS),
    "REVIVE": ItemEffect(revives=True),
    "MAX_REVIVE": ItemEffect(revives=True),
    "REPEL": ItemEffect(repels_steps=100),
    "SUPER_REPEL": ItemEffect(repels_steps=200),
    "MAX_REPEL": ItemEffect(repels_steps=250),
    "POKE_BALL": ItemEffect(catches=1.0),
    "GREAT_BALL": ItemEffect(catches=1.5),
    "ULTRA_BALL": ItemEffect(catches=2.0),
}


@lru_cache(maxsize=512)
def item_effect_of(item: Item) -> ItemEffect:
    """What an item does, by its effect where the data name one, else by its key."""
    match item.effect:
        case None:
            return _BY_KEY.get(item.key, NOTHING)
        case "HEAL":
            return ItemEffect(heals=item.amount)
        case "REVIVE":
            return ItemEffect(revives=True)
        case "REPEL":
            return ItemEffect(repels_steps=item.amount)
        case "CATCH":
            return ItemEffect(catches=item.amount / 10)
        case effect:
            return ItemEffect(cures=_CURES.get(effect, 0))


def helps(item_effect: ItemEffect, member: PartyMember) -> bool:
    """Whether the game would let one use it on this creature: it is hurt, ailing or fainted as the item wants it."""
    if member.is_egg:
        return False
    if not member.hp:
        return item_effect.revives
    return bool(item_effect.heals and member.hp < member.max_hp) or bool(item_effect.cures & member.status)

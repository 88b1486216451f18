"""Errands that are run in menus: what the planner wants of a shop, the bag or the party screen.

A menu task says what should be true afterwards, never which buttons to press. It travels on an `Option`
(`Option.menu_task`): the field rules walk to the place (a clerk) or open the START menu, and from then on
`LaneMemory.menu_task` tells the rules of the menus what the screen is open for. They read the screen as it is, and
close it when the menu task is done or cannot be done; the planner looks at the state again and so sees what came of it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Purchase:
    """One line of a shopping list: so many more of an item."""

    item: int
    count: int


@dataclass(frozen=True, slots=True)
class BuyItems:
    """Buy these of the clerk one is speaking to, the most wanted first, as far as the money reaches."""

    purchases: tuple[Purchase, ...]


@dataclass(frozen=True, slots=True)
class UseItem:
    """Use an item of the bag on the creature in a place of the party (from 0); None for one that acts on nobody."""

    item: int
    slot: int | None = None


@dataclass(frozen=True, slots=True)
class PutFirst:
    """Bring the creature in a place of the party (from 1, 0 being the first already) to the front."""

    slot: int


MenuTask = BuyItems | UseItem | PutFirst

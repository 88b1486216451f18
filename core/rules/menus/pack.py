"""Finding an item in the pack: the pocket that keeps it, then its line. The same in the field and in battle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.game.game_data import GameData
from core.game.menu import MenuState
from core.game.party import BagSlot
from core.game.state import GameState
from core.rules.menus.cursor import shows_any, toward_entry
from core.vocabulary import Button

if TYPE_CHECKING:
    from core.game.facts import Item

POCKETS: Final = ("ITEM", "BALL", "KEY_ITEM", "TM_HM")
"""Pockets in the order of `GameState.pocket`."""
LEAVING_LINES: Final = ("CANCEL",)


def pocket_slots(state: GameState, pocket: str) -> tuple[BagSlot, ...]:
    """What a pocket holds; empty for one that is not read."""
    match pocket:
        case "ITEM":
            return state.items
        case "BALL":
            return state.balls
        case "KEY_ITEM":
            return state.key_items
        case "TM_HM":
            return machines(state)
        case _:
            return ()


def machines(state: GameState) -> tuple[BagSlot, ...]:
    """The machines in the bag in the order of their pocket: the TMs by number, then the HMs."""
    data = state.snapshot.data
    return tuple(BagSlot(item, data[place]) for item, place in state.game.machine_places.items() if data[place])


def owned(state: GameState, game: GameData, item: int) -> int:
    """How many of an item the bag holds."""
    known = game.items.get(item)
    slots = pocket_slots(state, known.pocket) if known is not None else ()
    return sum(slot.quantity for slot in slots if slot.item == item)


def toward_item(state: GameState, menu: MenuState, item: int, game: GameData) -> Button | None:
    """The press toward an item while the pack is open; None when it is not in the bag or this is not the pack."""
    known = game.items.get(item)
    if known is None or not owned(state, game, item):
        return None
    shown = state.pocket
    shown_pocket = POCKETS[shown] if shown < len(POCKETS) else ""
    names = item_names(pocket_slots(state, shown_pocket), game)
    if not shows_any(menu, (*names, *LEAVING_LINES)):
        return None
    if shown_pocket != known.pocket:
        return Button.RIGHT
    wanted = next(place for place, slot in enumerate(pocket_slots(state, shown_pocket)) if slot.item == item)
    return toward_entry(menu, names, wanted)


def item_names(slots: tuple[BagSlot, ...], game: GameData) -> list[str]:
    """What the pack calls what slots hold, in order: machines by the names of their moves."""
    return [_shown_name(game.items[slot.item], game) if slot.item in game.items else "" for slot in slots]


def _shown_name(item: Item, game: GameData) -> str:
    if item.pocket != POCKETS[-1]:
        return item.name
    taught = item.key.partition("_")[2]
    return next((move.name for move in game.moves.values() if move.key == taught), item.name)

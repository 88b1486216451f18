"""Buying: from the clerk's question to the last line of the shopping list, by what the screen shows.

BUY, the ware's line, the number, YES; then the next ware, or out. What the clerk does not sell or the money does not
reach for is passed over, and nothing is asked for twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from core.game.game_data import GameData
from core.game.menu import MenuKind, MenuState
from core.game.state import GameState
from core.rules.menus.cursor import find_line, shows_any, toward, toward_entry
from core.rules.menus.pack import owned
from core.vocabulary import Button, BuyItems

MOST_OF_ONE: Final = 99
COARSE_STEP: Final = 10
"""LEFT and RIGHT change the number asked for by this much, UP and DOWN by one."""
YES_ROW: Final = 0
_QUANTITY = re.compile("\N{MULTIPLICATION SIGN} ?([0-9]{1,2})")


@dataclass(frozen=True, slots=True)
class Ware:
    """What is bought next."""

    item: int
    count: int


def is_shop_question(menu: MenuState) -> bool:
    """Whether the clerk asks what the player wants."""
    return find_line(menu, "BUY") is not None and find_line(menu, "SELL") is not None


def asked_quantity(state: GameState) -> int | None:
    """The number in the box that asks how many; None while no such box is open."""
    found = (match for line in state.screen_lines if (match := _QUANTITY.search(line)) is not None)
    match = next(found, None)
    return int(match[1]) if match is not None else None


class Shopping:
    """One shopping list on its way."""

    def __init__(self, menu_task: BuyItems, state: GameState, game: GameData) -> None:
        self._game = game
        self._wanted = {one.item: owned(state, game, one.item) + one.count for one in menu_task.purchases}
        self._tried: set[int] = set()

    def next_ware(self, state: GameState) -> Ware | None:
        """The first line of the list that is still missing, sold here and within the money."""
        sold = state.wares
        for item, wanted in self._wanted.items():
            known = self._game.items.get(item)
            if known is None or item in self._tried or item not in sold or not known.price:
                continue
            have = owned(state, self._game, item)
            count = min(wanted - have, state.money // known.price, MOST_OF_ONE - have)
            if count > 0:
                return Ware(item, count)
        return None

    def press(self, state: GameState, menu: MenuState) -> Button | None:
        """The press on a screen of the shop: B when there is nothing more to buy; None on any other screen."""
        if is_shop_question(menu):
            place = find_line(menu, "BUY")
            return toward(menu, place) if place is not None and self.next_ware(state) is not None else Button.B
        sold = state.wares
        names = [self._game.items[item].name for item in sold if item in self._game.items]
        asks = menu.kind is MenuKind.YES_NO and shows_names(state, names)
        if not asks and not shows_any(menu, names):
            return None
        if state.text_is_printed:
            return Button.A  # the list's arrow stays on the screen while the clerk talks
        if asks:
            return toward(menu, YES_ROW)
        ware = self.next_ware(state)
        if ware is None:
            return Button.B
        quantity = asked_quantity(state)
        if quantity is None:
            return toward_entry(menu, names, sold.index(ware.item))
        return _toward_quantity(quantity, ware.count)

    def pressed(self, state: GameState, menu: MenuState, button: Button) -> int | None:
        """Notes an agreed price, so that a ware is asked for once. Gives back the item, for `take_back`."""
        if button is not Button.A or menu.kind is not MenuKind.YES_NO:
            return None
        ware = self.next_ware(state)
        if ware is None:
            return None
        self._tried.add(ware.item)
        return ware.item

    def take_back(self, item: int) -> None:
        """The price was not agreed to after all: another button was pressed."""
        self._tried.discard(item)


def shows_names(state: GameState, names: list[str]) -> bool:
    """Whether any of these words stands on the screen: behind a question, it tells that the shop asks."""
    screen = "\n".join(state.screen_lines).upper()
    return any(name.upper() in screen for name in names)


def _toward_quantity(quantity: int, wanted: int) -> Button:
    if quantity == wanted:
        return Button.A
    difference = wanted - quantity
    if difference >= COARSE_STEP:
        return Button.RIGHT
    if difference <= -COARSE_STEP:
        return Button.LEFT
    return Button.UP if difference > 0 else Button.DOWN

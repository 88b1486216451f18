"""Where the line that an option is about stands in the menu that listens: at the cursor, above, below, left or right.

A button policy cannot know which of the lines is meant from the option's key alone: the same option opens several
menus, one after the other, and shops and bags hold other things each time. What to press follows from the target, and
is learned. Read from the screen and the game's data, so it holds for every game.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.game.battle import BattleState
from core.game.game_data import GameData
from core.game.menu import MenuKind, MenuState
from core.game.state import GameState
from core.rules.fights.tactics import target_slot
from core.rules.menus.cursor import find_line, is_party_list, toward, toward_entry
from core.rules.menus.pack import POCKETS, item_names, pocket_slots
from core.rules.menus.shopping import COARSE_STEP, Ware, asked_quantity, is_shop_question
from core.rules.menus.task_menus import PACK_LINE, PARTY_LINE, TaskStage
from core.vocabulary import Button, BuyItems, ChooseFloor, Option, OptionKind, PutFirst, TeachMove, UseItem, UseMove

FIRST_LINE: Final = 0
"""FIGHT, YES, BUY: the line that goes on."""
BATTLE_PLACES: Final = {
    OptionKind.FIGHT: 0,
    OptionKind.SWITCH: 1,
    OptionKind.USE_ITEM: 2,
    OptionKind.CATCH: 2,
    OptionKind.RUN: 3,
}
"""Places of the main battle menu, row by row."""


@dataclass(frozen=True, slots=True)
class MenuTarget:
    """What an option wants of the menu that listens."""

    toward: Button | None = None
    """A: its line is at the cursor; a direction: there it stands; None: it has no line here."""
    is_step: bool = False
    """The line only leads on to where the option itself is (USE, SWITCH, the bag)."""
    is_elsewhere: bool = False
    """It stands in another pocket, or it is a number that is asked for."""
    subject: str = ""
    """What it is about, in the game's words: an item, a ware."""
    count: int = 0
    """How many of it."""
    is_over: bool = False
    """Nothing more is to be done here: all is bought, the item is used, who was to stand first does."""


NO_TARGET: Final = MenuTarget()


def menu_target(state: GameState, option: Option, stage: TaskStage | None) -> MenuTarget:
    """The target of an option in the menu of a state; `stage` is how far its menu task is, where one is under way."""
    menu = state.menu
    if menu is None:
        return NO_TARGET
    battle = state.battle
    if battle is not None and menu.kind is MenuKind.BATTLE_MAIN:
        place = BATTLE_PLACES.get(option.kind)
        return NO_TARGET if place is None else MenuTarget(toward(menu, place), is_step=option.kind != OptionKind.RUN)
    stage = stage or TaskStage()
    if option.menu_task is not None and stage.is_over:
        return MenuTarget(is_over=True)
    match option.menu_task:
        case BuyItems():
            return _of_shop(state, menu, stage.ware)
        case UseItem(item=item, slot=slot):
            return _of_item(state, menu, item, slot)
        case TeachMove(item=item, slot=slot):
            return _of_item(state, menu, item, slot)
        case PutFirst(slot=slot):
            return _of_member(state, menu, slot if stage.slot is None else stage.slot)
        case UseMove(move=move, slot=slot):
            return _of_member(state, menu, slot, state.game.moves[move].name)
        case ChooseFloor(floor=floor, floors=floors):
            return MenuTarget(toward_entry(menu, floors, floors.index(floor)), subject=floor)
        case None:
            pass
    match option.kind:
        case OptionKind.ANSWER if option.index is not None and option.index < len(menu.items):
            return MenuTarget(toward(menu, option.index))
        case OptionKind.FIGHT if menu.kind is MenuKind.BATTLE_MOVES:
            return MenuTarget(toward(menu, min(option.index or 0, len(menu.items) - 1)))
        case OptionKind.SWITCH if option.index is not None:
            return _of_member(state, menu, option.index)
        case OptionKind.USE_ITEM | OptionKind.CATCH if battle is not None:
            return _of_battle_item(state, menu, option, battle)
        case _:
            return NO_TARGET


def _of_shop(state: GameState, menu: MenuState, ware: Ware | None) -> MenuTarget:
    if ware is None:
        return MenuTarget(is_over=True)
    game = state.game
    name = game.items[ware.item].name
    if is_shop_question(menu):
        return MenuTarget(toward(menu, find_line(menu, "BUY") or FIRST_LINE), True, False, name, ware.count)
    if menu.kind is MenuKind.YES_NO:
        return MenuTarget(toward(menu, FIRST_LINE), True, False, name, ware.count)
    asked = asked_quantity(state)
    if asked is not None:
        return MenuTarget(_toward_number(ware.count - asked), False, True, name, ware.count)
    sold = [item for item in state.wares if item in game.items]
    if ware.item not in sold:
        return MenuTarget(subject=name, count=ware.count)
    names = [game.items[item].name for item in sold]
    return MenuTarget(toward_entry(menu, names, sold.index(ware.item)), False, False, name, ware.count)


def _toward_number(missing: int) -> Button:
    """Up and down change a number by one, left and right by ten."""
    if not missing:
        return Button.A
    if abs(missing) >= COARSE_STEP:
        return Button.RIGHT if missing > 0 else Button.LEFT
    return Button.UP if missing > 0 else Button.DOWN


def _of_item(state: GameState, menu: MenuState, item: int, slot: int | None) -> MenuTarget:
    """START menu, bag, pocket, line, USE, and the creature that it is used on."""
    known = state.game.items.get(item)
    if known is None:
        return NO_TARGET
    if menu.kind is MenuKind.START_MENU:
        return _of_start_menu(state, menu, PACK_LINE, known.name)
    if menu.kind is MenuKind.YES_NO:
        return MenuTarget(toward(menu, FIRST_LINE), True, False, known.name)
    if is_party_list(menu, state.party):
        place = None if slot is None or slot >= len(state.party) else toward(menu, slot)
        return MenuTarget(place, subject=known.name)
    if (line := find_line(menu, "USE")) is not None:
        return MenuTarget(toward(menu, line), True, False, known.name)
    return _of_pocket(state, menu, item, state.game)


def _of_pocket(state: GameState, menu: MenuState, item: int, game: GameData) -> MenuTarget:
    known = game.items[item]
    shown = POCKETS[state.pocket] if state.pocket < len(POCKETS) else ""
    if shown != known.pocket:
        return MenuTarget(None, False, True, known.name)
    slots = pocket_slots(state, shown)
    place = next((place for place, slot in enumerate(slots) if slot.item == item), None)
    if place is None:
        return MenuTarget(subject=known.name)
    return MenuTarget(toward_entry(menu, item_names(slots, game), place), subject=known.name)


def _of_battle_item(state: GameState, menu: MenuState, option: Option, battle: BattleState) -> MenuTarget:
    bag = state.balls if option.kind is OptionKind.CATCH else state.items
    if option.index is None or option.index >= len(bag):
        return NO_TARGET
    item = state.game.items.get(bag[option.index].item)
    if item is None or menu.kind is MenuKind.BATTLE_MOVES:
        return NO_TARGET
    return _of_item(state, menu, item.id, target_slot(state, battle, item))


def _of_member(state: GameState, menu: MenuState, slot: int, word: str = "SWITCH") -> MenuTarget:
    """The creature's line, then a word in the small menu."""
    if slot >= len(state.party):
        return NO_TARGET
    name = state.party[slot].nickname
    if menu.kind is MenuKind.START_MENU:
        return _of_start_menu(state, menu, PARTY_LINE, name)
    if is_party_list(menu, state.party):
        return MenuTarget(toward(menu, slot), subject=name)
    line = find_line(menu, word)
    return MenuTarget(None if line is None else toward(menu, line), line is not None, False, name)


def _of_start_menu(state: GameState, menu: MenuState, line: int, subject: str) -> MenuTarget:
    lines = state.start_menu_lines[: menu.rows]
    return MenuTarget(toward(menu, lines.index(line)) if line in lines else None, True, False, subject)

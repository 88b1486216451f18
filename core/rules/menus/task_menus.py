"""Carries out menu tasks: buying, using an item of the pack on a creature, changing the party's order.

The planner says what should be true afterwards (`core.vocabulary`), the field rules open the shop or the START menu for
it, and these rules find the way through the screens: each press follows from what the screen shows now. A menu task
ends when it is done, when it proves impossible or when it takes too long; then everything is closed with B.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.game.game_data import GameData
from core.game.menu import MenuKind, MenuState
from core.game.party import PartyMember
from core.game.state import GameState
from core.rules.menus.answers import CLOSE, READ_ON, YES_ROW, question_of, stops_learning
from core.rules.menus.cursor import find_line, is_party_list, shows_any, toward, toward_entry
from core.rules.menus.lessons import is_list_of_moves, weakest_to_forget
from core.rules.menus.pack import owned, toward_item
from core.rules.menus.radio import GEAR_LINE, Radio
from core.rules.menus.shopping import Shopping, Ware
from core.rules.planning.lane_memory import LaneMemory
from core.rules.step import RuleStep
from core.rules.values import IN_MENUS
from core.vocabulary import (
    Button,
    BuyItems,
    ChooseFloor,
    MenuTask,
    Option,
    OptionKind,
    PutFirst,
    TeachMove,
    TuneRadio,
    UseItem,
    UseMove,
)

PARTY_LINE, PACK_LINE = 1, 2
"""What `GameState.start_menu_lines` calls the lines of the START menu that lead to the creatures and to the pack."""
FLY_WORD = "WHERE"
"""What the map for flying asks."""
MOST_PRESSES = 120
"""Presses in menus after which a menu task is given up."""


@dataclass(frozen=True, slots=True)
class TaskStage:
    """What a menu task under way is about now."""

    is_over: bool = False
    """It is done, or given up: everything is to be closed."""
    ware: Ware | None = None
    """What is bought next; None when nothing more can be, or nothing is being bought."""
    slot: int | None = None
    """The place in the party that is chosen next for who is to stand first; None for other tasks."""


@dataclass(slots=True)
class _Progress:
    """A menu task under way."""

    menu_task: MenuTask
    shopping: Shopping | None = None
    count: int = 0
    """Of the item in question, when the menu task began."""
    member: tuple[int, int, int] | None = None
    """Who is to stand first."""
    presses: int = 0
    committed: bool = False
    """The last choice has been made (the creature for an item, the place to move from): what follows tells."""
    given_up: bool = False


class MenuTaskRules:
    """One lane's menu tasks in menus outside of battles."""

    def __init__(self, game: GameData, memory: LaneMemory) -> None:
        self._game = game
        self._memory = memory
        self._radio = Radio(game)
        self._progress: _Progress | None = None
        self._undo: tuple[bool, int | None] | None = None
        self._was_committed = False
        """As it was before the last press was looked for."""

    def options(self, state: GameState) -> tuple[Option, ...]:
        """The menu task that this screen is open for, and leaving it; nothing on screens of no menu_task."""
        progress = self._known(state)
        if progress is None:
            return ()
        if state.menu is None and _toward_place(state, progress.menu_task) is not None:
            return (self._option(state, progress.menu_task),)
        button = self._press_now(state, progress)
        if button is None:
            return (READ_ON,) if self._is_asked_soon(state, progress) else ()
        if button is Button.B and not isinstance(progress.menu_task, TuneRadio):
            return (CLOSE,)
        return (self._option(state, progress.menu_task), CLOSE)

    @staticmethod
    def _is_asked_soon(state: GameState, progress: _Progress) -> bool:
        """Whether a text leads to the question if a move shall be taught: B at its end would be no.

        Where texts are fast the question may stand there by the end of the step that the press belongs to.
        """
        return isinstance(progress.menu_task, TeachMove) and not progress.committed and state.menu is None

    def stage(self, state: GameState) -> TaskStage | None:
        """How far the menu task is, before the press that `act` named last; None without a task or a menu."""
        progress, menu = self._progress, state.menu
        if progress is None or menu is None:
            return None
        if progress.shopping is not None:
            ware = progress.shopping.next_ware(state)
            return TaskStage(progress.given_up or ware is None, ware)
        was = self._was_committed
        is_over = progress.given_up or self._is_over(state, menu, progress, committed=was)
        slot = _next_slot(state, progress, committed=was) if isinstance(progress.menu_task, PutFirst) else None
        return TaskStage(is_over, slot=slot)

    def act(self, state: GameState, option: Option) -> RuleStep | None:
        """The press for a menu task's option; None when the screen is not one of its screens."""
        self._undo = None
        menu, progress = state.menu, self._known(state)
        if progress is None or option.menu_task != progress.menu_task:
            return None
        if menu is None and (step := self._press_place(state, option, progress)) is not None:
            return step
        button = self._press_now(state, progress)
        if button is None:
            return None
        progress.presses += 1
        if progress.presses > MOST_PRESSES:
            progress.given_up = True
            return RuleStep(Button.B, 0.3, f"{option.label} does not work out: back out", done=True)
        shopping = progress.shopping
        bought = shopping.pressed(state, menu, button) if shopping is not None and menu is not None else None
        self._undo = progress.committed, bought
        if menu is not None and button is Button.A and self._is_last_choice(menu, progress.menu_task, state):
            progress.committed = True
        return RuleStep(button, 0.9, option.label, done=button is Button.B)

    @staticmethod
    def _press_place(state: GameState, option: Option, progress: _Progress) -> RuleStep | None:
        """A press on the map for flying, which shows no menu; None on other screens. B where the place is not on it."""
        button = _toward_place(state, progress.menu_task)
        if button is None:
            return None
        progress.presses += 1
        if progress.presses > MOST_PRESSES:
            return RuleStep(Button.B, 0.3, f"{option.label} does not work out: back out", done=True)
        return RuleStep(button, 0.9, option.label, done=button is Button.A)

    def overruled(self) -> None:
        """The press that `act` named last was not made."""
        if self._progress is None or self._undo is None:
            return
        self._progress.committed, bought = self._undo
        if bought is not None and self._progress.shopping is not None:
            self._progress.shopping.take_back(bought)
        self._undo = None

    # -- what is under way -------------------------------------------------------------------------------------

    def _known(self, state: GameState) -> _Progress | None:
        """The menu task that the menus are open for, begun when it is first seen."""
        menu_task = self._memory.menu_task
        if menu_task is None:
            self._progress = None
        elif self._progress is None or self._progress.menu_task is not menu_task:
            self._progress = self._begin(state, menu_task)
        self._was_committed = self._progress is not None and self._progress.committed
        return self._progress

    def _begin(self, state: GameState, menu_task: MenuTask) -> _Progress:
        match menu_task:
            case BuyItems():
                return _Progress(menu_task, shopping=Shopping(menu_task, state, self._game))
            case UseItem():
                return _Progress(menu_task, count=owned(state, self._game, menu_task.item))
            case PutFirst():
                return _Progress(menu_task, member=_name_of(state, menu_task.slot))
            case ChooseFloor() | TeachMove() | TuneRadio() | UseMove():
                return _Progress(menu_task)

    def _option(self, state: GameState, menu_task: MenuTask) -> Option:
        match menu_task:
            case BuyItems():
                names = ", ".join(f"{one.count} {self._item_name(one.item)}" for one in menu_task.purchases)
                return Option(OptionKind.BUY, f"Buy {names}", "buy", value=IN_MENUS.likely, menu_task=menu_task)
            case UseItem():
                name = self._item_name(menu_task.item)
                member = _member(state, menu_task.slot)
                on = f" on {member.nickname}" if member is not None else ""
                return Option(
                    OptionKind.USE_ITEM,
                    f"Use the {name}{on}",
                    f"use_item:{name}",
                    value=IN_MENUS.likely,
                    menu_task=menu_task,
                )
            case PutFirst():
                member = _member(state, menu_task.slot)
                who = member.nickname if member is not None else "another creature"
                return Option(
                    OptionKind.SWITCH, f"Put {who} first", "put_first", value=IN_MENUS.likely, menu_task=menu_task
                )

            case ChooseFloor():
                label = f"Take the elevator to {menu_task.floor}"
                key = f"choose_floor:{menu_task.floor}"
                return Option(OptionKind.MANAGE, label, key, value=IN_MENUS.likely, menu_task=menu_task)

            case TuneRadio():
                label, key = f"Tune the radio to {menu_task.knob}", f"tune:{menu_task.knob}"
                return Option(OptionKind.MANAGE, label, key, value=IN_MENUS.likely, menu_task=menu_task)

            case TeachMove():
                move, member = self._game.moves[menu_task.move].name, _member(state, menu_task.slot)
                who = member.nickname if member is not None else "a creature"
                key = f"teach:{self._game.moves[menu_task.move].key}"
                label = f"Teach {move} to {who}"
                return Option(OptionKind.MANAGE, label, key, value=IN_MENUS.likely, menu_task=menu_task)

            case UseMove():
                move, member = self._game.moves[menu_task.move].name, _member(state, menu_task.slot)
                who = member.nickname if member is not None else "a creature"
                key = f"use_move:{self._game.moves[menu_task.move].key}"
                label = f"Use {move} of {who}"
                return Option(OptionKind.MANAGE, label, key, value=IN_MENUS.likely, menu_task=menu_task)

    def _item_name(self, item: int) -> str:
        known = self._game.items.get(item)
        return known.name if known is not None else f"item {item}"

    # -- pressing ----------------------------------------------------------------------------------------------

    def _press_now(self, state: GameState, progress: _Progress) -> Button | None:
        """The press on a menu, or on the open radio, which has none."""
        if isinstance(progress.menu_task, TuneRadio):
            return self._press_radio(state, progress, progress.menu_task)
        return None if state.menu is None else self._press(state, state.menu, progress)

    def _press_radio(self, state: GameState, progress: _Progress, menu_task: TuneRadio) -> Button | None:
        """START menu, the Pokegear, its radio, the knob; then everything is closed."""
        tuned = self._memory.tuned == (state.map_id, menu_task.knob)
        menu = state.menu
        if menu is not None:
            if menu.kind is not MenuKind.START_MENU:
                return None
            return Button.B if tuned or progress.given_up else _toward_start_line(state, menu, GEAR_LINE)
        button = self._radio.press(state, menu_task.knob)
        if button is Button.B and self._radio.is_owned(state):
            self._memory.tuned = (state.map_id, menu_task.knob)
        return button

    def _press(self, state: GameState, menu: MenuState, progress: _Progress) -> Button | None:
        """B when the menu task is over; None on a screen that does not belong to it."""
        if progress.shopping is not None:
            button = progress.shopping.press(state, menu)
        elif isinstance(progress.menu_task, TeachMove):
            button = self._press_teach(state, menu, progress, progress.menu_task)
        elif menu.kind is MenuKind.YES_NO:
            button = None
        elif isinstance(progress.menu_task, UseMove):
            button = self._press_move(state, menu, progress.menu_task, progress.committed)
        elif isinstance(progress.menu_task, ChooseFloor):
            floors = progress.menu_task.floors
            there = shows_any(menu, floors)
            button = toward_entry(menu, floors, floors.index(progress.menu_task.floor)) if there else None
        elif self._is_over(state, menu, progress, committed=progress.committed):
            button = Button.B
        elif isinstance(progress.menu_task, UseItem):
            button = self._press_use(state, menu, progress.menu_task)
        else:
            button = self._press_first(state, menu, progress)
        return Button.B if button is not None and progress.given_up else button

    def _is_over(self, state: GameState, menu: MenuState, progress: _Progress, *, committed: bool) -> bool:
        """Done, or tried: an item that has been used up or refused leads back to a list."""
        match progress.menu_task:
            case UseItem(item=item):
                return committed or owned(state, self._game, item) != progress.count or not progress.count
            case PutFirst():
                moved = progress.member is None or _name_of(state, 0) == progress.member
                return moved or (committed and not is_party_list(menu, state.party))
            case TeachMove(move=move, slot=slot):
                member = _member(state, slot)
                if member is None or move in member.moves:
                    return True
                asks = menu.kind is MenuKind.YES_NO or is_list_of_moves(menu, member, self._game)
                return committed and not asks
            case UseMove():
                return committed
            case _:
                return False

    def _press_use(self, state: GameState, menu: MenuState, menu_task: UseItem) -> Button | None:
        if menu.kind is MenuKind.START_MENU:
            return _toward_start_line(state, menu, PACK_LINE)
        if is_party_list(menu, state.party):
            slot = menu_task.slot
            return toward(menu, slot) if slot is not None and slot < len(state.party) else Button.B
        if (place := find_line(menu, "USE")) is not None:
            return toward(menu, place)
        return toward_item(state, menu, menu_task.item, self._game)

    def _press_teach(
        self, state: GameState, menu: MenuState, progress: _Progress, menu_task: TeachMove
    ) -> Button | None:
        """Pack, the machine, USE, yes, the creature; where it knows four moves: yes, and the weakest is given up."""
        member = _member(state, menu_task.slot)
        if member is None or self._is_over(state, menu, progress, committed=progress.committed):
            return Button.B
        if menu.kind is MenuKind.YES_NO:
            return Button.B if stops_learning(question_of(state)) else toward(menu, YES_ROW)
        if is_list_of_moves(menu, member, self._game):
            place = weakest_to_forget(member, self._game.moves[menu_task.move], self._game)
            return Button.B if place is None else toward(menu, place)
        if menu.kind is MenuKind.START_MENU:
            return _toward_start_line(state, menu, PACK_LINE)
        if is_party_list(menu, state.party):
            return toward(menu, menu_task.slot)
        if (place := find_line(menu, "USE")) is not None:
            return toward(menu, place)
        return toward_item(state, menu, menu_task.item, self._game)

    def _press_move(self, state: GameState, menu: MenuState, menu_task: UseMove, tried: bool) -> Button | None:
        """Party, the creature's line, its move in the small menu."""
        if tried:
            return Button.B
        if menu.kind is MenuKind.START_MENU:
            return _toward_start_line(state, menu, PARTY_LINE)
        if is_party_list(menu, state.party):
            return toward(menu, menu_task.slot)
        place = find_line(menu, self._game.moves[menu_task.move].name)
        return toward(menu, place) if place is not None else None

    def _press_first(self, state: GameState, menu: MenuState, progress: _Progress) -> Button | None:
        """Party, the creature's line, SWITCH in the small menu, then the first place."""
        if menu.kind is MenuKind.START_MENU:
            return _toward_start_line(state, menu, PARTY_LINE)
        if is_party_list(menu, state.party):
            return toward(menu, _next_slot(state, progress, committed=progress.committed))
        place = find_line(menu, "SWITCH")
        return toward(menu, place) if place is not None else None

    def _is_last_choice(self, menu: MenuState, menu_task: MenuTask, state: GameState) -> bool:
        """Whether A on this screen leaves nothing more to choose but what `committed` is about."""
        match menu_task:
            case UseItem():
                on_somebody = is_party_list(menu, state.party)
                return on_somebody or (menu_task.slot is None and find_line(menu, "USE") is not None)
            case PutFirst():
                return not is_party_list(menu, state.party) and find_line(menu, "SWITCH") is not None
            case TeachMove():
                return is_party_list(menu, state.party)
            case UseMove():
                return not is_party_list(menu, state.party) and menu.kind is not MenuKind.START_MENU
            case _:
                return False


def _toward_place(state: GameState, menu_task: MenuTask) -> Button | None:
    """On the map for flying, the press toward the place; None on other screens. Up leads to the next one visited."""
    if not isinstance(menu_task, UseMove) or menu_task.place is None:
        return None
    if not any(FLY_WORD in line.upper() for line in state.screen_lines):
        return None
    return Button.A if state.byte("wTownMapPlayerIconLandmark") == menu_task.place else Button.UP


def _toward_start_line(state: GameState, menu: MenuState, line: int) -> Button:
    """The press toward a line of the START menu; B when it has no such line."""
    lines = state.start_menu_lines
    return toward(menu, lines.index(line)) if line in lines[: menu.rows] else Button.B


def _member(state: GameState, slot: int | None) -> PartyMember | None:
    return state.party[slot] if slot is not None and 0 <= slot < len(state.party) else None


def _next_slot(state: GameState, progress: _Progress, *, committed: bool) -> int:
    """The place of who is to stand first; once that one is taken up, the first place."""
    slots = (slot for slot in range(len(state.party)) if _name_of(state, slot) == progress.member)
    return 0 if committed else next(slots, 0)


def _name_of(state: GameState, slot: int) -> tuple[int, int, int] | None:
    """What tells a creature of the party from the others, whatever its place."""
    member = _member(state, slot)
    return None if member is None else (member.identity, member.species, member.exp)

"""How a careful player fights: the choices of a turn, and the presses that carry one out.

`core.rules.fights.tactics` says what a choice is worth. Here it becomes presses: a way through the fight's menus, read
from the screen at each press.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from core.game.battle import BattleState
from core.game.game_data import GameData
from core.game.menu import MenuKind, MenuState
from core.game.state import GameState
from core.rules.fights.tactics import Tactics, target_slot
from core.rules.menus.answers import CLOSE, READ_ON, AnswerRules
from core.rules.menus.cursor import find_line, is_party_list, toward
from core.rules.menus.pack import toward_item
from core.rules.planning.lane_memory import LaneMemory
from core.rules.step import RuleStep
from core.rules.values import REFUSED_FACTOR
from core.vocabulary import Button, Option, OptionKind

FIGHT_PLACE, PARTY_PLACE, BAG_PLACE, RUN_PLACE = range(4)
"""Places of the main battle menu, row by row."""
STUCK_PRESSES = 40
"""Presses inside the menus after which an option is given up."""
MOST_SWITCHES = 3
"""Times that a creature is called back in one fight."""


class BattleRules:
    """Options and presses while a battle runs."""

    def __init__(self, game: GameData, answers: AnswerRules, memory: LaneMemory) -> None:
        self._game = game
        self._memory = memory
        self._answers = answers
        self._tactics = Tactics(game)
        self.reset()

    def reset(self) -> None:
        """Another battle begins."""
        self._refused: Counter[str] = Counter()
        self._switches = 0
        self._begin("")

    def _begin(self, option_key: str) -> None:
        self._presses = 0
        self._option_key = option_key
        self._committed = False
        """The option's last choice has been confirmed: the next text tells what comes of it."""

    def options(self, state: GameState) -> tuple[Option, ...]:
        """What can be decided now, best first; never empty."""
        menu = state.menu
        if menu is None:
            return self._answers.options(state)
        battle = state.battle
        if battle is None:
            return (READ_ON,)
        asks_turn = menu.kind in (MenuKind.BATTLE_MAIN, MenuKind.BATTLE_MOVES)
        if asks_turn and battle.enemy.hp:
            return self._sorted(self._tactics.turn_options(state, battle, self._memory.remedy))
        if asks_turn or menu.kind is MenuKind.YES_NO:  # a list of moves after a victory: which one to give up
            return self._answers.options(state)
        return self._list_options(state, menu, battle) or self._answers.options(state)

    def _list_options(self, state: GameState, menu: MenuState, battle: BattleState) -> tuple[Option, ...]:
        """In the bag or the party: what of the turn's options can go on from there, or leave."""
        found: list[Option] = []
        if is_party_list(menu, state.party):
            found += self._tactics.switch_options(state, battle, forced=not battle.own.hp)
            if not battle.own.hp:
                return self._sorted(found)
        found += self._tactics.item_options(state, battle)
        if not battle.is_trainer:
            found += self._tactics.catch_options(state, battle, remedy=self._memory.remedy)
        return self._sorted([*found, CLOSE]) if found else ()

    def _sorted(self, found: list[Option]) -> tuple[Option, ...]:
        """Best first. What did not work out in this fight is worth less each time."""
        weighed = [replace(one, value=one.value * self._factor(one)) for one in found]
        return tuple(sorted(weighed, key=lambda option: -option.value))

    def _factor(self, option: Option) -> float:
        tired = option.kind is OptionKind.SWITCH and self._switches >= MOST_SWITCHES
        return REFUSED_FACTOR ** (self._refused[option.key] + tired)

    def act(self, state: GameState, option: Option) -> RuleStep | None:
        """The press for a battle option; None when it does not fit the screen any more."""
        menu = state.menu
        if option.kind in (OptionKind.ADVANCE_TEXT, OptionKind.ANSWER, OptionKind.CLOSE_MENU):
            return self._answers.act(state, option)
        if option.key != self._option_key:
            self._begin(option.key)
        self._presses += 1
        if menu is None:
            over = self._committed or self._presses > 2 * STUCK_PRESSES
            if over:
                self._switches += self._committed and option.kind is OptionKind.SWITCH
                self._begin("")
            return RuleStep(Button.A, 0.9, "the battle tells what happens", done=over)
        if self._presses > STUCK_PRESSES:
            self._begin("")
            self._refused[option.key] += 1
            return RuleStep(Button.B, 0.2, f"{option.label} does not work out", done=True)
        match option.kind:
            case OptionKind.FIGHT:
                return self._fight(menu, option)
            case OptionKind.RUN:
                return self._from_main(menu, option, RUN_PLACE, last=True)
            case OptionKind.USE_ITEM | OptionKind.CATCH:
                return self._use_item(state, menu, option)
            case OptionKind.SWITCH:
                return self._switch(state, menu, option)
            case _:
                return None

    def overruled(self) -> None:
        """The press that `act` named last was not made."""
        self._presses = max(0, self._presses - 1)
        self._committed = False

    # -- pressing ----------------------------------------------------------------------------------------------

    @staticmethod
    def _from_main(menu: MenuState, option: Option, place: int, *, last: bool = False) -> RuleStep:
        """Choose a place of the main menu; from any other menu go back to it."""
        if menu.kind is not MenuKind.BATTLE_MAIN:
            return RuleStep(Button.B, 0.7, f"back to the battle menu to {option.label.lower()}")
        button = toward(menu, place)
        return RuleStep(button, option.value, option.label, done=last and button is Button.A)

    def _fight(self, menu: MenuState, option: Option) -> RuleStep:
        if menu.kind is not MenuKind.BATTLE_MOVES:
            return self._from_main(menu, option, FIGHT_PLACE)
        button = toward(menu, min(option.index or 0, len(menu.items) - 1))
        return RuleStep(button, option.value, option.label, done=button is Button.A)

    def _use_item(self, state: GameState, menu: MenuState, option: Option) -> RuleStep | None:
        """Bag, then the pocket that has the item, then its line, USE, and for a potion the creature that fights."""
        if menu.kind in (MenuKind.BATTLE_MAIN, MenuKind.BATTLE_MOVES):
            return self._from_main(menu, option, BAG_PLACE)
        pocket = state.balls if option.kind is OptionKind.CATCH else state.items
        number = pocket[option.index].item if option.index is not None and option.index < len(pocket) else 0
        item = self._game.items.get(number)
        if item is None or state.battle is None:
            return RuleStep(Button.B, 0.3, "the item is used up", done=True)
        if is_party_list(menu, state.party):
            if not _comes_from_bag(state):  # A on the one who fights would only be refused, again and again
                return RuleStep(Button.B, 0.7, f"back to the battle menu to {option.label.lower()}")
            return self._confirm(menu, option, target_slot(state, state.battle, item))
        if (place := find_line(menu, "USE")) is not None:
            return self._confirm(menu, option, place)
        button = toward_item(state, menu, item.id, self._game)
        if button is None:
            return None
        self._committed = button is Button.A
        return RuleStep(button, option.value, option.label)

    def _switch(self, state: GameState, menu: MenuState, option: Option) -> RuleStep | None:
        """Party, then the creature's line, then SWITCH in the small menu that opens."""
        if menu.kind in (MenuKind.BATTLE_MAIN, MenuKind.BATTLE_MOVES):
            return self._from_main(menu, option, PARTY_PLACE)
        if option.index is None or option.index >= len(state.party):
            return None
        if is_party_list(menu, state.party):
            if _comes_from_bag(state) and state.battle is not None and state.battle.own.hp:  # A would give it the item
                return RuleStep(Button.B, 0.7, f"back to the battle menu to {option.label.lower()}")
            return self._confirm(menu, option, option.index)
        place = find_line(menu, "SWITCH")
        return self._confirm(menu, option, place) if place is not None else None

    def _confirm(self, menu: MenuState, option: Option, place: int) -> RuleStep:
        """To the place, then A; smaller menus may follow, or the turn begins."""
        button = toward(menu, place)
        self._committed = button is Button.A
        return RuleStep(button, option.value, option.label)


def _comes_from_bag(state: GameState) -> bool:
    """Whether an open party list asks who gets an item, and not who comes out."""
    return state.battle_menu_place == BAG_PLACE + 1

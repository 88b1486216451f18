"""How a careful player fights: the best move by expected damage, a drink in time, flight from what cannot be won.

Both sides' damage a turn gives the turns each needs and so a chance to win; items, switches, balls and flight are
weighed against the best move on that one scale. The enemy's moves are read from RAM, as the game itself does.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.game.battle import BattleState, Fighter
from core.game.menu import MenuKind, MenuState
from core.game.state import GameState
from core.game.world import World
from core.rules.answers import CLOSE, READ_ON, AnswerRules
from core.rules.damage import Estimate, estimate, turns_to_win, win_chance
from core.rules.menus import find_line, is_party_list, toward
from core.rules.pack import toward_item
from core.rules.step import RuleStep
from core.vocabulary import Button, Option, OptionKind

FIGHT_PLACE, PARTY_PLACE, BAG_PLACE, RUN_PLACE = range(4)
"""Places of the main battle menu, row by row."""
LOW_HP = 0.35
HOPELESS = 0.35
"""A wild fight with a smaller chance to win is run from."""
ENOUGH_CREATURES = 3
"""Smaller parties want company: balls are thrown at creatures that the party lacks."""
GOOD_CATCH_CHANCE = 0.3
CATCH_EFFECT = "CATCH"
HEAL_EFFECT = "HEAL"
_HEALING_KEYS = ("POTION", "FRESH_WATER", "SODA_POP", "LEMONADE", "MOOMOO_MILK", "BERRY")
"""Where the data do not name an item's effect, items whose key ends so give back HP."""
STUCK_PRESSES = 40
"""Presses inside the menus after which an option is given up."""


@dataclass(frozen=True, slots=True)
class _Outlook:
    """A fight in numbers."""

    estimates: dict[int, Estimate]
    """By slot of the own moves that have power points left."""
    enemy_per_turn: float
    chance: float
    """To win by hitting on, 0 to 1."""


class BattleRules:
    """Options and presses while a battle runs."""

    def __init__(self, world: World, answers: AnswerRules) -> None:
        self._world = world
        self._answers = answers
        self.reset()

    def reset(self) -> None:
        """Another battle begins."""
        self._presses = 0
        self._option_key = ""
        self._committed = False
        """The option's last choice has been confirmed: the next text tells what comes of it."""

    def options(self, state: GameState) -> tuple[Option, ...]:
        """What can be decided now, best first; never empty."""
        menu = state.menu
        battle = state.battle if menu is not None else None
        if menu is None or battle is None:
            return (READ_ON,)
        asks_turn = menu.kind in (MenuKind.BATTLE_MAIN, MenuKind.BATTLE_MOVES)
        if asks_turn and battle.enemy.hp:
            return self._turn_options(state, battle)
        if asks_turn or menu.kind is MenuKind.YES_NO:  # a list of moves after a victory: which one to give up
            return self._answers.options(state)
        return self._list_options(state, menu, battle) or self._answers.options(state)

    def _list_options(self, state: GameState, menu: MenuState, battle: BattleState) -> tuple[Option, ...]:
        """In the bag or the party: what of the turn's options can go on from there, or leave."""
        outlook = self._outlook(battle)
        found: list[Option] = []
        if is_party_list(menu, state.party):
            found += self._switch_options(state, battle, outlook, forced=not battle.own.hp)
            if not battle.own.hp:
                return tuple(found)
        found += self._item_options(state, battle, outlook)
        if not battle.is_trainer:
            found += self._catch_options(state, battle, outlook)
        return tuple(sorted((*found, CLOSE), key=lambda option: -option.value)) if found else ()

    def act(self, state: GameState, option: Option) -> RuleStep | None:
        """The press for a battle option; None when it does not fit the screen any more."""
        menu = state.menu
        if option.kind in (OptionKind.ADVANCE_TEXT, OptionKind.ANSWER, OptionKind.CLOSE_MENU):
            return self._answers.act(state, option)
        if option.key != self._option_key:
            self.reset()
            self._option_key = option.key
        self._presses += 1
        if menu is None:
            over = self._committed or self._presses > 2 * STUCK_PRESSES
            if over:
                self.reset()
            return RuleStep(Button.A, 0.9, "the battle tells what happens", done=over)
        if self._presses > STUCK_PRESSES:
            self.reset()
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

    # -- weighing ----------------------------------------------------------------------------------------------

    def _outlook(self, battle: BattleState) -> _Outlook:
        own = {
            slot: estimate(battle.own, battle.enemy, self._world.moves[number], self._world)
            for slot, (number, pp) in enumerate(zip(battle.own.moves, battle.own.pp, strict=True))
            if pp and number in self._world.moves
        }
        best = max((one.expected for one in own.values()), default=0.0)
        enemy = self._per_turn(battle.enemy, battle.own)
        chance = win_chance(turns_to_win(best, battle.enemy.hp), turns_to_win(enemy, battle.own.hp))
        return _Outlook(own, enemy, chance)

    def _per_turn(self, attacker: Fighter, defender: Fighter) -> float:
        known = (self._world.moves.get(number) for number in attacker.moves)
        return max((estimate(attacker, defender, move, self._world).expected for move in known if move), default=0.0)

    def _turn_options(self, state: GameState, battle: BattleState) -> tuple[Option, ...]:
        outlook = self._outlook(battle)
        found = [
            *self._fight_options(battle, outlook),
            *self._item_options(state, battle, outlook),
            *self._switch_options(state, battle, outlook, forced=False),
        ]
        if not battle.is_trainer:
            found += self._catch_options(state, battle, outlook)
            value = 0.85 if outlook.chance < HOPELESS else 0.15
            label = f"Run away: the chance to win is about {outlook.chance:.0%}"
            found.append(Option(OptionKind.RUN, label, "run", value=value))
        return tuple(sorted(found, key=lambda option: -option.value))

    def _fight_options(self, battle: BattleState, outlook: _Outlook) -> list[Option]:
        enemy = self._world.species_name(battle.enemy.species)
        strongest = max((one.expected for one in outlook.estimates.values()), default=0.0) or 1.0
        found: list[Option] = []
        for slot, guess in outlook.estimates.items():
            move = self._world.moves[battle.own.moves[slot]]
            effect = "" if guess.effectiveness == 1 else f", {guess.effectiveness:g} times effective"
            label = f"Use {move.name} on {enemy}: about {guess.mean:.0f} of its {battle.enemy.hp} HP{effect}"
            if not move.power:
                label = f"Use {move.name} on {enemy}: {move.effect.removeprefix('EFFECT_').replace('_', ' ').lower()}"
            ends = guess.knock_out_chance(battle.enemy.hp)
            worth = max(guess.expected / strongest, ends) if guess.mean else 0.05
            value = 0.3 + 0.35 * outlook.chance * worth + 0.1 * worth + 0.1 * ends
            found.append(Option(OptionKind.FIGHT, label, f"fight:{move.key}", index=slot, value=value))
        return found or [
            Option(OptionKind.FIGHT, "Struggle: no move has power points left", "fight", index=0, value=0.4)
        ]

    def _item_options(self, state: GameState, battle: BattleState, outlook: _Outlook) -> list[Option]:
        own = battle.own
        lost = own.max_hp - own.hp
        in_danger = own.hp_fraction < LOW_HP or outlook.enemy_per_turn >= own.hp
        found: list[Option] = []
        for slot, stack in enumerate(state.items):
            item = self._world.items.get(stack.item)
            if item is None or not stack.quantity or not _heals(item.effect, item.key) or lost < 8:
                continue
            keeps_up = outlook.enemy_per_turn * 1.3 < lost
            value = 0.88 if in_danger and keeps_up and battle.is_trainer else 0.72 if in_danger and keeps_up else 0.1
            toll = f"the enemy takes about {outlook.enemy_per_turn:.0f} a turn"
            label = f"Use a {item.name}: {own.hp}/{own.max_hp} HP left, {toll}"
            found.append(Option(OptionKind.USE_ITEM, label, f"use_item:{item.key}", index=slot, value=value))
        return found

    def _catch_options(self, state: GameState, battle: BattleState, outlook: _Outlook) -> list[Option]:
        enemy = battle.enemy
        wanted = len(state.party) < ENOUGH_CREATURES and all(one.species != enemy.species for one in state.party)
        chance = catch_chance(enemy, battle.enemy_catch_rate)
        found: list[Option] = []
        for slot, stack in enumerate(state.balls):
            item = self._world.items.get(stack.item)
            if item is None or not stack.quantity:
                continue
            value = (0.9 if chance >= GOOD_CATCH_CHANCE else 0.55) if wanted else 0.12
            name = self._world.species_name(enemy.species)
            label = f"Throw a {item.name} at {name}: a chance of about {chance:.0%}"
            found.append(Option(OptionKind.CATCH, label, "catch", index=slot, value=value))
            break
        return found

    def _switch_options(
        self, state: GameState, battle: BattleState, outlook: _Outlook, *, forced: bool
    ) -> tuple[Option, ...]:
        found: list[Option] = []
        for slot, member in enumerate(state.party):
            if not member.can_fight or (slot == battle.active_slot and not forced) or (forced and not member.hp):
                continue
            health = member.hp_fraction * min(1.0, member.level / max(1, battle.enemy.level))
            desperate = outlook.chance < 0.25 and not forced and battle.own.hp_fraction < LOW_HP
            value = 0.5 + 0.4 * health if forced else (0.7 * health if desperate else 0.1)
            label = f"Send out {member.nickname}: level {member.level}, {member.hp}/{member.max_hp} HP"
            key = f"switch:{self._world.species_name(member.species)}"
            found.append(Option(OptionKind.SWITCH, label, key, index=slot, value=value))
        return tuple(sorted(found, key=lambda option: -option.value))

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
        """Bag, then the pocket that has the item, then its line, USE, and for a drink the creature that fights."""
        if menu.kind in (MenuKind.BATTLE_MAIN, MenuKind.BATTLE_MOVES):
            return self._from_main(menu, option, BAG_PLACE)
        pocket = state.balls if option.kind is OptionKind.CATCH else state.items
        item = pocket[option.index].item if option.index is not None and option.index < len(pocket) else 0
        if not item:
            return RuleStep(Button.B, 0.3, "the item is used up", done=True)
        if is_party_list(menu, state.party):
            return self._confirm(menu, option, state.battle.active_slot if state.battle is not None else 0)
        if (place := find_line(menu, "USE")) is not None:
            return self._confirm(menu, option, place)
        button = toward_item(state, menu, item, self._world)
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
            return self._confirm(menu, option, option.index)
        place = find_line(menu, "SWITCH")
        return self._confirm(menu, option, place) if place is not None else None

    def _confirm(self, menu: MenuState, option: Option, place: int) -> RuleStep:
        """To the place, then A; smaller menus may follow, or the turn begins."""
        button = toward(menu, place)
        self._committed = button is Button.A
        return RuleStep(button, option.value, option.label)


def catch_chance(enemy: Fighter, catch_rate: int) -> float:
    """Chance that a plain ball holds, from HP and catch rate; status adds a little, as in the game."""
    if not enemy.max_hp:
        return 0.0
    bonus = 10 if enemy.status & 0x27 else 5 if enemy.status else 0
    rate = max(1, (3 * enemy.max_hp - 2 * enemy.hp) * catch_rate // (3 * enemy.max_hp)) + bonus
    return min(1.0, (rate + 1) / 256)


def _heals(effect: str | None, key: str) -> bool:
    return effect == HEAL_EFFECT if effect is not None else key.endswith(_HEALING_KEYS)

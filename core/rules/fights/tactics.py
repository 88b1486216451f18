"""What can be done in a turn of a fight, and how much each is worth.

Moves, potions, cures, other creatures, balls and flight are weighed on one scale: the chance to win the duel that would
follow (`core.rules.fights.duel`). Nothing here presses a button.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from core.game.battle import BattleState, Fighter
from core.game.facts import Item, Move
from core.game.game_data import GameData
from core.game.item_effects import helps
from core.game.party import PartyMember
from core.game.state import GameState
from core.rules.fights.company import Company
from core.rules.fights.duel import Duel, after_a_hit, duel, fighter_of
from core.rules.fights.setup_moves import chance_after, effect_of
from core.rules.planning.lost_fight import FightRemedy
from core.rules.values import IN_A_FIGHT, MARGINS, WEAKENING, WEAKENING_SHARE, worth
from core.vocabulary import Option, OptionKind

HOPELESS = 0.35
"""Run from a wild fight with a smaller chance to win."""
TIGHT = 0.6
"""Run from a wild fight with a smaller chance when the next hit may end it."""
LOW_HP = 0.3
HIT_MARGIN = 1.15
"""Factor on the hardest hit, for a critical one now and then."""
SURE_KNOCK_OUT = 0.75
HELPED = 0.5
"""Who is to grow stays for its share when another one has this chance to win, the change paid for."""
CLEARLY_BETTER = 0.2
"""The chance to win must rise by this much to send out another creature."""
GOOD_CATCH_CHANCE = 0.3
"""With a smaller chance the creature is weakened first, if there is a move that leaves it standing."""
LEAST_WOUND = 8
"""HP that must be missing before a potion is considered."""


class Tactics:
    """Weighs the turns of one game's fights. It keeps nothing of a fight."""

    def __init__(self, game: GameData) -> None:
        self._game = game
        self._company = Company.of(game)

    def duel(self, battle: BattleState, own: Fighter | None = None) -> Duel:
        """The present enemy against the present creature, or against another."""
        return duel(own or battle.own, battle.enemy, self._game, is_trainer=battle.is_trainer)

    def turn_options(self, state: GameState, battle: BattleState, remedy: FightRemedy | None = None) -> list[Option]:
        """Everything that the main menu of a fight leads to. `remedy`: what a fight that was lost asks for."""
        fight = self.duel(battle)
        changes = self.switch_options(state, battle, fight)
        found = [*self.item_options(state, battle, fight), *changes]
        if battle.is_trainer:
            return [*found, *self._moves(battle, fight)]
        caught = list(self.catch_options(state, battle, fight, remedy))
        spares = any(one.value > IN_A_FIGHT.catch for one in caught)
        # Who is to grow has its share of the experience when another one wins; it has none when it flees.
        helped = _is_growing(state, battle, remedy) and any(one.value >= worth(HELPED) for one in changes)
        return [*found, *self._moves(battle, fight, spares), *caught, self._run(battle, fight, helped)]

    # -- moves -------------------------------------------------------------------------------------------------

    def _moves(self, battle: BattleState, fight: Duel, spares: bool = False) -> Iterator[Option]:
        """The moves that the creature knows. `spares`: weaken the enemy for a ball, do not beat it."""
        strongest = max((one.expected for one in fight.estimates.values()), default=0.0)
        for slot, guess in fight.estimates.items():
            move = self._game.moves[battle.own.moves[slot]]
            if not move.power:
                yield self._setup(battle, fight, slot, move)
                continue
            enemy = self._game.species_name(battle.enemy.species)
            effect = "" if guess.effectiveness == 1 else f", {guess.effectiveness:g} times effective"
            label = f"Use {move.name} on {enemy}: about {guess.mean:.0f} of its {battle.enemy.hp} HP{effect}"
            ends = guess.knock_out_chance(battle.enemy.hp)
            if ends and effect_of(move).startswith("PRIORITY") and fight.is_in_danger and not fight.acts_first:
                ends += 0.5  # it comes before the hit that would end it
            share = max(guess.expected / strongest, min(1.0, ends)) if strongest else 0.0
            value = IN_A_FIGHT.weak_move + share * (worth(fight.chance, ends) - IN_A_FIGHT.weak_move)
            if spares and guess.most < battle.enemy.hp and guess.mean >= WEAKENING_SHARE * battle.enemy.max_hp:
                value = IN_A_FIGHT.weaken + WEAKENING * min(1.0, guess.mean / battle.enemy.max_hp)
            yield Option(OptionKind.FIGHT, label, f"fight:{move.key}", index=slot, value=value)
        if not fight.estimates:
            label = "Struggle: no move has power points left"
            yield Option(OptionKind.FIGHT, label, "fight", index=0, value=IN_A_FIGHT.lost)

    def _setup(self, battle: BattleState, fight: Duel, slot: int, move: Move) -> Option:
        enemy = self._game.species_name(battle.enemy.species)
        label = f"Use {move.name} on {enemy}: {effect_of(move).replace('_', ' ').lower()}"
        chance = chance_after(fight, move, fight.estimates[slot].hit_chance)
        toll = 0.0 if battle.is_trainer else MARGINS.long_fight
        value = IN_A_FIGHT.weak_move
        if chance is not None:
            value = max(value, worth(chance) - MARGINS.setup - toll)
        return Option(OptionKind.FIGHT, label, f"fight:{move.key}", index=slot, value=value)

    # -- items -------------------------------------------------------------------------------------------------

    def item_options(self, state: GameState, battle: BattleState, fight: Duel | None = None) -> Iterator[Option]:
        """Items of the bag that heal, cure or revive, and that the game would accept now."""
        fight = fight or self.duel(battle)
        for slot, stack in enumerate(state.items):
            item = self._game.items.get(stack.item)
            if item is None or not stack.quantity:
                continue
            item_effect = item.effect
            if item_effect.heals and battle.own.max_hp - battle.own.hp >= LEAST_WOUND:
                value = self._worth_of_potion(state, battle, fight, item)
                toll = f"the enemy takes about {fight.enemy_per_turn:.0f} a turn"
                label = f"Use a {item.name}: {battle.own.hp}/{battle.own.max_hp} HP left, {toll}"
            elif item_effect.cures & battle.own.status:
                cured = self.duel(battle, replace(battle.own, status=0))
                gain = cured.chance_with(lost_turns=1) - fight.chance
                value = worth(fight.chance + gain, fight.knock_out_chance()) if gain > 0 else IN_A_FIGHT.in_vain
                label = f"Use a {item.name} against what ails it"
            elif item_effect.revives and (fallen := fallen_slot(state)) is not None:
                member = state.party[fallen]
                back = self.duel(battle, replace(fighter_of(member, self._game), hp=member.max_hp // 2))
                better = back.chance > fight.chance + CLEARLY_BETTER
                value = worth(back.chance_with(lost_turns=1)) if better else IN_A_FIGHT.in_vain
                label = f"Use a {item.name} on {member.nickname}"
            else:
                continue
            yield Option(OptionKind.USE_ITEM, label, f"use_item:{item.key}", index=slot, value=value)

    def _worth_of_potion(self, state: GameState, battle: BattleState, fight: Duel, item: Item) -> float:
        """High when the next hit may end it and the potion gives more than a turn costs.

        Where another creature would rather win than this one with its HP back, the potion is kept.
        """
        own = battle.own
        gain = min(item.effect.heals, own.max_hp - own.hp)
        threatened = fight.hardest_hit * HIT_MARGIN >= own.hp or own.hp_fraction < LOW_HP
        ends_first = fight.acts_first and fight.knock_out_chance() >= SURE_KNOCK_OUT
        if not threatened or ends_first or gain <= fight.enemy_per_turn or own.hp + gain <= fight.hardest_hit:
            return IN_A_FIGHT.in_vain
        healed = worth(fight.chance_with(more_hp=gain, lost_turns=1))
        if any(one.value > healed for one in self.switch_options(state, battle, fight)):
            return healed
        size = gain / (item.effect.heals or 1)  # of two potions that do, take the one that wastes less
        return (IN_A_FIGHT.potion if battle.is_trainer else IN_A_FIGHT.potion_in_the_wild) + MARGINS.no_waste * size

    # -- other creatures ---------------------------------------------------------------------------------------

    def switch_options(
        self, state: GameState, battle: BattleState, fight: Duel | None = None, *, forced: bool = False
    ) -> list[Option]:
        """The other creatures that can fight. `forced`: one must come out, and no turn is lost by it."""
        fight = fight or self.duel(battle)
        found: list[Option] = []
        for slot, member in enumerate(state.party):
            if not member.can_fight or (slot == battle.active_slot and not forced):
                continue
            chance = self._chance_of(battle, member, forced)
            better = chance > fight.chance + CLEARLY_BETTER
            value = worth(chance) if forced else worth(chance) - MARGINS.switch if better else IN_A_FIGHT.in_vain
            label = f"Send out {member.nickname}: level {member.level}, {member.hp}/{member.max_hp} HP"
            key = f"switch:{self._game.species_name(member.species)}:{slot}"
            found.append(Option(OptionKind.SWITCH, label, key, index=slot, value=value))
        return found

    def _chance_of(self, battle: BattleState, member: PartyMember, forced: bool) -> float:
        """The chance of another creature, which takes a hit as it comes out where a turn is lost."""
        fight = self.duel(battle, fighter_of(member, self._game))
        return fight.chance if forced else after_a_hit(fight).chance

    # -- wild creatures ----------------------------------------------------------------------------------------

    def catch_options(
        self,
        state: GameState,
        battle: BattleState,
        fight: Duel | None = None,
        remedy: FightRemedy | None = None,
    ) -> Iterator[Option]:
        """A ball for the wild creature, worth it when it would be good company or the remedy of a lost fight."""
        enemy = battle.enemy
        for slot, stack in enumerate(state.balls):
            item = self._game.items.get(stack.item)
            if item is None or not stack.quantity:
                continue
            chance = min(1.0, catch_chance(enemy, battle.enemy_catch_rate) * max(1.0, item.effect.catches))
            value = IN_A_FIGHT.unwanted
            is_remedy = remedy is not None and remedy.would_catch(enemy.species, enemy.level, state)
            if is_remedy or self._company.wants(state, enemy.species, enemy.level):
                hopeless = fight is not None and fight.chance < HOPELESS and fight.is_in_danger
                if hopeless:
                    value = IN_A_FIGHT.last_ball
                else:
                    value = IN_A_FIGHT.catch if chance >= GOOD_CATCH_CHANCE else IN_A_FIGHT.catch_later
            name = self._game.species_name(enemy.species)
            label = f"Throw a {item.name} at {name}: a chance of about {chance:.0%}"
            yield Option(OptionKind.CATCH, label, "catch", index=slot, value=value)
            return

    @staticmethod
    def _run(battle: BattleState, fight: Duel, helped: bool) -> Option:
        chance = fight.chance
        lost = not helped and (chance < HOPELESS or (chance < TIGHT and fight.is_in_danger))
        label = f"Run away: the chance to win is about {chance:.0%}"
        return Option(OptionKind.RUN, label, "run", value=IN_A_FIGHT.flight if lost else IN_A_FIGHT.needless_flight)


def _is_growing(state: GameState, battle: BattleState, remedy: FightRemedy | None) -> bool:
    """Whether the creature that fights is the one that a remedy makes grow."""
    grower = None if remedy is None else remedy.grower(state)
    return grower is not None and state.party.index(grower) == battle.active_slot


def fallen_slot(state: GameState) -> int | None:
    """Place of the strongest creature that has fainted; None when all stand."""
    fallen = [slot for slot, member in enumerate(state.party) if not member.is_egg and not member.hp]
    return max(fallen, key=lambda slot: state.party[slot].level, default=None)


def target_slot(state: GameState, battle: BattleState, item: Item) -> int:
    """The place of the party on which an item is used in a fight: who fights, or who has fainted."""
    fallen = fallen_slot(state)
    if item.effect.revives and fallen is not None and helps(item.effect, state.party[fallen]):
        return fallen
    return battle.active_slot


def catch_chance(enemy: Fighter, catch_rate: int) -> float:
    """Chance that a plain ball holds, from HP and catch rate; status adds a little, as in the game."""
    if not enemy.max_hp:
        return 0.0
    bonus = 10 if enemy.status & 0x27 else 5 if enemy.status else 0
    rate = max(1, (3 * enemy.max_hp - 2 * enemy.hp) * catch_rate // (3 * enemy.max_hp)) + bonus
    return min(1.0, (rate + 1) / 256)

"""A team against a trainer's creatures, one after the other, in numbers: the chance that somebody is left at the end.

Each side's damage a turn is taken from the duels of all pairs (`core.rules.fights.duel`). For each of the foes the
member with the best chance comes out, at the cost of a hit where another one stands. Who wins has lost the HP that the
duel takes on the average; who loses has taken as much from the foe. Potions are HP that any member may have, less what
the foe takes in the turn that each costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from core.game.battle import Fighter
from core.game.game_data import GameData
from core.rules.fights.damage import turns_to_win, win_chance
from core.rules.fights.duel import FIRST_TURNS, LEAST_TURNS, duel

LEAST_WEIGHT = 0.02
"""A course of the fight that is less likely than this is counted as lost."""
MOST_WOUNDS = 0.9
"""The largest share of the winner's HP that a duel takes."""
MOST_HURT = 0.6
"""The largest share of a foe's HP that somebody takes who loses against it: who was ahead has lost by bad luck."""


@dataclass(frozen=True, slots=True)
class DamageRates:
    """One pair of a member and a foe: HP that each takes a turn, and who acts first."""

    own_per_turn: float
    enemy_per_turn: float
    acts_first: bool


def damage_rates(own: Fighter, foes: Sequence[Fighter], game: GameData) -> tuple[DamageRates, ...]:
    """A member against each of the foes."""
    duels = (duel(own, foe, game, is_trainer=True) for foe in foes)
    return tuple(DamageRates(one.own_per_turn, one.enemy_per_turn, one.acts_first) for one in duels)


@dataclass(frozen=True, slots=True)
class Potions:
    """What the team's potions give back: HP of one, and of all together."""

    each: float = 0.0
    together: float = 0.0

    def share_kept(self, enemy_per_turn: float) -> float:
        """Share of a potion's HP that is left when the foe has had the turn that it cost; 0 where it is in vain."""
        return max(0.0, 1 - enemy_per_turn / self.each) if self.each else 0.0


NO_POTIONS: Final = Potions()


DRUNK_WELL: Final = 0.25
"""Weight of the guess in which potions help."""
DRUNK_SHARE: Final = 0.5
"""Share of them that helps in it."""
TOUGHNESS: Final = (1.0, 1.3)
"""Factors on the foes' HP over which a guess takes the mean: their items, critical hits, misses in a row."""


def guess(
    rows: Sequence[Sequence[DamageRates]],
    team_hp: Sequence[int],
    foes_hp: Sequence[int],
    first: int = 0,
    potions: Potions = NO_POTIONS,
) -> float:
    """The chance to win, 0 to 1, over foes that are as tough as on paper or tougher, with and without the potions.

    One course of a fight decides much: a hit more or less turns it round, and a single guess with it. Potions count for
    little, since some go to others and some are in vain.
    """
    drunk = replace(potions, together=DRUNK_SHARE * potions.together)
    chance = _over_toughness(rows, team_hp, foes_hp, first, NO_POTIONS)
    if not drunk.together:
        return chance
    return (1 - DRUNK_WELL) * chance + DRUNK_WELL * _over_toughness(rows, team_hp, foes_hp, first, drunk)


def _over_toughness(
    rows: Sequence[Sequence[DamageRates]], team_hp: Sequence[int], foes_hp: Sequence[int], first: int, potions: Potions
) -> float:
    fights = (TeamFight(rows, team_hp, [round(tough * hp) for hp in foes_hp], potions) for tough in TOUGHNESS)
    return sum(fight.chance(first) for fight in fights) / len(TOUGHNESS)


class TeamFight:
    """The fight of a team against foes, all rested: a row of rates for each member, and what HP they all have."""

    def __init__(
        self,
        rows: Sequence[Sequence[DamageRates]],
        team_hp: Sequence[int],
        foes_hp: Sequence[int],
        potions: Potions = NO_POTIONS,
    ) -> None:
        self._rows = rows
        self._team_hp = tuple(float(hp) for hp in team_hp)
        self._foes_hp = tuple(float(hp) for hp in foes_hp)
        self._potions = potions

    def chance(self, first: int = 0) -> float:
        """The chance to win, 0 to 1, when the member in place `first` stands in front."""
        if not self._team_hp or not self._foes_hp:
            return 0.0
        return self._chance(0, self._foes_hp[0], self._team_hp, first, 1.0, self._potions.together)

    def _chance(
        self, foe: int, foe_hp: float, team: tuple[float, ...], out: int | None, weight: float, potions: float
    ) -> float:
        """From here on: against foe number `foe` with `foe_hp` left; `out` stands in the fight, None after a loss.

        `potions`: HP that they can still give back.
        """
        if weight < LEAST_WEIGHT:
            return 0.0
        best, best_chance, best_hp, turns = -1, -1.0, 0.0, (1.0, 1.0)
        for place, hp in enumerate(team):
            rates = self._rows[place][foe]
            comes = hp if out is None or place == out else hp - rates.enemy_per_turn
            if hp <= 0 or comes <= 0:
                continue
            first = FIRST_TURNS if rates.acts_first else 0.0
            own_turns = max(LEAST_TURNS, turns_to_win(rates.own_per_turn, foe_hp) - first)
            lasts = comes + potions * self._potions.share_kept(rates.enemy_per_turn)
            enemy_turns = turns_to_win(rates.enemy_per_turn, lasts)
            chance = win_chance(own_turns, enemy_turns)
            if chance > best_chance:
                best, best_chance, best_hp, turns = place, chance, comes, (own_turns, enemy_turns)
        if best < 0:
            return 0.0
        own_turns, enemy_turns = turns
        taken = self._rows[best][foe].enemy_per_turn
        kept = self._potions.share_kept(taken)
        won = 1.0
        if foe + 1 < len(self._foes_hp):
            wounds = own_turns * taken
            drunk = max(0.0, wounds - MOST_WOUNDS * best_hp)
            spent = min(potions, drunk / kept) if kept else 0.0
            left = best_hp * (1 - min(MOST_WOUNDS, wounds / best_hp))
            hurt = (*team[:best], left, *team[best + 1 :])
            won = self._chance(foe + 1, self._foes_hp[foe + 1], hurt, best, weight * best_chance, potions - spent)
        fallen = (*team[:best], 0.0, *team[best + 1 :])
        weaker = foe_hp * (1 - MOST_HURT * min(1.0, enemy_turns / own_turns))
        spent = potions if kept else 0.0
        lost = self._chance(foe, weaker, fallen, None, weight * (1 - best_chance), potions - spent)
        return best_chance * won + (1 - best_chance) * lost

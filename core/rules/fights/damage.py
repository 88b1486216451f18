"""What a move can be expected to do: the damage formula of the second generation, in expectation.

damage = ((2 * level / 5 + 2) * power * attack / defense / 50 + 2) * same type * effectiveness * (217..255) / 255.
Types whose number is below 20 are physical, the others special.
Critical hits are left out: they favour no move.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.game.battle import Fighter
    from core.game.facts import Move
    from core.game.game_data import GameData

FIRST_SPECIAL_TYPE = 20
SAME_TYPE_BONUS = 1.5
LOWEST_ROLL = 217 / 255
MEAN_ROLL = (217 + 255) / 2 / 255
ACCURACY_STAGES = (0.33, 0.36, 0.43, 0.5, 0.6, 0.75, 1.0, 1.33, 1.66, 2.0, 2.33, 2.66, 3.0)
"""Factor on the hit chance for each stage from -6 to 6; evasion counts the other way."""
ACCURACY_STAGE, EVASION_STAGE = 5, 6


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one use of a move does to this defender, in points of its hp, when it hits."""

    least: float
    mean: float
    most: float
    hit_chance: float
    effectiveness: float

    @property
    def expected(self) -> float:
        """Points of damage a use is worth, misses counted."""
        return self.mean * self.hit_chance

    def knock_out_chance(self, hp: int) -> float:
        """Rough chance that one use ends the fight: the hit chance if the lowest roll does, half if the mean does."""
        if self.least >= hp:
            return self.hit_chance
        return self.hit_chance / 2 if self.mean >= hp else 0.0


def estimate(attacker: Fighter, defender: Fighter, move: Move, game: GameData) -> Estimate:
    """Expected damage of one use; zero for moves without power and for immune defenders."""
    factor = game.effectiveness(move.type, type_names(defender, game))
    accuracy = hit_chance(attacker, defender, move)
    if move.power == 0 or factor == 0:
        return Estimate(0.0, 0.0, 0.0, accuracy, factor)
    special = move.type in special_types(game)
    attack = attacker.special_attack if special else attacker.attack
    defense = defender.special_defense if special else defender.defense
    base = (2 * attacker.level / 5 + 2) * move.power * attack / max(1, defense) / 50 + 2
    if move.type in type_names(attacker, game):
        base *= SAME_TYPE_BONUS
    base *= factor
    return Estimate(base * LOWEST_ROLL, base * MEAN_ROLL, base, accuracy, factor)


def hit_chance(attacker: Fighter, defender: Fighter, move: Move) -> float:
    """Chance that the move hits, 0 to 1, with accuracy and evasion as they have been raised or lowered."""
    stage = max(-6, min(6, attacker.stages[ACCURACY_STAGE] - defender.stages[EVASION_STAGE]))
    return min(1.0, move.accuracy_percent / 100 * ACCURACY_STAGES[stage + 6])


def type_names(fighter: Fighter, game: GameData) -> tuple[str, ...]:
    """The types of a creature by name, each once; unknown numbers are left out."""
    return tuple(dict.fromkeys(game.types[number] for number in fighter.types if number in game.types))


def special_types(game: GameData) -> frozenset[str]:
    """Names of the types that use the special stats."""
    return frozenset(name for number, name in game.types.items() if number >= FIRST_SPECIAL_TYPE)


def turns_to_win(per_turn: float, hp: float) -> float:
    """Turns until `hp` points are gone at `per_turn` expected points; infinite when nothing gets through."""
    return float("inf") if per_turn <= 0 else max(1.0, hp / per_turn)


def win_chance(own_turns: float, enemy_turns: float) -> float:
    """Rough chance to win a duel that takes one `own_turns` and the other `enemy_turns` of undisturbed hitting.

    A logistic curve in the ratio: equal speed is an even fight, twice as fast wins about nine in ten.
    """
    if own_turns == float("inf"):
        return 0.02
    if enemy_turns == float("inf"):
        return 0.98
    ratio = enemy_turns / own_turns
    return min(0.98, max(0.02, ratio**3 / (1 + ratio**3)))

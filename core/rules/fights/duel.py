"""One creature against another in numbers: what each does in a turn, how long each lasts, who is likely to win.

Both sides' damage a turn gives the turns each needs and so a chance to win. The enemy's moves are read from RAM, as the
game itself does. A wild creature picks any of its moves; a trainer is expected to pick better ones more often.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.game.battle import Fighter
from core.game.item_effects import BURN, FROZEN, PARALYSIS, POISON, SLEEP
from core.rules.fights.damage import Estimate, estimate, turns_to_win, win_chance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.game.facts import Move
    from core.game.game_data import GameData
    from core.game.party import PartyMember

AILING_SHARE = 1 / 8
"""Of the most HP: what poison and burns take a turn."""
EFFECT_PREFIX = "EFFECT_"
DRAINING = ("LEECH_HIT", "DRAIN")
"""Effects of moves that drain, by pret's names and Fernvale's."""
DRAINED_SHARE = 0.5
"""Of the damage that such a move does: what its user gets back."""
LEAST_SHARE_DEALT = 0.1
"""Of one's own damage: what counts at least, however much the enemy gets back."""
ACTS_WHEN_PARALYSED = 0.75
ACTS_WHEN_FROZEN = 0.1
FIRST_TURNS = 0.5
"""Acting first is worth this many turns."""
LEAST_TURNS = 0.4


@dataclass(frozen=True, slots=True)
class Duel:
    """A fight of two in numbers."""

    own: Fighter
    enemy: Fighter
    estimates: dict[int, Estimate]
    """By slot of the own moves that have power points left."""
    own_per_turn: float
    """HP that the best move takes a turn, misses and lost turns counted, and what ails the enemy."""
    enemy_per_turn: float
    hardest_hit: float
    """HP that the enemy's strongest move takes when it hits, at the highest roll."""
    acts_first: bool

    @property
    def chance(self) -> float:
        """Rough chance to win by hitting on, 0 to 1."""
        return self.chance_with()

    def chance_with(
        self,
        *,
        own_per_turn: float | None = None,
        enemy_per_turn: float | None = None,
        more_hp: float = 0.0,
        lost_turns: float = 0.0,
        won_turns: float = 0.0,
    ) -> float:
        """The chance if something were different: other damage a turn, more HP, turns that one side loses."""
        own_turns = turns_to_win(self.own_per_turn if own_per_turn is None else own_per_turn, self.enemy.hp)
        pace = self.enemy_per_turn if enemy_per_turn is None else enemy_per_turn
        enemy_turns = turns_to_win(pace, max(0.0, self.own.hp + more_hp)) + won_turns
        first = FIRST_TURNS if self.acts_first else 0.0
        return win_chance(max(LEAST_TURNS, own_turns + lost_turns - first), enemy_turns)

    @property
    def is_in_danger(self) -> bool:
        """Whether the enemy's next move can end it."""
        return self.hardest_hit >= self.own.hp

    def knock_out_chance(self) -> float:
        """Rough chance that the best move ends it this turn."""
        return max((one.knock_out_chance(self.enemy.hp) for one in self.estimates.values()), default=0.0)


def duel(own: Fighter, enemy: Fighter, game: GameData, *, is_trainer: bool) -> Duel:
    """The numbers of `own` against `enemy` as they stand now."""
    moves = game.moves
    estimates = {
        slot: estimate(own, enemy, moves[number], game)
        for slot, (number, pp) in enumerate(zip(own.moves, own.pp, strict=True))
        if pp and number in moves
    }
    known = [moves[number] for number in enemy.moves if number in moves]
    answers = [estimate(enemy, own, move, game) for move in known]
    enemy_pace = _pace([one.expected for one in answers], is_trainer)
    sucked = [one.expected if drains(move) else 0.0 for one, move in zip(answers, known, strict=True)]
    healed = DRAINED_SHARE * _pace(sucked, is_trainer) * share_of_turns(enemy)
    best = max((one.expected for one in estimates.values()), default=0.0)
    dealt = best * share_of_turns(own)
    return Duel(
        own=own,
        enemy=enemy,
        estimates=estimates,
        own_per_turn=max(dealt - healed, LEAST_SHARE_DEALT * dealt) + ailing_loss(enemy),
        enemy_per_turn=enemy_pace * share_of_turns(enemy) + ailing_loss(own),
        hardest_hit=max((one.most for one in answers), default=0.0),
        acts_first=own.speed > enemy.speed,
    )


def _pace(damage: Sequence[float], is_trainer: bool) -> float:
    """HP a turn of an enemy whose moves do so much: the mean, of a trainer's half way to the most."""
    if not damage:
        return 0.0
    mean = sum(damage) / len(damage)
    return (mean + max(damage)) / 2 if is_trainer else mean


def drains(move: Move) -> bool:
    """Whether a move gives its user half of the damage that it does."""
    return move.effect.removeprefix(EFFECT_PREFIX) in DRAINING


def share_of_turns(fighter: Fighter) -> float:
    """Share of the turns in which its status lets a creature act; a sleeper's loss is spread over some turns."""
    if fighter.status & SLEEP:
        return 1 / (1 + 0.5 * (fighter.status & SLEEP))
    if fighter.status & FROZEN:
        return ACTS_WHEN_FROZEN
    return ACTS_WHEN_PARALYSED if fighter.status & PARALYSIS else 1.0


def ailing_loss(fighter: Fighter) -> float:
    """HP that poison or a burn takes a turn."""
    return AILING_SHARE * fighter.max_hp if fighter.status & (POISON | BURN) else 0.0


def fighter_of(member: PartyMember, game: GameData) -> Fighter:
    """How a creature of the party would stand in the fight, with nothing raised or lowered yet."""
    species = game.species.get(member.species)
    numbers = {name: number for number, name in game.types.items()}
    types = [numbers[name] for name in species.types if name in numbers] if species is not None else []
    types = types or [0]
    return Fighter(
        species=member.species,
        level=member.level,
        hp=member.hp,
        max_hp=member.max_hp,
        status=member.status,
        moves=member.moves,
        pp=member.pp,
        types=(types[0], types[-1]),
        attack=member.attack,
        defense=member.defense,
        speed=member.speed,
        special_attack=member.special_attack,
        special_defense=member.special_defense,
        stages=(0,) * 7,
    )


def after_a_hit(fight: Duel, hits: float = 1.0) -> Duel:
    """The same duel when the enemy has acted so many times more."""
    left = max(0, round(fight.own.hp - hits * fight.enemy_per_turn))
    return replace(fight, own=replace(fight.own, hp=left))

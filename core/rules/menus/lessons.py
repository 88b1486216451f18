"""Which move to give up for a new one.

When a creature that knows four moves could learn a fifth, the game asks. The new move is known from the creature's
learning list: the one of exactly its present level. A move is worth its power times its accuracy, more when it is of
the creature's own type; moves without power are worth little but not nothing. What counts above that is what a move
adds to the others: against which kinds of creatures it is the best of all five.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.game.facts import Move
from core.game.game_data import GameData
from core.game.menu import MenuState
from core.game.party import PartyMember
from core.game.state import GameState
from core.rules.fights.damage import SAME_TYPE_BONUS

MOVE_SLOTS = 4
WORTH_WITHOUT_POWER = 20.0
WORTH_BY_ITSELF = 0.15
"""Share of a move's own worth that counts beside what it adds to the others."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A creature with four moves and the one it could learn instead."""

    slot: int
    """Place in the party, from 0."""
    move: Move
    values: tuple[float, ...]
    """What the creature would lose with each known move, the new one learned; more than any for one that is kept."""
    value: float
    """What the new move is worth."""

    @property
    def weakest(self) -> int:
        """Place of the known move that is worth least."""
        return self.values.index(min(self.values))

    @property
    def is_worth_it(self) -> bool:
        return self.value > min(self.values)


def lesson_of(state: GameState, game: GameData) -> Lesson | None:
    """The lesson that the game can be speaking of now, the fighting creature's first; None when there is none."""
    slots = list(range(len(state.party)))
    if state.battle is not None and state.battle.active_slot in slots:
        slots.insert(0, state.battle.active_slot)
    for slot in slots:
        member = state.party[slot]
        move = _offered(member, game)
        if move is not None:
            known = [game.moves[number] for number in member.moves if number in game.moves]
            *values, value = worths([*known, move], member, game)
            kept, best = kept_moves(game), max((*values, value))
            values = [2 * best if one.id in kept else worth for one, worth in zip(known, values, strict=True)]
            return Lesson(slot, move, tuple(values), value) if values else None
    return None


def is_list_of_moves(menu: MenuState, member: PartyMember, game: GameData) -> bool:
    """Whether the menu lists this creature's moves and nothing else."""
    names = [game.moves[number].name.upper() for number in member.moves if number in game.moves]
    return [line.upper() for line in menu.items[: len(names)]] == names and len(menu.items) <= len(names) + 1


def move_value(move: Move, member: PartyMember, game: GameData) -> float:
    """What a move is worth to a creature, in power points that hit."""
    if not move.power:
        return WORTH_WITHOUT_POWER
    species = game.species.get(member.species)
    bonus = SAME_TYPE_BONUS if species is not None and move.type in species.types else 1.0
    return move.power * move.accuracy_percent / 100 * bonus


def worths(moves: list[Move], member: PartyMember, game: GameData) -> list[float]:
    """What is lost with each of several moves, on the mean over all kinds of creatures, and a little of its own."""
    alone = [move_value(one, member, game) for one in moves]
    kinds = {species.types for species in game.species.values()}
    lost = [0.0] * len(moves)
    for kind in kinds:
        against = [
            value * game.effectiveness(one.type, kind) if one.power else 0.0
            for value, one in zip(alone, moves, strict=True)
        ]
        best = max(range(len(moves)), key=against.__getitem__)
        second = max((value for place, value in enumerate(against) if place != best), default=0.0)
        lost[best] += (against[best] - second) / len(kinds)
    return [added + WORTH_BY_ITSELF * value for added, value in zip(lost, alone, strict=True)]


def kept_moves(game: GameData) -> frozenset[int]:
    """The moves that HMs teach: a game lets nobody forget them."""
    return frozenset(one.move for one in game.field_abilities if one.machine is not None and one.move is not None)


def weakest_to_forget(member: PartyMember, move: Move, game: GameData) -> int | None:
    """The place of the move to give up for a new one, never one that an HM taught; None where all are such."""
    kept = kept_moves(game)
    known = [game.moves[number] for number in member.moves if number in game.moves]
    lost = worths([*known, move], member, game)[: len(known)]
    free = [place for place, one in enumerate(known) if one.id not in kept]
    return min(free, key=lost.__getitem__, default=None)


def _offered(member: PartyMember, game: GameData) -> Move | None:
    species = game.species.get(member.species)
    if species is None or len(member.moves) < MOVE_SLOTS:
        return None
    keys = [key for level, key in species.learns if level == member.level]
    offered = (move for move in game.moves.values() if move.key in keys and move.id not in member.moves)
    return next(offered, None)

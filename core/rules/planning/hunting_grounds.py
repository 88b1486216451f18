"""Where a creature grows fastest: what the wild of each map is worth to it, in actions to a level.

A place is worth the experience of a fight there over the actions it takes to find one and to win it. Creatures much
weaker give almost nothing, stronger ones are lost against; so a lead moves on to the next road as it grows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.game.facts import GameMap
    from core.game.game_data import GameData
    from core.game.party import PartyMember

SLOT_WEIGHTS = (0.3, 0.3, 0.2, 0.1, 0.05, 0.04, 0.01)
"""Chances of a map's seven encounter slots."""
FIGHT_ACTIONS = 22
"""Actions of a fight against a wild creature of one's own strength."""
LEVELS_OF_A_FACTOR = 3
"""So many levels is it worth to deal twice, or take half, the damage by the creatures' types."""
SHARED_BY = 4
"""So many have their part in the experience where one changes places with another; and it takes turns, and hits."""
RISK_PER_LEVEL = 0.2
"""Share of the worth of a foe that is lost for every level that it has more than the lead."""
MOST_HUNTERS = 64
"""Creatures whose hunting grounds are kept."""
CAVES = ("CAVE", "DUNGEON")
"""Environments in which wild creatures appear everywhere."""
TIMES = ("morn", "day", "nite", "nite")
"""Keys of the encounter tables by the time of day."""


@dataclass(frozen=True, slots=True)
class Hunter:
    """The creature that wants to grow, as far as it matters here."""

    level: int
    types: tuple[str, ...]
    attacks: frozenset[str]
    """Types of its moves that do damage."""

    @classmethod
    def of(cls, member: PartyMember, game: GameData) -> Hunter:
        """The hunter that a creature of the party is."""
        species = game.species.get(member.species)
        moves = (game.moves[number] for number in member.moves if number in game.moves)
        attacks = frozenset(move.type for move in moves if move.power)
        return cls(member.level, species.types if species is not None else (), attacks)


@dataclass(frozen=True, slots=True)
class WildCreature:
    """One encounter slot."""

    level: int
    base_exp: int
    chance: float
    types: tuple[str, ...]

    def levels_ahead(self, hunter: Hunter, game: GameData) -> float:
        """How many levels it is stronger than the hunter, a factor of two in the types' favour being worth some."""
        given = max((game.effectiveness(kind, self.types) for kind in hunter.attacks), default=1.0)
        taken = max((game.effectiveness(kind, hunter.types) for kind in self.types), default=1.0)
        return self.level - hunter.level + LEVELS_OF_A_FACTOR * (_doublings(taken) - _doublings(given))


@dataclass(frozen=True, slots=True)
class HuntingGround:
    """The wild of one map at one time of day."""

    place: GameMap
    steps_to_meet: float
    creatures: tuple[WildCreature, ...]

    def actions_to_level(self, hunter: Hunter, wanted: int, game: GameData, helper: Hunter | None = None) -> float:
        """A guess of the actions that a hunter needs here to reach the level `wanted`.

        With a helper, who wins what the hunter cannot, the hunter has its share of that.
        """
        needed = max(1, wanted**3 - hunter.level**3)
        alone = self.experience(hunter, game)
        shared = 0.0 if helper is None else self.experience(helper, game) / SHARED_BY
        return needed / max(0.01, alone, shared) * (self.steps_to_meet + FIGHT_ACTIONS)

    def experience(self, hunter: Hunter, game: GameData) -> float:
        """Experience that a fight brings a hunter, fights that are lost or fled from considered."""
        total = 0.0
        for one in self.creatures:
            won = max(0.0, 1 - RISK_PER_LEVEL * max(0.0, one.levels_ahead(hunter, game)))
            total += one.chance * won * one.base_exp * one.level / 7
        return total


def _doublings(factor: float) -> float:
    """Powers of two in a damage factor; no damage at all counts as an eighth."""
    return log2(max(factor, 0.125))


def hunting_grounds(game: GameData, time_of_day: int) -> tuple[HuntingGround, ...]:
    """Every map with wild creatures on land, in the order of the data."""
    time = TIMES[time_of_day] if time_of_day < len(TIMES) else TIMES[1]
    grounds: list[HuntingGround] = []
    for place in game.maps.values():
        table = game.wild.get(place.key)
        if table is None:
            continue
        creatures = tuple(
            WildCreature(level, game.species[number].base_exp, chance, game.species[number].types)
            for (level, number), chance in zip(table.slots[time], SLOT_WEIGHTS, strict=False)
        )
        grounds.append(HuntingGround(place, 256 / max(1, table.rate_of_256[time]), creatures))
    return tuple(grounds)


class LevelWays:
    """Where the creatures of one game grow, and how long it takes; what was asked is kept."""

    def __init__(self, game: GameData) -> None:
        self._game = game
        self._grounds: dict[int, tuple[HuntingGround, ...]] = {}
        self._known: dict[tuple[Hunter, int, int, Hunter | None], tuple[tuple[float, str, GameMap], ...]] = {}

    def actions_to_level(
        self, hunter: Hunter, target: int, time_of_day: int, helper: Hunter | None = None
    ) -> Sequence[tuple[float, str, GameMap]]:
        """Of each hunting ground: a guess of the actions that a hunter needs there to reach a level, and its option."""
        question = (hunter, target, time_of_day, helper)
        known = self._known.get(question)
        if known is None:
            if len(self._known) >= MOST_HUNTERS:
                self._known.clear()
            if time_of_day not in self._grounds:
                self._grounds[time_of_day] = hunting_grounds(self._game, time_of_day)
            grounds = self._grounds[time_of_day]
            actions = (one.actions_to_level(hunter, target, self._game, helper) for one in grounds)
            named = zip(actions, grounds, strict=True)
            known = tuple((actions, f"train:{one.place.key}", one.place) for actions, one in named)
            self._known[question] = known
        return known

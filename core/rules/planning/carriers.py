"""Who carries the party: the creature that stands in front, fights for all and gets most of the experience.

Levels alone are a poor measure: of two creatures of about the same level the one of the stronger kind will be far
ahead later, and every level that the other one gets is lost to it. So levels are weighed by the base stats of the kind,
as it is and as it will be when it has grown (`promise_of`).
"""

from __future__ import annotations

from functools import lru_cache
from math import sqrt
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from core.game.game_data import GameData
    from core.game.party import PartyMember
    from core.game.state import GameState
    from core.rules.planning.lane_memory import LaneMemory

CLEARLY_AHEAD_LEVELS: Final = 2
"""So many levels of the first somebody else must be ahead to take its place."""
KINDS_KEPT: Final = 1024
"""Kinds whose promise is remembered."""


@lru_cache(maxsize=KINDS_KEPT)
def promise_of(species: int, game: GameData) -> float:
    """How strong a kind is: the mean (geometric) of the sums of its base stats, now and fully grown; 1 where unknown.

    A weak kind that becomes a strong one is between the two: it has to be carried until then.
    """
    known = game.species.get(species)
    if known is None:
        return 1.0
    grown, seen = known, {species}
    while ahead := [to for _, to in grown.evolves if to in game.species and to not in seen]:
        grown = game.species[ahead[0]]
        seen.add(ahead[0])
    return sqrt(sum(known.base_stats.values()) * sum(grown.base_stats.values()))


def strength_of(level: int, species: int, game: GameData) -> float:
    """To compare creatures of a party: the level, weighed by what the kind promises."""
    return level * promise_of(species, game)


def strongest(state: GameState) -> PartyMember | None:
    """The creature that carries the party: the first, unless another is clearly ahead of it. None without any."""
    members = [one for one in state.party if not one.is_egg]
    if not members:
        return None
    first, game = members[0], state.game
    best = max(members, key=lambda one: strength_of(one.level, one.species, game))
    margin = strength_of(CLEARLY_AHEAD_LEVELS, first.species, game)
    ahead = strength_of(best.level, best.species, game) - strength_of(first.level, first.species, game)
    return best if ahead >= margin else first


def carrier(state: GameState, memory: LaneMemory) -> PartyMember | None:
    """Who stands in front: whom a remedy makes grow, else the strongest."""
    grower = None if memory.remedy is None else memory.remedy.grower(state)
    return strongest(state) if grower is None else grower

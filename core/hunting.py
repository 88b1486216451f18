"""Where a creature grows fastest: what the wild of each map is worth to it, in actions to a level.

A place is worth the experience of a fight there over the actions it takes to find one and to win it. Creatures much
weaker give almost nothing, stronger ones are lost against; so a lead moves on to the next road as it grows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.game.world import GameMap, World

SLOT_WEIGHTS = (0.3, 0.3, 0.2, 0.1, 0.05, 0.04, 0.01)
"""Chances of a map's seven encounter slots."""
FIGHT_ACTIONS = 22
"""Actions of a fight against a wild creature of one's own strength."""
RISK_PER_LEVEL = 0.2
"""Share of the worth of a foe that is lost for every level that it has more than the lead."""
TIMES = ("morn", "day", "nite", "nite")
"""Keys of the encounter tables by the time of day."""


@dataclass(frozen=True, slots=True)
class WildCreature:
    """One encounter slot."""

    level: int
    base_exp: int
    chance: float


@dataclass(frozen=True, slots=True)
class HuntingGround:
    """The wild of one map at one time of day."""

    place: GameMap
    steps_to_meet: float
    creatures: tuple[WildCreature, ...]

    def actions_to_level(self, level: int, wanted: int) -> float:
        """A guess of the actions that a lead of `level` needs here to reach `wanted`."""
        needed = max(1, wanted**3 - level**3)
        return needed / max(0.01, self.experience(level)) * (self.steps_to_meet + FIGHT_ACTIONS)

    def experience(self, level: int) -> float:
        """Experience that a fight brings a lead of this level, lost fights considered."""
        return sum(
            one.chance * one.base_exp * one.level / 7 * max(0.0, 1 - RISK_PER_LEVEL * max(0, one.level - level))
            for one in self.creatures
        )


def hunting_grounds(world: World, time_of_day: int) -> tuple[HuntingGround, ...]:
    """Every map with wild creatures on land, in the order of the data."""
    yields = {one.name.upper().replace(" ", "_"): one.base_exp for one in world.species.values()}
    time = TIMES[time_of_day] if time_of_day < len(TIMES) else TIMES[1]
    grounds = []
    for place in world.maps.values():
        row = world.wild.get(place.key, {})
        table = row.get("grass") or row  # Crystal's data keep land and water apart
        if time in table:
            grounds.append(HuntingGround(place, _steps_to_meet(table, time), _creatures(table[time], yields)))
    return tuple(grounds)


def _steps_to_meet(table: Mapping[str, Any], time: str) -> float:
    """The data give the rate in 256 or in 100 steps."""
    if "rate_pct" in table:
        return 100 / max(1, table["rate_pct"][time])
    return 256 / max(1, table["rate_of_256"][time])


def _creatures(slots: Sequence[tuple[int, str]], yields: Mapping[str, int]) -> tuple[WildCreature, ...]:
    return tuple(
        WildCreature(level, yields.get(species, 0), chance)
        for (level, species), chance in zip(slots, SLOT_WEIGHTS, strict=False)
    )

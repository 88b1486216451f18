"""Whether a wild creature would be good company."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.game.state import GameState
    from core.game.world import World

ENOUGH_CREATURES = 3
"""Smaller parties want company: balls are thrown at creatures that the party lacks."""


class Company:
    """Judges creatures for one game."""

    def __init__(self, world: World) -> None:
        self._world = world

    def wants(self, state: GameState, species: int, level: int) -> bool:
        """Whether the party would be better with a creature of this species and level."""
        return len(state.party) < ENOUGH_CREATURES and all(one.species != species for one in state.party)

"""What is known of a fight that was lost or is to come, and what is done before it is tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.game.party import PartyMember
    from core.game.state import GameState
    from core.vocabulary import MapId, TeachMove

Creature = tuple[int, int]
"""(level, species id)."""


@dataclass(frozen=True, slots=True)
class LostFight:
    """A trainer's fight that was lost, or that is to come and likely to be lost."""

    foes: tuple[Creature, ...]
    """The trainer's creatures, in the order of coming out."""
    times: int
    """How often it was lost in a row; 0 of one that is to come."""
    place: MapId | None = None
    """Where it was lost, if anywhere."""


@dataclass(frozen=True, slots=True)
class FightRemedy:
    """Somebody grows, is caught, or is taught; with no species nothing is done but to try again."""

    species: frozenset[int] = frozenset()
    """Who grows or is caught, and what it becomes by growing."""
    level: int = 0
    """Up to which it grows; 0: not at all."""
    catches: int = 0
    """The least level at which somebody of the species is to be caught first; 0: nobody is."""
    lesson: TeachMove | None = None
    """A machine's move to teach first."""
    until_step: int = 0
    """The lane's step at which it has taken too long: then the fight is tried as things are."""

    def is_grower(self, member: PartyMember) -> bool:
        """Whether this creature is meant to grow and has not yet."""
        return member.species in self.species and not member.is_egg and member.level < self.level

    def grower(self, state: GameState) -> PartyMember | None:
        """Whom it makes grow now: the strongest of its kind; None where nobody is to grow."""
        kin = [one for one in state.party if one.species in self.species and not one.is_egg]
        best = max(kin, key=lambda one: one.level, default=None)
        return best if best is not None and self.is_grower(best) else None

    def lacks_somebody(self, state: GameState) -> bool:
        """Whether somebody is still to be caught."""
        kin = (one for one in state.party if one.species in self.species and not one.is_egg)
        return self.catches > 0 and all(one.level < self.catches for one in kin)

    def would_catch(self, species: int, level: int, state: GameState) -> bool:
        """Whether a creature that is met is one to be caught."""
        return species in self.species and level >= self.catches and self.lacks_somebody(state)

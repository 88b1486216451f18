"""What the player can do to the ground: ride over water, cut small trees.

In Fernvale an item carries the player over water; in Crystal a creature does, once the badge allows it. The data say
which: an item's effect, a move's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from core.game.state import GameState

RAFT_EFFECT = "RAFT"
SURF_BADGE, CUT_BADGE = 1 << 3, 1 << 1
"""Bits of wJohtoBadges that allow the two moves outside battle: the fourth and the second badge."""


class FieldAbilities(NamedTuple):
    """Which obstacles of the ground are none."""

    can_surf: bool = False
    can_cut: bool = False


def abilities_of(state: GameState) -> FieldAbilities:
    """What the player can do in this state."""
    game = state.game
    rides = any(game.items[slot.item].effect == RAFT_EFFECT for slot in state.key_items if slot.item in game.items)
    known = {game.moves[number].key for one in state.party for number in one.moves if number in game.moves}
    badges = state.johto_badges
    return FieldAbilities(
        can_surf=state.is_surfing or rides or ("SURF" in known and bool(badges & SURF_BADGE)),
        can_cut="CUT" in known and bool(badges & CUT_BADGE),
    )

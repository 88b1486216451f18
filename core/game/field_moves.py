"""What the player can do to the ground: ride over water and up falls, cut small trees, push boulders.

In one game an item carries the player over water, in another a creature does, once a badge allows it. The game's data
say which (`GameData.field_abilities`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from core.game.facts import FieldAbility
    from core.game.state import GameState


class FieldAbilities(NamedTuple):
    """Which obstacles of the ground are none."""

    can_surf: bool = False
    can_cut: bool = False
    can_whirlpool: bool = False
    """Make whirlpools smooth, while riding."""
    can_waterfall: bool = False
    """Climb waterfalls, while riding."""
    can_push: bool = False
    """Push boulders."""
    can_flash: bool = False
    """Light up dark caves."""
    can_fly: bool = False
    """Fly to towns where one has been."""


def abilities_of(state: GameState) -> FieldAbilities:
    """What the player can do in this state."""
    able = {one.ability for one in state.game.field_abilities if _is_given(one, state)}
    return FieldAbilities(
        can_surf=state.is_surfing or "surf" in able,
        can_cut="cut" in able,
        can_whirlpool="whirlpool" in able,
        can_waterfall="waterfall" in able,
        can_push="strength" in able,
        can_flash="flash" in able,
        can_fly="fly" in able,
    )


def _is_given(ability: FieldAbility, state: GameState) -> bool:
    if ability.item is not None:
        return any(slot.item == ability.item for slot in state.key_items)
    if ability.badge is not None:
        place, mask = ability.badge
        if not state.snapshot.data[place] & mask:
            return False
    return any(ability.move in one.moves for one in state.party)

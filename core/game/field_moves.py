"""What the player can do to the ground: ride over water and up falls, cut small trees, push boulders.

In one game an item carries the player over water, in another a creature does, once a badge allows it. The game's data
say which (`GameData.field_abilities`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from core.game.facts import FieldAbility, FlyPlace
    from core.game.state import GameState


DARKNESS: Final = "wTimeOfDayPalset"
DARK: Final = 0xFF
VISITED: Final = "wVisitedSpawns"


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


def user_of(ability: str, state: GameState) -> tuple[int, int] | None:
    """The move for an ability and the place in the party (from 0) of the first who knows it; None where nobody can."""
    for one in state.game.field_abilities:
        if one.ability == ability and one.move is not None and _is_given(one, state):
            return one.move, next(slot for slot, member in enumerate(state.party) if one.move in member.moves)
    return None


def is_dark(state: GameState) -> bool:
    """Whether nothing is seen here without a light."""
    return DARKNESS in state.game.layout.symbols and state.byte(DARKNESS) == DARK


def was_visited(place: FlyPlace, state: GameState) -> bool:
    """Whether one can fly there, as far as the place is concerned."""
    at = state.game.layout.index(VISITED) + place.visited // 8
    return bool(state.snapshot.data[at] >> place.visited % 8 & 1)

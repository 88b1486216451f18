"""Somebody for a move that nobody in the party can learn: which kinds can, where they live, what catches them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from core.rules.planning.goals import GoalKind, PlannedGoal
from core.rules.planning.machines import lesson_for
from core.rules.planning.sightings import Sightings
from core.vocabulary import MapId

if TYPE_CHECKING:
    from core.game.game_data import GameData
    from core.game.state import GameState
    from core.rules.planning.lane_memory import LaneMemory

MOST_PALS: Final = 6
"""With so many in the party whoever is caught goes to the box, where a move is of no use."""
GIFTS: Final = 1
"""Places of the party kept free for who is given: an egg, somebody's pal."""
KINDS_KEPT: Final = 256
"""Parties whose free places are remembered."""


class Learners:
    """The search in one game."""

    def __init__(self, game: GameData) -> None:
        self._game = game
        self._sightings = Sightings(game)

    def goals(
        self, move_key: str, state: GameState, memory: LaneMemory, distances: Mapping[MapId, int]
    ) -> Iterator[PlannedGoal]:
        """To meet somebody who can learn a move, or to buy first what catches; nothing where the party is full."""
        kinds = learners_of(move_key, self._game)
        if not kinds or len(state.party) >= MOST_PALS:
            return
        if not state.balls:
            option = self._sightings.purchase("somebody who can learn a move", state, distances)
        else:
            sighting = self._sightings.soonest(kinds, state, distances)
            whom = f"somebody who can learn {move_key.replace('_', ' ')}"
            option = None if sighting is None else self._sightings.hunt(sighting, move_key, whom)
        if option is not None and not memory.is_abandoned(option.key):
            yield PlannedGoal(GoalKind.STORY, option.label, option)


def learners_of(move_key: str, game: GameData) -> frozenset[int]:
    """The kinds that can learn a move from its machine."""
    moves = {one.machine: game.moves[one.move].key for one in game.field_abilities if one.move is not None}
    machines = (machine for machine, key in moves.items() if machine is not None and key == move_key)
    return frozenset(kind for machine in machines for kind in game.learners.get(machine, frozenset[int]()))


def could_learn_what_nobody_can(species: int, state: GameState, game: GameData) -> bool:
    """Whether a kind can learn a move of the way that nobody in the party knows or can learn.

    Its machine is in the bag; or one of the badges is won that such moves need, so that the way will ask for it, and a
    place stays free for a gift: whoever is caught in passing need not be looked for later.
    """
    owned = {item for item, place in game.machine_places.items() if state.snapshot.data[place]}
    is_asked_for = len(state.party) + 1 + GIFTS <= MOST_PALS and _moves_are_allowed(state, game)
    for ability in game.field_abilities:
        if ability.machine is None or ability.move is None or species not in game.learners.get(ability.machine, ()):
            continue
        machine = next(one.id for one in game.items.values() if one.key == ability.machine)
        known = any(ability.move in member.moves for member in state.party)
        if (
            (machine in owned or is_asked_for)
            and not known
            and lesson_for(game.moves[ability.move].key, state, game) is None
        ):
            return True
    return False


def _moves_are_allowed(state: GameState, game: GameData) -> bool:
    """Whether a badge is won that a move of the way needs."""
    badges = (ability.badge for ability in game.field_abilities if ability.move is not None)
    return any(badge is not None and state.snapshot.data[badge[0]] & badge[1] for badge in badges)


@lru_cache(maxsize=KINDS_KEPT)
def places_kept(kinds: frozenset[int], game: GameData) -> int:
    """How many places of the party stay free for what the way may ask for, beside these kinds; 0 without machines.

    One for a gift, and as many as it takes to have somebody for each move that is used on the way: the wild kind that
    can learn most of what is still missing is counted first.
    """
    machines = [one.machine for one in game.field_abilities if one.machine is not None]
    if not machines:
        return 0
    tables = (table for table in game.wild.values() if table is not None)
    wild = frozenset(kind for table in tables for slots in table.slots.values() for _, kind in slots)
    able = {machine: game.learners.get(machine, frozenset[int]()) for machine in machines}
    missing = {machine for machine in machines if able[machine] & wild and able[machine].isdisjoint(kinds)}
    count = GIFTS
    while missing:
        most = max(sorted(wild), key=lambda kind: sum(kind in able[machine] for machine in missing))
        missing = {machine for machine in missing if most not in able[machine]}
        count += 1
    return count

"""What of a game's story is true in a state: the facts of `core.game.story.deeds`, read from RAM."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from operator import itemgetter
from typing import Final

from core.game.facts import MAIN_AREA, Preconditions
from core.game.field_moves import VISITED, was_visited
from core.game.game_data import GameData
from core.game.state import GameState
from core.game.story.deeds import Fact, facts_of
from core.vocabulary import MapId

Test = Callable[[GameState], bool]
CALL: Final = "wSpecialPhoneCallID"
"""Which phone call of the story is to come; 0 for none."""


class PresentFacts:
    """Reads facts from states of one game. A fact that RAM does not show is false."""

    def __init__(self, game: GameData) -> None:
        self._game = game
        self._items = {one.key: one for one in game.items.values()}
        self._has: dict[str, Test] = {}
        self._scenes = {one.id: one.scene_symbol for one in game.maps.values() if one.scene_symbol is not None}
        self._moves = {game.moves[one.move].key: one.move for one in game.field_abilities if one.move is not None}
        layout = game.layout
        single = [symbol for symbol in (*self._scenes.values(), CALL) if symbol in layout.symbols]
        flags = (one for one in game.engine_flags.values() if one is not None)
        watched = {layout.index(symbol) for symbol in single}
        watched |= {layout.index(one.symbol) + one.offset for one in flags}
        watched |= set(game.machine_places.values())
        if game.fly_places:
            first, end = layout.span(VISITED)
            watched |= set(range(first, end))
        self._watched: Callable[[bytes], Hashable] = itemgetter(*sorted(watched)) if watched else lambda data: ()

    def __reduce__(self) -> tuple[type[PresentFacts], tuple[GameData]]:
        return PresentFacts, (self._game,)

    def signature(self, state: GameState) -> tuple[object, ...]:
        """What the facts hang on: where it is equal, so are they, but for the place."""
        had = state.possessions
        return had.event_flags, self._watched(state.snapshot.data), had.item_kinds, had.known_moves

    def holds(self, fact: Fact, state: GameState, area: str) -> bool:
        """Whether a fact is true, for a player in `area` of the state's map."""
        match fact.kind:
            case "has":
                return self._test(str(fact.about))(state)
            case "lacks":
                return not self._test(str(fact.about))(state)
            case "scene" if isinstance(fact.about, MapId):
                symbol = self._scenes.get(fact.about)
                return fact.value == (state.byte(symbol) if symbol is not None else 0)
            case "at":
                return (fact.about, fact.value) == (state.map_id, area)
            case "in":
                return fact.about == state.map_id
            case "badges":
                return isinstance(fact.value, int) and state.badge_count >= fact.value
            case "move":
                return any(self._moves.get(str(fact.about)) in member.moves for member in state.party)
            case "visited":
                return any(was_visited(place, state) for place in self._game.fly_places if place.map == fact.about)
            case "call":
                return CALL in self._game.layout.symbols and state.byte(CALL) != 0
            case _:
                return False

    def meets(self, needs: Preconditions, state: GameState) -> bool:
        """Whether all of these hold."""
        fewest, most = needs.badges
        facts = (self.holds(fact, state, MAIN_AREA) for fact in facts_of(needs))
        return fewest <= state.badge_count <= most and all(facts)

    def _test(self, name: str) -> Test:
        if name not in self._has:
            self._has[name] = self._made_test(name)
        return self._has[name]

    def _made_test(self, name: str) -> Test:
        if (flag := self._game.event_flags.get(name)) is not None:
            index = flag.index
            return lambda state: state.has_flag(index)
        if (item := self._items.get(name)) is not None:
            return self._item_test(item.id)
        place = self._game.engine_flags.get(name)
        if place is None:
            return lambda state: False
        at, mask = self._game.layout.index(place.symbol) + place.offset, place.mask
        return lambda state: bool(state.snapshot.data[at] & mask)

    def _item_test(self, number: int) -> Test:
        at = self._game.machine_places.get(number)
        if at is not None:
            return lambda state: bool(state.snapshot.data[at])
        return lambda state: any(slot.item == number for slot in (*state.items, *state.key_items, *state.balls))

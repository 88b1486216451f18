"""The radio in Crystal's Pokegear: its card is opened and the knob turned; the station plays on when all is closed.

It plays until the map or a fight brings music of its own, which RAM shows by numbers that the data do not know. So
whoever has tuned it remembers where (`LaneMemory.tuned`).
"""

from __future__ import annotations

from typing import Final

from core.game.game_data import GameData
from core.game.state import GameState
from core.vocabulary import Button, GameMode, MapId, TuneRadio

GEAR_LINE: Final = 7
"""What `GameState.start_menu_lines` calls the line of the START menu that leads to the Pokegear."""
CARD: Final = "wPokegearCard"
KNOB: Final = "wRadioTuningKnob"
CARDS_OWNED: Final = "wPokegearFlags"
RADIO_CARD: Final = 3
OWNS_RADIO: Final = 1 << 1


class Radio:
    """Reads and turns one game's radio. A game whose layout does not name its knob has none."""

    def __init__(self, game: GameData) -> None:
        names, layout = (CARD, KNOB, CARDS_OWNED), game.layout
        has_one = all(name in layout.symbols for name in names)
        self._places = tuple(layout.index(name) for name in names) if has_one else None
        self._maps = game.maps

    def is_owned(self, state: GameState) -> bool:
        """Whether the Pokegear has a radio."""
        return self._places is not None and bool(state.snapshot.data[self._places[2]] & OWNS_RADIO)

    def tuning_for(self, state: GameState, person: int | None, tuned: tuple[MapId, int] | None) -> TuneRadio | None:
        """What must be tuned in before a talk to `person` (its number on the map); None where nothing need be, or the
        radio is tuned already (map and knob)."""
        here = self._maps[state.map_id]
        knob = next((one.radio for one in here.objects if one.id == person), None)
        if knob is None or not self.is_owned(state) or tuned == (state.map_id, knob):
            return None
        return TuneRadio(knob)

    def press(self, state: GameState, knob: int) -> Button | None:
        """The press toward that place of the knob, B when it stands there; None where no open Pokegear can be."""
        if self._places is None or state.mode is not GameMode.MENU or state.menu is not None:
            return None
        data = state.snapshot.data
        card, at, owned = (data[place] for place in self._places)
        if not owned & OWNS_RADIO:
            return Button.B
        if card != RADIO_CARD:
            return Button.RIGHT
        return Button.B if at == knob else Button.UP if at < knob else Button.DOWN

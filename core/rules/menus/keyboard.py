"""The keyboard on which Crystal asks for a name: leave it with the name that the game itself proposes.

B only deletes and A types, so nothing but END leads out: START puts the cursor there, A ends. A name left empty becomes
the game's own (the rival's is SILVER). Where the cursor stands is no arrow of the screen but a sprite's record in RAM.
"""

from __future__ import annotations

from typing import Final

from core.game.files.layout import RamLayout
from core.game.menu import shows_keyboard
from core.game.ram import WRAM_SIZE, WRAM_START
from core.game.state import GameState
from core.vocabulary import Button, GameMode

CURSOR_POINTER: Final = "wNamingScreenCursorObjectPointer"
NAME_KIND: Final = "wNamingScreenType"
BOX_NAME: Final = 4
"""The kind of name whose keyboard has one row more."""
COLUMN, ROW = 12, 13
"""Offsets in the cursor's record."""
END_COLUMN, BOTTOM_ROW = 6, 4
"""END takes columns 6 to 8 of the bottom row."""


class Keyboard:
    """Reads and answers one game's keyboard. A game whose layout does not name its cursor has none."""

    def __init__(self, layout: RamLayout) -> None:
        self._pointer = layout.index(CURSOR_POINTER) if CURSOR_POINTER in layout.symbols else None
        self._kind = layout.index(NAME_KIND) if NAME_KIND in layout.symbols else None

    def press(self, state: GameState) -> Button | None:
        """The press that leads out of the keyboard; None when none is on the screen."""
        if state.mode is not GameMode.MENU or state.menu is not None or self._pointer is None:
            return None
        if not shows_keyboard(state.screen_lines):
            return None
        return Button.A if self._is_on_end(state.snapshot.data, self._pointer) else Button.START

    def _is_on_end(self, data: bytes, pointer: int) -> bool:
        record = int.from_bytes(data[pointer : pointer + 2], "little") - WRAM_START
        if not 0 <= record < WRAM_SIZE - ROW:
            return False
        bottom = BOTTOM_ROW + (self._kind is not None and data[self._kind] == BOX_NAME)
        return data[record + ROW] == bottom and data[record + COLUMN] >= END_COLUMN

"""The keyboard on which a name is typed letter by letter: leave it empty, or type the name that the user wants.

START puts the cursor on END, A ends; A elsewhere types and B deletes. A name left empty becomes the game's own (in
Crystal the rival's is SILVER). Where the cursor stands is no arrow of the screen but a sprite's record in RAM; the
letters are read from the screen, and what has been typed from the name in RAM, so that each press follows from the
state alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.game.game_data import GameData
from core.game.menu import shows_keyboard
from core.game.ram import WRAM_SIZE, WRAM_START
from core.game.state import GameState
from core.rules.menus.typed_names import NO_NAMES, TypedNames
from core.vocabulary import Button, GameMode

CURSOR_POINTER: Final = "wNamingScreenCursorObjectPointer"
NAME_KIND: Final = "wNamingScreenType"
NAME_POINTER: Final = "wNamingScreenDestinationPointer"
NAME_LENGTH: Final = "wNamingScreenCurNameLength"
BOX_NAME: Final = 4
"""The kind of name whose keyboard has one row more."""
COLUMN, ROW = 12, 13
"""Offsets in the cursor's record."""
END_COLUMN, BOTTOM_ROW = 6, 4
"""END takes columns 6 to 8 of the bottom row."""
CASE_COLUMNS: Final = 3
"""The cell that changes between capitals and small letters takes columns 0 to 2 of the bottom row."""
COLUMNS: Final = 9
KEYS: Final = ("DEL", "END")
"""What the line of the bottom row says."""
FIRST_LETTER_CELL: Final = 2
"""Screen column of the first letter; the others follow at every second cell."""


@dataclass(frozen=True, slots=True)
class _Cursor:
    column: int
    row: int
    bottom: int
    """The row of the case, DEL and END."""

    @property
    def is_on_end(self) -> bool:
        return self.row == self.bottom and self.column >= END_COLUMN


class Keyboard:
    """Reads and answers one game's keyboard. A game whose layout does not name its cursor has none."""

    def __init__(self, game: GameData, names: TypedNames = NO_NAMES) -> None:
        layout = game.layout
        self._characters, self._names = game.characters, names
        has_one = all(name in layout.symbols for name in (CURSOR_POINTER, NAME_KIND, NAME_POINTER, NAME_LENGTH))
        self._places = (
            tuple(layout.index(name) for name in (CURSOR_POINTER, NAME_KIND, NAME_POINTER, NAME_LENGTH))
            if has_one
            else None
        )

    def wanted(self, state: GameState) -> str | None:
        """The name to type on the keyboard that is on the screen; None where the game's own shall stand."""
        return None if self._places is None else self._names.of_kind(state.snapshot.data[self._places[1]])

    def press(self, state: GameState) -> Button | None:
        """The press that types the wanted name and leads out of the keyboard; None when none is on the screen."""
        if state.mode not in (GameMode.MENU, GameMode.BATTLE) or state.menu is not None or self._places is None:
            return None  # who is caught is named before the fight is over
        if not shows_keyboard(state.screen_lines):
            return None
        data, cursor = state.snapshot.data, self._cursor(state.snapshot.data)
        name = self.wanted(state)
        if name is None or cursor is None:
            return Button.A if cursor is not None and cursor.is_on_end else Button.START
        typed = self._typed(data)
        if not name.startswith(typed):
            return Button.B
        if typed == name:
            return Button.A if cursor.is_on_end else Button.START
        return _toward_letter(cursor, name[len(typed)], state.screen_lines)

    def _cursor(self, data: bytes) -> _Cursor | None:
        """Where the cursor stands; None where its record is no place in RAM."""
        assert self._places is not None
        pointer, kind, _, _ = self._places
        record = _address(data, pointer)
        if not 0 <= record < WRAM_SIZE - ROW:
            return None
        return _Cursor(data[record + COLUMN], data[record + ROW], BOTTOM_ROW + (data[kind] == BOX_NAME))

    def _typed(self, data: bytes) -> str:
        """The letters so far, blanks included."""
        assert self._places is not None
        _, _, pointer, length = self._places
        start = _address(data, pointer)
        codes = data[start : start + data[length]] if 0 <= start < WRAM_SIZE else b""
        return "".join(self._characters.name(bytes((code,))) or " " for code in codes)


def _address(data: bytes, place: int) -> int:
    """Where in a snapshot the address at `place` leads; outside of it for an address that is none of WRAM's."""
    return int.from_bytes(data[place : place + 2], "little") - WRAM_START


def _toward_letter(cursor: _Cursor, letter: str, screen: tuple[str, ...]) -> Button:
    """The press toward a letter, A on it; toward the other case where this one does not have it."""
    bottom_line = next(y for y, line in enumerate(screen) if all(word in line for word in KEYS))
    for row in range(cursor.bottom):
        line = screen[bottom_line - 2 * (cursor.bottom - row)]
        for column in range(COLUMNS):
            if line[FIRST_LETTER_CELL + 2 * column] == letter:
                return _toward_key(cursor, column, row)
    if cursor.row != cursor.bottom:
        return Button.DOWN
    return Button.A if cursor.column < CASE_COLUMNS else Button.LEFT


def _toward_key(cursor: _Cursor, column: int, row: int) -> Button:
    """First the row, as the bottom row knows only three columns, then the column the short way round."""
    if cursor.row != row:
        return Button.UP if cursor.row > row else Button.DOWN
    if cursor.column != column:
        return Button.RIGHT if (column - cursor.column) % COLUMNS <= COLUMNS // 2 else Button.LEFT
    return Button.A

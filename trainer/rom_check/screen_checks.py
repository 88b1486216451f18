"""Screens: a menu's cursor goes where it should, and every letter of a text is known."""

from __future__ import annotations

from typing import Final

from core.game.game_data import GameData
from core.game.menu import ARRANGEMENT, MenuState
from core.game.state import GameState
from core.game.text import SCREEN_COLUMNS
from core.rules.menus.shopping import asked_quantity
from core.vocabulary import Button, GameMode
from trainer.rom_check.game_check import Camera, GameCheck
from trainer.rom_check.moments import Press

MOVES: Final = {Button.UP: (-1, 0), Button.DOWN: (1, 0), Button.LEFT: (0, -1), Button.RIGHT: (0, 1)}
"""Change of (row, column) of a cursor."""
TEXT_ROWS: Final = range(13, 17)
TEXT_COLUMNS: Final = range(1, 19)
"""Cells of the screen in which the lines of an open text stand."""
FIRST_LETTER: Final = 0x80
MOST_UNKNOWN: Final = 0.02
"""Of the letters of one text; a name may have a rare sign."""


class MenuCheck(GameCheck):
    """Cursors."""

    name = "menus"
    about = "a direction moves a menu's cursor to the next place"

    def on_press(self, press: Press) -> None:
        before, after = press.before.menu, press.after.menu
        if press.button not in MOVES or before is None or after is None or not _is_same(before, after):
            return
        rows, columns = MOVES[press.button]
        row, column = before.cursor_row + rows, before.cursor_column + columns
        if not (0 <= row < before.rows and 0 <= column < before.columns):
            return  # at its end a menu stays, turns over or scrolls, as it likes
        if asked_quantity(press.before) is not None:
            return  # the arrow of the list still stands, and the number in the box listens
        places = f"of {before.rows} x {before.columns}"
        believed = f"{press.button.name} in a {before.kind.value} menu: the cursor goes to ({row}, {column}) {places}"
        seen = f"from ({before.cursor_row}, {before.cursor_column}) to ({after.cursor_row}, {after.cursor_column})"
        holds = (after.cursor_row, after.cursor_column) == (row, column)
        self.judge(holds, press, press.after, believed, seen, "wCursorCurrentTile", *ARRANGEMENT)


def _is_same(one: MenuState, other: MenuState) -> bool:
    """Whether two menus differ in nothing but their cursors."""
    return (one.kind, one.rows, one.columns, one.items, one.full_screen) == (
        other.kind,
        other.rows,
        other.columns,
        other.items,
        other.full_screen,
    )


class TextCheck(GameCheck):
    """Letters."""

    name = "texts"
    about = "the letters of open texts are known (at most 1 in 50 is not)"

    def __init__(self, game: GameData, camera: Camera) -> None:
        super().__init__(game, camera)
        self._last = b""

    def on_press(self, press: Press) -> None:
        state = press.after
        if press.is_trial or state.mode not in (GameMode.DIALOG, GameMode.BATTLE) or not state.waits_for_button:
            return
        cells = _letters(state)
        codes = bytes(code for _, code in cells)
        if codes == self._last or not codes:
            return
        self._last = codes
        shown = state.screen_lines
        unknown = [(cell, code) for cell, code in cells if shown[cell // SCREEN_COLUMNS][cell % SCREEN_COLUMNS] == " "]
        if len(unknown) <= MOST_UNKNOWN * len(codes):
            self.agree()
            return
        named = ", ".join(sorted({f"{code:02X}" for _, code in unknown})[:8])
        believed = f"at most {MOST_UNKNOWN:.0%} of the letters of a text are unknown"
        seen = f"{len(unknown)} of {len(codes)} letters have an unknown code: {named}"
        self.disagree(press, state, believed, seen, "wTextboxFlags")


def _letters(state: GameState) -> list[tuple[int, int]]:
    """(cell of the screen, code) of what is written in the box of texts."""
    data, start = state.snapshot.data, state.rom.modes.tilemap
    cells = (row * SCREEN_COLUMNS + column for row in TEXT_ROWS for column in TEXT_COLUMNS)
    return [(cell, data[start + cell]) for cell in cells if data[start + cell] >= FIRST_LETTER]

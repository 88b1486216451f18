"""The menu that listens now: which kind it is, where its cursor stands and what its lines say.

A menu listens exactly while the arrow tile is at the cell that wCursorCurrentTile points to. The kind follows from
where the menu draws its cursor, which is fixed in both games.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from core.game.files.layout import RamLayout
from core.game.mode import ModeReader
from core.game.text import BOX_TOP_LEFT, SCREEN_COLUMNS, CharacterSet

ARRANGEMENT: Final = (
    "w2DMenuCursorInitY",
    "w2DMenuCursorInitX",
    "w2DMenuNumRows",
    "w2DMenuNumCols",
    "w2DMenuCursorOffsets",
)
"""What tells how a menu is laid out: the first place of its cursor, its rows and columns, and the steps between."""
MOVE_BOX_CELL: Final = 12 * SCREEN_COLUMNS + 4
"""The cell of the screen at which the box of moves begins."""
TEXT_BOX_LINE: Final = 12
"""The first line of the text box."""
MAX_LINES: Final = 10
MENUS_KEPT: Final = 512
KEYBOARD_WORDS: Final = ("DEL", "END")
"""What the last lines of the screen say while a name is asked for letter by letter."""


CLOCK_LINE: Final = re.compile(r"\b\d\d? *(o'clock|min\.)")
"""What stands above the text box while a clock is set."""


class MenuKind(StrEnum):
    """What answers the menu takes."""

    BATTLE_MAIN = "battle_main"
    """FIGHT and creatures above, bag and RUN below; B does nothing."""
    BATTLE_MOVES = "battle_moves"
    YES_NO = "yes_no"
    """YES above NO; B means NO."""
    START_MENU = "start_menu"
    LIST = "list"
    """Any other list of lines."""


@dataclass(frozen=True, slots=True)
class MenuState:
    """A menu that waits for a button. Rows and columns count from 0."""

    kind: MenuKind
    cursor_row: int
    cursor_column: int
    rows: int
    columns: int
    items: tuple[str, ...]
    """The text beside each place of the cursor, row by row; cut at the next column or the screen's edge."""
    full_screen: bool
    """Whether it owns the whole screen (party, bag), so that left and right may turn pages."""

    @property
    def index(self) -> int:
        """Place of the cursor, row by row from 0."""
        return self.cursor_row * self.columns + self.cursor_column

    @property
    def selected(self) -> str:
        """The line beside the cursor, or an empty string."""
        return self.items[self.index] if self.index < len(self.items) else ""


class MenuReader:
    """Reads the menus of one game. Equal screens and cursors give the same object as long as it is remembered."""

    def __init__(self, layout: RamLayout, modes: ModeReader, characters: CharacterSet) -> None:
        self._modes = modes
        self._characters = characters
        places = [layout.index(name) for name in ARRANGEMENT]
        self._start, self._end = min(places), max(places) + 1
        """The bytes between, which say how the menu is laid out."""
        self._arrangement = tuple(place - self._start for place in places)
        self._battle_mode = layout.index("wBattleMode")
        self._sprite_updates = layout.index("wSpriteUpdatesEnabled")
        self._kept = lru_cache(maxsize=MENUS_KEPT)(self._decode)

    def read(self, data: bytes) -> MenuState | None:
        """The menu that listens, or None."""
        modes = self._modes
        cell = modes.cursor_cell(data)
        if cell is None:
            return None
        return self._kept(
            cell,
            data[modes.tilemap : modes.tilemap_end],
            data[self._start : self._end],
            data[self._battle_mode],
            data[self._sprite_updates],
        )

    def _decode(self, cell: int, tilemap: bytes, layout: bytes, battle_mode: int, sprite_updates: int) -> MenuState:
        row, column = divmod(cell, SCREEN_COLUMNS)
        init_row, init_column, rows, columns, offsets = (layout[place] for place in self._arrangement)
        rows, columns = min(MAX_LINES, max(1, rows)), min(4, max(1, columns))
        row_step, column_step = max(1, offsets >> 4), max(1, offsets & 0x0F)
        cursor_row = max(0, min(rows - 1, (row - init_row) // row_step))
        cursor_column = max(0, min(columns - 1, (column - init_column) // column_step)) if columns > 1 else 0
        screen = self._characters.screen(tilemap)
        items: list[str] = []
        for line in range(rows):
            at = init_row + line * row_step
            for place in range(columns):
                start = init_column + place * column_step + 1
                end = start + column_step - 1 if place + 1 < columns else SCREEN_COLUMNS
                items.append(_line_text(screen, at, start, end))
        kind = MenuKind.LIST
        if battle_mode:
            if (rows, columns) == (2, 2) and init_row == 14:
                kind = MenuKind.BATTLE_MAIN
            elif (init_row, init_column) == (13, 5) and tilemap[MOVE_BOX_CELL] == BOX_TOP_LEFT:
                kind = MenuKind.BATTLE_MOVES
        if kind is MenuKind.LIST:
            if rows == 2 and columns == 1 and items[0][:3] == "YES" and items[1][:2] == "NO":
                kind = MenuKind.YES_NO
            elif init_column == 11 and init_row == 2 and not battle_mode and sprite_updates:
                kind = MenuKind.START_MENU
        return MenuState(
            kind=kind,
            cursor_row=cursor_row,
            cursor_column=cursor_column,
            rows=rows,
            columns=columns,
            items=tuple(items),
            full_screen=not sprite_updates and not battle_mode,
        )


def shows_keyboard(screen_lines: Sequence[str]) -> bool:
    """Whether the screen (18 lines) is a keyboard for a name."""
    last_lines = " ".join(screen_lines[-3:])
    return all(word in last_lines for word in KEYBOARD_WORDS)


def asked_time(screen_lines: Sequence[str]) -> str | None:
    """What a clock that is being set counts now ("o'clock", "min."): UP and DOWN change it. None without one."""
    found = (CLOCK_LINE.search(line) for line in screen_lines[:TEXT_BOX_LINE])
    return next((one[1] for one in found if one is not None), None)


def _line_text(screen: tuple[str, ...], row: int, start: int, end: int) -> str:
    """The words from `start` up to a wide gap: what follows three blanks belongs to another box."""
    if not 0 <= row < len(screen):
        return ""
    return screen[row][start:end].split("   ")[0].strip()

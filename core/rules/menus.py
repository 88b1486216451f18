"""Moving a menu's cursor, one press at a time."""

from __future__ import annotations

from core.game.menu import MenuState
from core.vocabulary import Button


def toward(menu: MenuState, index: int) -> Button:
    """The press that brings the cursor nearer to place `index` (row by row from 0), or A when it is there."""
    row, column = divmod(index, menu.columns)
    if row != menu.cursor_row:
        return Button.DOWN if row > menu.cursor_row else Button.UP
    if column != menu.cursor_column:
        return Button.RIGHT if column > menu.cursor_column else Button.LEFT
    return Button.A


def find_line(menu: MenuState, name: str) -> int | None:
    """The place whose line begins with `name`, whatever the case; None when no line does."""
    wanted = name.upper().strip()
    return next((index for index, line in enumerate(menu.items) if line.upper().startswith(wanted)), None)

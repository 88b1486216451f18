"""Moving a menu's cursor, one press at a time, by what the menu shows now."""

from __future__ import annotations

from collections.abc import Sequence

from core.game.menu import MenuState
from core.game.party import PartyMember
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
    """The place whose line is `name`, or else begins with it, whatever the case; None when no line does."""
    wanted = name.upper().strip()
    lines = [line.upper() for line in menu.items]
    if wanted in lines:
        return lines.index(wanted)
    return next((index for index, line in enumerate(lines) if line.startswith(wanted)), None)


def toward_entry(menu: MenuState, names: Sequence[str], wanted: int) -> Button:
    """The press toward entry `wanted` of a list that may be longer than its window; `names` are all its entries.

    What is not among the names (CANCEL at the end) counts as behind them.
    """
    place = find_line(menu, names[wanted])
    if place is not None:
        return toward(menu, place)
    lines = [name.upper() for name in names]
    selected = menu.selected.upper()
    at = lines.index(selected) if selected in lines else len(lines)
    return Button.DOWN if at < wanted else Button.UP


def shows_any(menu: MenuState, names: Sequence[str]) -> bool:
    """Whether a line of the menu is one of these names."""
    wanted = {name.upper() for name in names}
    return any(line.upper() in wanted for line in menu.items)


def is_party_list(menu: MenuState, party: Sequence[PartyMember]) -> bool:
    """Whether the menu's lines are the party's nicknames in order, so that places of the party are places of it."""
    if not party or menu.columns != 1 or len(menu.items) < len(party):
        return False
    return all(
        line.upper().startswith(member.nickname.upper()) for line, member in zip(menu.items, party, strict=False)
    )

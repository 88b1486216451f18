"""Saves: the game is saved through its own menu, and the battery is read back as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from core.game.battery import BatterySave
from core.game.state import GameState, RomTables
from core.vocabulary import Button, GameMode
from trainer.rom_check.game_check import GameCheck
from trainer.rom_check.moments import Press

SAVE_LINE: Final = "SAVE"
"""The line of the START menu that saves."""
MOST_PRESSES: Final = 100
"""From START to the end of the saving."""
COMPARED: Final = ("position", "party", "money", "items", "balls", "key_items", "event_flags", "badge_count")
"""What of a saved game is compared with the running one."""


class SaveRoutine:
    """The presses that save the game: START, down to the line, A until the player is free again."""

    def __init__(self) -> None:
        self._began = False

    def __call__(self, state: GameState, is_steady: bool) -> Button | None:
        """The next press; None when the player is free again, or the menu has no such line."""
        if not self._began:
            self._began = True
            return Button.START
        if is_steady:
            return None
        menu = state.menu
        if menu is None or not any(line.startswith(SAVE_LINE) for line in menu.items):
            return Button.NONE if state.mode is GameMode.CUTSCENE else Button.A
        return Button.A if menu.selected.startswith(SAVE_LINE) else Button.DOWN


class SaveCheck(GameCheck):
    """Battery saves."""

    name = "saves"
    about = "a game saved through its menu reads back from the battery as it was"

    def read_back(self, presses: list[Press], before: bytes, battery: bytes, rom: RomTables) -> None:
        """Compare the battery, as it is after `presses`, with the game; `before` is what it was before them."""
        if not presses or battery == before:
            return  # not everywhere can one save
        last, save = presses[-1], BatterySave(battery, rom)
        faults = list(_faults(save, last.after))
        believed = "the battery holds the game as it was saved"
        rows = ("wPlayerID", "wMapGroup", "wYCoord", "wMoney", "wPartyCount")
        self.judge(not faults, last, last.after, believed, "; ".join(faults), *rows)


def _faults(save: BatterySave, state: GameState) -> Iterator[str]:
    if save.complaint is not None:
        yield save.complaint
        return
    saved = save.game_state()
    for name in COMPARED:
        if getattr(saved, name) != getattr(state, name):
            yield f"{name} reads back otherwise"

"""From tile codes to words: the character set in which a game writes text, on screen and in names."""

from __future__ import annotations

import codecs
from functools import cache
from importlib.resources.abc import Traversable
from typing import Final

from core.game.files.form import Form, broken, read_data_file

SCREEN_COLUMNS: Final = 20
SCREEN_ROWS: Final = 18
TERMINATOR: Final = 0x50
CURSOR: Final = 0xED
"""The arrow beside the chosen line of the menu that listens now."""
HOLLOW_CURSOR: Final = 0xEC
"""The arrow of an outer menu that waits for an inner one."""
MORE_ARROW: Final = 0xEE
"""Blinks at (18, 17) while a text waits for a button."""
BOX_TOP_LEFT: Final = 0x79
BOX_TOP_RIGHT: Final = 0x7B
BOX_BOTTOM_LEFT: Final = 0x7D
FIRST_TEXT_CODE: Final = 0x7F
"""Codes below are map tiles, frames, bars and control codes, shown as blanks, except for a few signs."""
SIGNS: Final = (0x72, 0x73, 0x74, 0x75)
"""Quotation marks, the middle dot and the ellipsis."""
LIGATURES: Final = {0xE1: "P", 0xE2: "K"}
"""The two tiles that stand for the creatures' collective name in battle menus."""


class CharacterSet:
    """What each code of one game shows."""

    def __init__(self, codes: dict[int, str]) -> None:
        """`codes`: 0 to 255 -> what it shows; the others are blank. Ligatures may be two characters."""
        self._shown = tuple(codes.get(code, " ") for code in range(256))
        cells = [
            shown[0] if (code >= FIRST_TEXT_CODE or code in SIGNS) and not shown.startswith("<") else " "
            for code, shown in enumerate(self._shown)
        ]
        for code, letter in LIGATURES.items():
            cells[code] = letter
        self._cells = "".join(cells)
        """One character a code, so that a screen line keeps its columns."""

    def name(self, codes: bytes) -> str:
        """A name up to its terminator."""
        end = codes.find(TERMINATOR)
        table = self._shown
        return "".join([table[code] for code in (codes if end < 0 else codes[:end])]).strip()

    def screen(self, tilemap: bytes) -> tuple[str, ...]:
        """360 tile codes as 18 lines of exactly 20 characters."""
        # the table may be a string of 256 characters, which is the fast way; its type hint knows only dicts
        shown, _ = codecs.charmap_decode(tilemap, "strict", self._cells)  # pyright: ignore[reportArgumentType]
        return tuple(shown[start : start + SCREEN_COLUMNS] for start in range(0, len(shown), SCREEN_COLUMNS))


class _CharmapForm(Form):
    about: str = ""
    codes: dict[str, str]


@cache
def read_character_set(file: Traversable) -> CharacterSet:
    """The characters in a `charmap.json`, read once per process: games may share a file.

    Raises `core.exceptions.EnvironmentError` for a file that is missing or broken.
    """
    codes: dict[int, str] = {}
    for key, shown in read_data_file(file, _CharmapForm).codes.items():
        try:
            code = int(key, 16)
        except ValueError as error:
            raise broken(file, "a key of codes", key, "no hexadecimal number") from error
        if not 0 <= code < 256 or not shown:
            raise broken(file, f"codes.{key}", shown, "a code is 0x00 to 0xFF and shows at least one character")
        codes[code] = shown
    return CharacterSet(codes)

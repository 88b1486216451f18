"""From tile codes to words: the character set in which both games write text, on screen and in names."""

from __future__ import annotations

import codecs
import json
from functools import lru_cache
from importlib import resources
from typing import Final

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


@lru_cache(maxsize=1)
def charmap() -> tuple[str, ...]:
    """256 strings: what each code shows. Codes of map tiles are a blank, ligatures may be two characters."""
    text = resources.files("core.game").joinpath("data/charmap.json").read_text(encoding="utf-8")
    table = [" "] * 256
    for code, shown in json.loads(text)["codes"].items():
        table[int(code, 16)] = shown
    return tuple(table)


@lru_cache(maxsize=1)
def _cells() -> str:
    """One character a code, so that a screen line keeps its columns."""
    cells = [
        shown[0] if (code >= FIRST_TEXT_CODE or code in SIGNS) and not shown.startswith("<") else " "
        for code, shown in enumerate(charmap())
    ]
    for code, letter in LIGATURES.items():
        cells[code] = letter
    return "".join(cells)


def decode_name(codes: bytes) -> str:
    """A name up to its terminator."""
    end = codes.find(TERMINATOR)
    table = charmap()
    return "".join([table[code] for code in (codes if end < 0 else codes[:end])]).strip()


def decode_screen(tilemap: bytes) -> tuple[str, ...]:
    """360 tile codes as 18 lines of exactly 20 characters."""
    # the table may be a string of 256 characters, which is the fast way; its type hint knows only dicts
    shown, _ = codecs.charmap_decode(tilemap, "strict", _cells())  # pyright: ignore[reportArgumentType]
    return tuple(shown[start : start + SCREEN_COLUMNS] for start in range(0, len(shown), SCREEN_COLUMNS))

"""Screens of Crystal for tests: rows of RAM that show words, or a menu that listens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.game.text import CURSOR

COLUMNS = 20
SCREEN_ADDRESS = 0xC4A0
IN_A_TEXT: Mapping[str, bytes] = {"wScriptRunning": b"\xff", "wStateFlags": b"\x40"}
CODES = {" ": 0x7F, "?": 0xE6, "'": 0xE0, ".": 0xE8, "-": 0xE3, ",": 0xF4, "/": 0xF3, "!": 0xE7}
BEGINNINGS = {"A": 0x80, "a": 0xA0, "0": 0xF6}


def text_codes(words: str) -> bytes:
    """Letters, digits and a few signs as Crystal writes them."""
    codes = bytearray()
    for letter in words:
        first = "A" if "A" <= letter <= "Z" else "a" if "a" <= letter <= "z" else "0" if letter.isdigit() else ""
        codes.append(BEGINNINGS[first] + ord(letter) - ord(first) if first else CODES[letter])
    return bytes(codes)


def words_shown(lines: Mapping[int, str]) -> dict[str, bytes]:
    """Rows of a text that stands there: line of the screen -> words from its second column on."""
    screen = bytearray(b"\x7f" * 360)
    for line, words in lines.items():
        start = COLUMNS * line + 1
        screen[start : start + len(words)] = text_codes(words)
    return {**IN_A_TEXT, "wTilemap": bytes(screen), "wCursorCurrentTile": b"\x00\x00"}


def menu_shown(
    lines: Sequence[str],
    cursor: int,
    question: str = "",
    first: tuple[int, int] = (2, 5),
    step: int = 2,
) -> dict[str, bytes]:
    """Rows of a list of lines, its cursor on line number `cursor`; `question` stands in the text box below."""
    rows = words_shown({14: question} if question else {})
    screen = bytearray(rows["wTilemap"])
    row, column = first
    for number, words in enumerate(lines):
        start = COLUMNS * (row + step * number) + column + 1
        screen[start : start + len(words)] = text_codes(words)
    cell = COLUMNS * (row + step * cursor) + column
    screen[cell] = CURSOR
    return {
        **rows,
        "wTilemap": bytes(screen),
        "wCursorCurrentTile": (SCREEN_ADDRESS + cell).to_bytes(2, "little"),
        "w2DMenuCursorInitY": bytes((row,)),
        "w2DMenuCursorInitX": bytes((column,)),
        "w2DMenuNumRows": bytes((len(lines),)),
        "w2DMenuNumCols": b"\x01",
        "w2DMenuCursorOffsets": bytes((step << 4 | 1,)),
    }


def yes_no(question: str = "", cursor: int = 0) -> dict[str, bytes]:
    """Rows of a question with YES and NO."""
    return menu_shown(("YES", "NO"), cursor, question, first=(8, 14))

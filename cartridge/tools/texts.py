"""Texts: Crystal's character codes, breaking into lines and pages, and the numbered table that the engine prints from.

A text is written as plain words. `||` starts a new page; `<PLAYER>`, `<1>` and `<2>` are replaced when printed.
"""

from __future__ import annotations

import re

from cartridge.tools.art.font import CODES

CONTROL = {"LINE": 0x4F, "END": 0x50, "PARA": 0x51, "PLAYER": 0x52, "NAME1": 0x53, "NAME2": 0x54, "CONT": 0x55}
INSERTS = {"<PLAYER>": CONTROL["PLAYER"], "<1>": CONTROL["NAME1"], "<2>": CONTROL["NAME2"]}
INSERT_WIDTH = 10
LINE_WIDTH = 18
_INSERT = re.compile(r"(<[A-Z0-9]+>)")


def encode_plain(text: str, where: str) -> bytes:
    """The tile numbers of a text without control codes. Raises ValueError for a character the font lacks."""
    try:
        return bytes(CODES[character] for character in text)
    except KeyError as error:
        raise ValueError(f"{where}: the font has no character {error.args[0]!r} (in {text!r})") from error


def encode_name(text: str, size: int, where: str) -> bytes:
    """A name padded with end marks to `size` bytes, at least one of them an end mark."""
    if len(text) >= size:
        raise ValueError(f"{where}: the name {text!r} is longer than {size - 1}")
    return encode_plain(text, where).ljust(size, bytes([CONTROL["END"]]))


def _word(word: str, where: str) -> tuple[bytes, int]:
    codes, width = bytearray(), 0
    for part in filter(None, _INSERT.split(word)):
        if part in INSERTS:
            codes.append(INSERTS[part])
            width += INSERT_WIDTH
        else:
            codes += encode_plain(part, where)
            width += len(part)
    return bytes(codes), width


def _rows(page: str, where: str) -> list[bytes]:
    rows: list[bytes] = []
    row, used = b"", 0
    for word in page.split():
        codes, width = _word(word, where)
        if width > LINE_WIDTH:
            raise ValueError(f"{where}: the word {word!r} is wider than {LINE_WIDTH}")
        if row and used + 1 + width > LINE_WIDTH:
            rows.append(row)
            row, used = codes, width
        else:
            row, used = (row + bytes([CODES[" "]]) + codes, used + 1 + width) if row else (codes, width)
    return [*rows, row]


def encode(text: str, where: str) -> bytes:
    """A text as the engine prints it: two lines a page, further lines scroll, pages start afresh."""
    encoded = bytearray()
    for number, page in enumerate(text.split("||")):
        if number:
            encoded.append(CONTROL["PARA"])
        for i, row in enumerate(_rows(page, where)):
            if i:
                encoded.append(CONTROL["LINE"] if i == 1 else CONTROL["CONT"])
            encoded += row
    return bytes([*encoded, CONTROL["END"]])


class TextTable:
    """All texts by number. The same text written twice is one text."""

    def __init__(self) -> None:
        self.encoded: list[bytes] = []
        self._numbers: dict[bytes, int] = {}

    def add(self, text: str, where: str) -> int:
        """The number of a text."""
        codes = encode(text, where)
        if codes not in self._numbers:
            self._numbers[codes] = self.append(codes)
        return self._numbers[codes]

    def append(self, codes: bytes) -> int:
        """A new number whatever the text is, for lists whose numbers must follow each other."""
        self.encoded.append(codes)
        return len(self.encoded) - 1

"""The font: letters, digits and signs at the codes of the charmap, tiles 0x80 to 0xFF.

The letters are drawn in ``data/graphics/font.txt``; shade 3 on shade 0. Codes are those that the game's texts use in
RAM, so a reader of the tile map reads the text. A few more signs are in the frame.
"""

from __future__ import annotations

from cartridge.tools.art import pixels

FIRST_ID = 0x80
TILE_COUNT = 128

_SIGNS: dict[str, int] = {
    "(": 0x9A, ")": 0x9B, ":": 0x9C, ";": 0x9D, "[": 0x9E, "]": 0x9F,
    "Ä": 0xC0, "Ö": 0xC1, "Ü": 0xC2, "ä": 0xC3, "ö": 0xC4, "ü": 0xC5,
    "'d": 0xD0, "'l": 0xD1, "'m": 0xD2, "'r": 0xD3, "'s": 0xD4, "'t": 0xD5, "'v": 0xD6,
    "←": 0xDF, "'": 0xE0, "-": 0xE3, "?": 0xE6, "!": 0xE7, ".": 0xE8, "&": 0xE9, "é": 0xEA, "→": 0xEB,
    "▷": 0xEC, "▶": 0xED, "▼": 0xEE, "♂": 0xEF, "$": 0xF0, "\u00d7": 0xF1, "·": 0xF2, "/": 0xF3, ",": 0xF4, "♀": 0xF5,
}  # fmt: skip

CODES: dict[str, int] = {
    "“": 0x72, "”": 0x73, "…": 0x75, " ": 0x7F,
    **{chr(ord("A") + i): 0x80 + i for i in range(26)},
    **{chr(ord("a") + i): 0xA0 + i for i in range(26)},
    **{str(i): 0xF6 + i for i in range(10)},
    **_SIGNS,
}  # fmt: skip
"""The code of each character that can be printed; contractions such as ``'s`` are one character.

``$`` is the money sign.
"""

_NAMES = {
    "Ä": "Auml", "Ö": "Ouml", "Ü": "Uuml", "ä": "auml", "ö": "ouml", "ü": "uuml", "é": "eacute",
    "←": "leftarrow", "→": "rightarrow", "▷": "hollow", "▶": "cursor", "▼": "more", "♂": "male", "♀": "female",
    "$": "coin", "\u00d7": "times", "·": "decimal",
}  # fmt: skip


def tiles() -> bytes:
    """128 tiles of 16 bytes for the ids 0x80-0xFF; codes without a letter are empty."""
    drawn = pixels.read_pictures("font.txt")
    encoded = [bytes(16)] * TILE_COUNT
    for character, code in CODES.items():
        if code >= FIRST_ID:
            encoded[code - FIRST_ID] = pixels.encode_tile(drawn[_NAMES.get(character, character)])
    return b"".join(encoded)

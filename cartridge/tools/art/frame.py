"""The frame of text boxes, the HP bar and the marks of the battle screen: tiles 0x60 to 0x7F."""

from __future__ import annotations

from cartridge.tools.art import pixels

FIRST_ID = 0x60
TILE_COUNT = 32
BAR_PIXELS = 8

IDS: dict[str, int] = {
    "level": 0x69,
    "health": 0x6A,
    "health_end": 0x6B,
    "caught": 0x6C,
    "colon": 0x6D,
    "quote_open": 0x72,
    "quote_close": 0x73,
    "dot": 0x74,
    "dots": 0x75,
    "corner_top_left": 0x79,
    "edge_horizontal": 0x7A,
    "corner_top_right": 0x7B,
    "edge_vertical": 0x7C,
    "corner_bottom_left": 0x7D,
    "corner_bottom_right": 0x7E,
}
"""Tile ids of the pictures in ``data/graphics/frame.txt``.

The level mark is at 0x6E as well, where the charmap has it.
"""


def bar_piece(filled_pixels: int) -> pixels.Grid:
    """Eight pixels of a bar of which some are filled (shade 2) and the rest is groove (shade 1)."""
    piece = pixels.blank(BAR_PIXELS, pixels.TILE_SIZE)
    piece[2] = piece[6] = [3] * BAR_PIXELS
    for y in range(3, 6):
        piece[y] = [2] * filled_pixels + [1] * (BAR_PIXELS - filled_pixels)
    return piece


def tiles() -> bytes:
    """32 tiles of 16 bytes for the ids 0x60-0x7F: bars filled by 0..8 pixels, the marks, the frame."""
    encoded = [bytes(16)] * TILE_COUNT
    for filled_pixels in range(BAR_PIXELS + 1):
        encoded[filled_pixels] = pixels.encode_tile(bar_piece(filled_pixels))
    for name, picture in pixels.read_pictures("frame.txt").items():
        encoded[IDS[name] - FIRST_ID] = pixels.encode_tile(picture)
    encoded[0x6E - FIRST_ID] = encoded[IDS["level"] - FIRST_ID]
    return b"".join(encoded)

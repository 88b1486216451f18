"""A screen as the bytes of a PNG file, without an image library: for the picture in an error message."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
EIGHT_BIT_RGB = (8, 2, 0, 0, 0)
"""Bit depth, colour type, and the only compression, filter and interlace methods in use."""


def png_of(rgb: NDArray[np.uint8]) -> bytes:
    """A uint8 array of shape (height, width, 3) in the PNG format (ISO/IEC 15948)."""
    height, width, _ = rgb.shape
    rows = np.zeros((height, 1 + 3 * width), dtype=np.uint8)  # each row begins with filter 0: bytes as they are
    rows[:, 1:] = rgb.reshape(height, -1)
    header = struct.pack(">II5B", width, height, *EIGHT_BIT_RGB)
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows.tobytes())) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

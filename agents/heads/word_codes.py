"""Words as numbers: a hash, so that every word of every game has a code and no list of words is kept."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

MOST_BITS = 64


@lru_cache(maxsize=65536)
def word_code(words: str, bits: int) -> NDArray[np.float32]:
    """(bits,) numbers, each -1 or 1, that tell words apart; the same on every machine. At most `MOST_BITS`."""
    digest = int.from_bytes(hashlib.blake2b(words.encode(), digest_size=MOST_BITS // 8).digest(), "big")
    code = np.array([1.0 if digest >> bit & 1 else -1.0 for bit in range(bits)], dtype=np.float32)
    code.setflags(write=False)
    return code

"""One step's RAM as bytes: what travels from an emulator to everyone who wants to know about the game.

A snapshot holds C000-DFFF (always WRAM bank 1 for D000-DFFF, whatever the game has switched to) and FF80-FFFF, 8320
bytes in all. It is immutable, can be stored, sent and compared, and everything that the project knows about a game is
a pure function of it and of the ROM's tables. Where a variable lies in it says the game's layout
(`core.game.files.layout`); of FF80-FFFF only the layout's `hram_addresses` are filled in, the rest is 0.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

WRAM_START: Final = 0xC000
WRAM_SIZE: Final = 0x2000
HRAM_START: Final = 0xFF80
HRAM_SIZE: Final = 0x80
RAM_SIZE: Final = WRAM_SIZE + HRAM_SIZE


class RamSnapshot:
    """8320 bytes of RAM at one moment. Equal bytes are equal snapshots."""

    __slots__ = ("data",)

    data: bytes

    def __init__(self, data: bytes) -> None:
        if len(data) != RAM_SIZE:
            raise ValueError(f"a RAM snapshot has {RAM_SIZE} bytes, this one has {len(data)}")
        object.__setattr__(self, "data", data)

    @classmethod
    def from_array(cls, row: NDArray[np.uint8]) -> RamSnapshot:
        """A copy of a uint8 array of shape (8320,), say one lane of the vector env's shared memory."""
        return cls(row.tobytes())

    @property
    def array(self) -> NDArray[np.uint8]:
        """The bytes as a read-only uint8 array of shape (8320,)."""
        return np.frombuffer(self.data, dtype=np.uint8)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a RAM snapshot is immutable: cannot set {name!r}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RamSnapshot) and other.data == self.data

    def __hash__(self) -> int:
        return hash(self.data)

    def __reduce__(self) -> tuple[type[RamSnapshot], tuple[bytes]]:
        return RamSnapshot, (self.data,)

"""One step's RAM as bytes: what travels from an emulator to everyone who wants to know about the game.

A snapshot holds C000-DFFF (always WRAM bank 1 for D000-DFFF, whatever the game has switched to) and FF80-FFFF, 8320
bytes in all. It is immutable, can be stored, sent and compared, and everything that the project knows about a game is
a pure function of it and of the ROM's tables. Of FF80-FFFF only `HRAM_ADDRESSES` are filled in; the rest is 0.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.game.symbols import symbol

WRAM_START: Final = 0xC000
WRAM_SIZE: Final = 0x2000
HRAM_START: Final = 0xFF80
HRAM_SIZE: Final = 0x80
RAM_SIZE: Final = WRAM_SIZE + HRAM_SIZE

HRAM_SYMBOLS: Final = (
    "hHours",
    "hMinutes",
    "hMapEntryMethod",
    "hJoypadDown",
    "hJoyPressed",
    "hJoyDown",
    "hInMenu",
    "hRandomAdd",
    "hRandomSub",
    "hBattleTurn",
)
HRAM_ADDRESSES: Final = tuple(symbol(name).address for name in HRAM_SYMBOLS)
"""The bytes of FF80-FFFF that a snapshot holds: PyBoy hands these out only one by one."""


def index_of(name: str) -> int:
    """Where the symbol begins in a snapshot.

    Raises `ConfigurationError` for an unknown symbol and `ValueError` for one that no snapshot holds.
    """
    row = symbol(name)
    if WRAM_START <= row.address < WRAM_START + WRAM_SIZE and row.bank <= 1:
        return row.address - WRAM_START
    if row.address in HRAM_ADDRESSES:
        return WRAM_SIZE + row.address - HRAM_START
    raise ValueError(
        f"{name} is at bank {row.bank}, address {row.address:04X}, which a snapshot does not hold: "
        "it has C000-DFFF of bank 1 and the addresses of HRAM_SYMBOLS"
    )


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

    def byte(self, name: str) -> int:
        """The first byte of a symbol. For tools and tests: hot code takes the index once with `index_of`."""
        return self.data[index_of(name)]

    def word(self, name: str) -> int:
        """The big-endian word at a symbol."""
        start = index_of(name)
        return int.from_bytes(self.data[start : start + 2], "big")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a RAM snapshot is immutable: cannot set {name!r}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RamSnapshot) and other.data == self.data

    def __hash__(self) -> int:
        return hash(self.data)

    def __reduce__(self) -> tuple[type[RamSnapshot], tuple[bytes]]:
        return RamSnapshot, (self.data,)

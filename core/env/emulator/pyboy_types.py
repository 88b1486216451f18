"""The part of PyBoy's interface that is used here, with the types that PyBoy leaves out."""

from __future__ import annotations

from io import BytesIO
from typing import Protocol, overload

import numpy as np
from numpy.typing import NDArray

Address = int | tuple[int, int]
"""A place in memory: its address, or (bank, address)."""


class Memory(Protocol):
    """`PyBoy.memory`: one byte by its address, several by a slice."""

    @overload
    def __getitem__(self, place: Address) -> int: ...
    @overload
    def __getitem__(self, place: slice | tuple[int, slice]) -> list[int]: ...
    def __setitem__(self, place: Address, value: int) -> None: ...


class Screen(Protocol):
    """`PyBoy.screen`."""

    @property
    def ndarray(self) -> NDArray[np.uint8]:
        """A live view of the last drawn frame, (144, 160, 4)."""
        ...


class Emulator(Protocol):
    """`PyBoy`."""

    @property
    def memory(self) -> Memory: ...
    @property
    def screen(self) -> Screen: ...
    def tick(self, count: int, render: bool, sound: bool) -> bool: ...
    def button_press(self, input: str) -> None: ...
    def button_release(self, input: str) -> None: ...
    def set_emulation_speed(self, target_speed: int) -> None: ...
    def rtc_lock_experimental(self, enable: bool) -> None: ...
    def save_state(self, file_like_object: BytesIO) -> None: ...
    def load_state(self, file_like_object: BytesIO) -> None: ...
    def stop(self, save: bool) -> None: ...

"""The emulator: the only module that imports PyBoy.

It starts a cartridge without leaving files behind, presses buttons, takes RAM snapshots and save states. Fast reads
use the buffer in which PyBoy keeps WRAM. PyBoy has no public way to it, so it is looked up once per emulator and
checked by writing and reading a probe. Where the check fails, slices of the public memory are read instead, which costs
about 0.25 ms a snapshot, and a warning says so once.
"""

from __future__ import annotations

import gc
import io
import logging
import warnings
from collections.abc import Callable
from importlib import metadata
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from core import exceptions
from core.env.emulator.pyboy_types import Emulator
from core.env.lifetime import Gone, Uncopied
from core.game.profile import RomProfile
from core.game.ram import HRAM_SIZE, HRAM_START, WRAM_SIZE, WRAM_START, RamSnapshot
from core.vocabulary import Button

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="Using SDL2 binaries")  # printed at every import, and of no use
    from pyboy import PyBoy  # pyright: ignore[reportMissingTypeStubs] (`pyboy_types` has what is used)
    from pyboy.utils import PyBoyException  # pyright: ignore[reportMissingTypeStubs]

EMULATOR: Final = f"pyboy-{metadata.version('pyboy')}"
"""The emulator and its version: save states of another one do not fit."""
BUTTON_NAMES: Final = ("a", "b", "start", "select", "up", "down", "left", "right")
"""PyBoy's names in the order of `Button`."""
CARTRIDGES_WITH_CLOCK: Final = (0x0F, 0x10)
ALL_WRAM_BANKS: Final = 0x8000
CARTRIDGE_RAM: Final = range(0xA000, 0xC000)
"""Addresses of a bank of the cartridge's own RAM."""
PROBE_ADDRESS: Final = WRAM_START + 0x0F3
SILENT: Final = 5
"""PyBoy's log level above all its messages; "CRITICAL" still prints some."""
ShowFrame = Callable[[NDArray[np.uint8]], object]
"""Takes a drawn frame, uint8 (144, 160, 3), which is its own to keep."""
logger = logging.getLogger(__name__)


class Console(Uncopied):
    """One emulator with one cartridge in it. After `close`, everything else raises `ClosedEnvironmentError`."""

    def __init__(self, profile: RomProfile, headless: bool = True, battery: bytes | None = None) -> None:
        """Start the cartridge.

        Args:
            profile: the recognised ROM; its bytes are given to PyBoy in memory, so no file beside it is read or made.
            headless: without a window; otherwise with an SDL2 window, at full speed until `watch` is called.
            battery: the cartridge's battery save, `profile.battery_bytes` long; an empty one if None.
        """
        self.profile = profile
        self._watched = False
        self._show: ShowFrame | None = None
        self._every_frames = 1
        self._frames_watched = 0
        self._speed = 0
        try:
            started = PyBoy(
                io.BytesIO(profile.rom),
                ram_file=None if battery is None else io.BytesIO(battery),
                window="null" if headless else "SDL2",
                sound_emulated=False,
                no_input=True,
                log_level=SILENT,
            )
        except (PyBoyException, OSError, RuntimeError, ImportError) as error:
            raise exceptions.EnvironmentError(
                f"PyBoy cannot start {profile.title!r} with headless={headless}: {error}. "
                "Check the ROM, or set headless to true where there is no display"
            ) from error
        self._emulator = cast(Emulator, started)
        if profile.rom[0x147] in CARTRIDGES_WITH_CLOCK:
            self._emulator.rtc_lock_experimental(True)
        self._emulator.set_emulation_speed(0)
        self._memory = self._emulator.memory
        self._screen: NDArray[np.uint8] = self._emulator.screen.ndarray
        self._hram_places = tuple((address - HRAM_START, address) for address in profile.layout.hram_addresses)
        self._wram = self._find_wram()
        self._state_size = 0
        self._state_version = -1
        self.closed = False

    def press(self, button: Button, hold_frames: int, total_frames: int, render: bool) -> None:
        """Hold a button for some frames, release it and let the rest of `total_frames` pass (16.7 ms each).

        With `render` the last frame is drawn, so that `screen_rgb` shows it.
        """
        if self._watched:
            self._press_watched(button, hold_frames, total_frames, render)
            return
        emulator = self._emulator
        if button == Button.NONE:
            emulator.tick(total_frames, render, False)
            return
        name = BUTTON_NAMES[button]
        emulator.button_press(name)
        emulator.tick(hold_frames, False, False)
        emulator.button_release(name)
        emulator.tick(total_frames - hold_frames, render, False)

    def watch(self, show: ShowFrame | None = None, every_frames: int = 1) -> None:
        """From now on play frame by frame, for people who watch.

        Without `show` each frame is drawn in the emulator's window at the game's normal speed. With it every
        `every_frames`-th frame that passes in play is drawn and handed over, as fast as `show` returns; frames that
        pass before an episode's first action are not shown.
        """
        self._watched = True
        self._show, self._every_frames = show, every_frames
        self._speed = 1 if show is None else 0
        self._emulator.set_emulation_speed(self._speed)

    def _press_watched(self, button: Button, hold_frames: int, total_frames: int, render: bool) -> None:
        """The same frames one by one: no difference to the game, but people see them."""
        for frame in range(total_frames):
            if button != Button.NONE and frame == 0:
                self._emulator.button_press(BUTTON_NAMES[button])
            if button != Button.NONE and frame == hold_frames:
                self._emulator.button_release(BUTTON_NAMES[button])
            self._tick_watched(is_drawn=render and frame == total_frames - 1)

    def _tick_watched(self, is_drawn: bool) -> None:
        self._frames_watched += 1
        is_shown = self._frames_watched % self._every_frames == 0
        self._emulator.tick(1, is_drawn or is_shown, False)
        if is_shown and self._show is not None:
            self._show(self.screen_rgb())

    def wait(self, frames: int, render: bool = False) -> None:
        """Let frames pass without a button. In a watched game those that nobody asked to be drawn pass at once."""
        if frames <= 0:
            return
        if not self._watched:
            self._emulator.tick(frames, render, False)
        elif render:
            for frame in range(frames):
                self._tick_watched(is_drawn=frame == frames - 1)
        else:
            self._emulator.set_emulation_speed(0)
            self._emulator.tick(frames, False, False)
            self._emulator.set_emulation_speed(self._speed)

    def snapshot(self) -> RamSnapshot:
        """The RAM as it is now."""
        memory = self._memory
        hram = bytearray(HRAM_SIZE)
        for place, address in self._hram_places:
            hram[place] = memory[address]
        if self._wram is not None:
            return RamSnapshot(self._wram.tobytes() + hram)
        low = bytes(memory[WRAM_START : WRAM_START + 0x1000])
        # a slice of a bank cannot reach the bank's last byte
        high = bytes(memory[1, WRAM_START + 0x1000 : WRAM_START + WRAM_SIZE - 1])
        last = memory[1, WRAM_START + WRAM_SIZE - 1]
        return RamSnapshot(low + high + bytes((last,)) + hram)

    def poke(self, name: str, value: int) -> None:
        """Write one byte at a RAM symbol, say a game option."""
        row = self.profile.layout.symbol(name)
        key = row.address if row.address < WRAM_START + 0x1000 else (1, row.address)
        self._memory[key] = value

    def screen_rgb(self) -> NDArray[np.uint8]:
        """The last drawn frame as a new uint8 array of shape (144, 160, 3)."""
        return self._screen[:, :, :3].copy()

    def screen_luma(self, out: NDArray[np.uint8]) -> None:
        """Every second pixel's brightness of the last drawn frame into a uint8 array of shape (72, 80)."""
        small = self._screen[::2, ::2]
        luma = small[:, :, 0] * np.uint16(77) + small[:, :, 1] * np.uint16(150) + small[:, :, 2] * np.uint16(29)
        np.right_shift(luma, 8, out=luma)
        out[...] = luma

    def save_state(self) -> bytes:
        """The whole machine as PyBoy's save state, about 0.2 MB (takes about 14 ms)."""
        buffer = io.BytesIO()
        self._emulator.save_state(buffer)
        state = buffer.getvalue()
        self._state_size, self._state_version = len(state), state[0]
        return state

    def load_state(self, state: bytes, source: str = "the save state") -> None:
        """Restore the machine (about 5 ms).

        Raises `core.exceptions.EnvironmentError` for bytes that are not a save state of this PyBoy and cartridge type:
        PyBoy itself would load a part of them.
        """
        if not self._state_size:
            self.save_state()
        if len(state) != self._state_size:
            raise exceptions.EnvironmentError(
                f"{source} has {len(state)} bytes; a PyBoy save state of {self.profile.title!r} has "
                f"{self._state_size}. It is damaged, of another game or of another PyBoy: make it again"
            )
        if state[0] != self._state_version:
            raise exceptions.EnvironmentError(
                f"{source} has PyBoy's state format {state[0]}; this PyBoy writes {self._state_version}: make it again"
            )
        try:
            self._emulator.load_state(io.BytesIO(state))
        except PyBoyException as error:
            raise exceptions.EnvironmentError(f"PyBoy cannot load {source}: {error}. Make it again") from error

    def battery(self) -> bytes:
        """The cartridge's RAM as its battery keeps it, `profile.battery_bytes` long: the content of a .sav file."""
        memory, content = self._memory, bytearray()
        first, last = CARTRIDGE_RAM[0], CARTRIDGE_RAM[-1]
        for bank in range(self.profile.battery_bytes // len(CARTRIDGE_RAM)):
            # a slice of a bank cannot reach the bank's last byte
            content += bytes(memory[bank, first:last]) + bytes((memory[bank, last],))
        return bytes(content)

    def close(self) -> None:
        """Stop the emulator without writing a save file. May be called twice."""
        if not self.closed:
            self.closed = True
            self._wram = None
            self._emulator.stop(save=False)
            # PyBoy itself would go on answering with what it had
            self._emulator = self._memory = self._screen = cast(Any, Gone())

    def _find_wram(self) -> NDArray[np.uint8] | None:
        """A live view of C000-DFFF with bank 1, or None when none passes the check."""
        objects: list[Any] = gc.get_objects()
        for candidate in objects:
            if type(candidate).__module__ != "pyboy.core.ram" or getattr(candidate, "nbytes", 0) != ALL_WRAM_BANKS:
                continue
            view = np.asarray(candidate)
            if view.dtype == np.uint8 and view.ndim == 1 and self._is_wram(view):
                return view[:WRAM_SIZE]
        logger.warning(
            "PyBoy's work RAM cannot be viewed directly with this version; reading it in slices costs about 0.25 ms "
            "a step. pyproject.toml names the version that is known to work"
        )
        return None

    def _is_wram(self, view: NDArray[np.uint8]) -> bool:
        """Write to public memory and look for it in the view, in both halves; then restore every byte."""
        memory = self._memory
        for bank, address in ((None, PROBE_ADDRESS), (1, PROBE_ADDRESS + 0x1000)):
            key = address if bank is None else (bank, address)
            kept = memory[key]
            seen: list[bool] = []
            for probe in (kept ^ 0x5A, kept ^ 0xA5):
                memory[key] = probe
                seen.append(int(view[address - WRAM_START]) == probe)
            memory[key] = kept
            if not all(seen):
                return False
        return True

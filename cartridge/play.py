"""Play Fernvale in a window: ``python -m cartridge.play [--scale 3] [--speed 1] [--rom FILE]``.

    arrow keys  walk, move the cursor        Space   fast while held
    A           button A: talk, choose       P       pause
    S           button B: back               F11     full screen
    Return      START: menu                  Esc     leave
    Backspace   SELECT

For people with a screen and a keyboard (a game controller works as well). Agents play through
``core.env.emulator.console``. The ROM is given to the emulator in memory, and nothing is written: leaving forgets the
game.
"""

from __future__ import annotations

import argparse
import io
import logging
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core import exceptions
from core.game.profile import identify_rom

if TYPE_CHECKING:
    from pyboy import PyBoy

FERNVALE = Path(__file__).resolve().parent / "fernvale.gbc"
BAD_INPUT = 2
_BLIND_DRIVERS = (b"dummy", b"offscreen", b"evdev")
"""Video drivers that SDL falls back to when there is no screen: they draw where nobody sees it."""


def open_window(rom: bytes, scale: int, speed: int) -> PyBoy:
    """An emulator in a window, started at so many times normal speed (0 unlimited).

    Raises EnvironmentError where there is no screen or the window cannot be opened.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pysdl2 announces which SDL it found
        import sdl2
        from pyboy import PyBoy
        from pyboy.utils import PyBoyException

    try:
        game = PyBoy(io.BytesIO(rom), window="SDL2", scale=scale, sound_emulated=False, log_level="ERROR")
    except PyBoyException as error:
        reason = error.args[-1] if error.args else type(error).__name__
        raise exceptions.EnvironmentError(
            f"no window can be opened: {reason}. Run this in a desktop session, or set DISPLAY"
        ) from error
    driver = sdl2.SDL_GetCurrentVideoDriver()
    if driver in _BLIND_DRIVERS:
        game.stop(save=False)
        raise exceptions.EnvironmentError(
            f"no screen found (SDL's video driver is {driver.decode()!r}). "
            "Run this in a desktop session, or set DISPLAY"
        )
    game.set_emulation_speed(speed)
    return game


def play(game: PyBoy) -> None:
    """Run until the window is closed."""
    try:
        while game.tick(1, True):
            pass
    except KeyboardInterrupt:
        logging.getLogger(__name__).info("interrupted")
    finally:
        game.stop(save=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and play. Returns the exit status: 0, or 2 for bad input or a machine without a screen."""
    parser = argparse.ArgumentParser(
        prog="python -m cartridge.play", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=int, default=4, choices=range(1, 9), help="screen pixels a game pixel, 1-8 (4)")
    parser.add_argument("--speed", type=int, default=1, choices=range(11), help="times normal speed, 0 unlimited (1)")
    parser.add_argument("--rom", type=Path, default=FERNVALE, help="another cartridge; Fernvale if left out")
    options = parser.parse_args(arguments)
    try:
        game = open_window(identify_rom(options.rom).rom, options.scale, options.speed)
    except exceptions.EnvironmentError as error:
        print(f"cannot play: {error}", file=sys.stderr)
        return BAD_INPUT
    play(game)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""From power-on to the first moment of free control, with a look at the game before every press.

The driver presses one button at a time and reads RAM and screen in between, so it does not depend on how many frames a
title takes. It answers what a new game asks: START or A at the title, NEW GAME even when a save file is offered, the
clock as it is, a preset name instead of the keyboard, A for the rest. With a battery save it takes CONTINUE.
"""

from __future__ import annotations

import tempfile
from typing import Final

from core import exceptions
from core.env.emulator.console import Console
from core.env.emulator.picture import png_of
from core.game.battery import BatterySave
from core.game.menu import shows_keyboard
from core.game.state import GameState, RomTables
from core.vocabulary import Button, GameMode

MAX_PRESSES: Final = 2000
HOLD_FRAMES: Final = 6
PRESS_FRAMES: Final = 20
SURE_FRAMES: Final = 6
"""Frames over which the ready test must hold: three overworld ticks."""
FAST_OPTIONS: Final = 0xC1
"""wOptions with fast text (bits 0-2), no battle animations (bit 7) and no offer to switch (bit 6)."""
CLOCK_BYTES: Final = range(1, 49)
"""Some emulators append the cartridge's clock to a battery save; it is ignored."""


class StartupDriver:
    """Takes one console from power-on to free control."""

    def __init__(self, console: Console, rom: RomTables, wants_continue: bool = False) -> None:
        """`wants_continue`: go on with the game of the battery save instead of beginning a new one."""
        self._console = console
        self._rom = rom
        self._wants_continue = wants_continue
        self._was_continued = False

    def play(self, max_presses: int = MAX_PRESSES) -> int:
        """Press buttons until the ready test holds; the number of presses it took.

        Raises `core.exceptions.EnvironmentError`, with a picture of the screen, when the game does not get there, and
        when there is no game to continue.
        """
        for presses in range(max_presses):
            state = GameState(self._console.snapshot(), self._rom)
            if state.is_free and self._stays_free():
                if self._wants_continue and not self._was_continued:
                    raise self._no_saved_game()
                return presses
            self._console.press(self.choose(state, presses), HOLD_FRAMES, PRESS_FRAMES, render=False)
        raise self._stuck(max_presses)

    def choose(self, state: GameState, presses: int) -> Button:
        """What to press before the game runs, by what the screen shows; else A and START in turn."""
        menu = state.menu
        if menu is not None:
            if menu.selected.startswith("NEW NAME"):
                return Button.DOWN
            if menu.selected.startswith("CONTINUE"):
                self._was_continued |= self._wants_continue
                return Button.A if self._wants_continue else Button.DOWN
            if self._wants_continue and menu.selected.startswith("NEW GAME"):
                raise self._no_saved_game()  # the cursor starts on CONTINUE if there is one
            return Button.A
        if state.mode is GameMode.BOOT:
            if shows_keyboard(state.screen_lines):
                return Button.START if presses % 2 else Button.A
            return Button.START if presses % 4 == 0 else Button.A
        return Button.B if presses % 3 == 0 else Button.A

    def _stays_free(self) -> bool:
        for _ in range(SURE_FRAMES):
            self._console.wait(1)
            if not GameState(self._console.snapshot(), self._rom).is_free:
                return False
        return True

    def _no_saved_game(self) -> exceptions.EnvironmentError:
        return exceptions.EnvironmentError(
            f"the battery save holds no game that {self._rom.profile.title!r} would continue: it offers none. Save in "
            "the game and take the file again, give a PyBoy save state, or none and begin a new game"
        )

    def _stuck(self, presses: int) -> exceptions.EnvironmentError:
        state = GameState(self._console.snapshot(), self._rom)
        shown = " / ".join(line.strip() for line in state.screen_lines if line.strip()) or "no text"
        self._console.wait(1, render=True)
        with tempfile.NamedTemporaryFile(prefix="crystal-hybrid-start-", suffix=".png", delete=False) as picture:
            picture.write(png_of(self._console.screen_rgb()))
        return exceptions.EnvironmentError(
            f"{self._rom.profile.title!r} did not reach free control within {presses} button presses: its mode is "
            f"{state.mode}, its screen shows {shown!r} (see {picture.name}). Give start_state a PyBoy save state made "
            "in the overworld instead"
        )


def new_game_state(console: Console, rom: RomTables, fast_options: bool = False) -> bytes:
    """Play a new game to its first free control; its save state. The console must have just been started."""
    StartupDriver(console, rom).play()
    if fast_options:
        console.poke("wOptions", FAST_OPTIONS)
    return console.save_state()


def continued_state(rom: RomTables, battery: bytes, source: str, fast_options: bool = False) -> bytes:
    """Continue the game of a battery save (.sav, .srm, .ram) in a console of its own; its save state.

    Raises `core.exceptions.EnvironmentError` when there is no game in it, or one of another game.
    """
    size = rom.profile.battery_bytes
    save = BatterySave(battery, rom)
    if save.map_complaint is not None:
        raise exceptions.EnvironmentError(
            f"{source} does not fit {rom.profile.title!r}: {save.map_complaint}. Give a save of this ROM, or set "
            "rom_path to the game in which it was made"
        )
    console = Console(rom.profile, battery=battery[:size])
    try:
        StartupDriver(console, rom, wants_continue=True).play()
        if fast_options:
            console.poke("wOptions", FAST_OPTIONS)
        return console.save_state()
    except exceptions.EnvironmentError as error:
        cause = "" if save.complaint is None else f" Read as data, {save.complaint}."
        raise exceptions.EnvironmentError(f"{source}: {error}.{cause}") from error
    finally:
        console.close()


def is_battery_save(content: bytes, rom: RomTables) -> bool:
    """Whether a file has the length of a battery save of this cartridge, with or without a clock at its end."""
    size = rom.profile.battery_bytes
    return size > 0 and (len(content) == size or len(content) - size in CLOCK_BYTES)


def check_start_state(state: GameState, source: str) -> None:
    """Refuse a save state of another game: its RAM does not fit this profile.

    Raises `core.exceptions.EnvironmentError`.
    """
    if state.mode is GameMode.BOOT:
        raise exceptions.EnvironmentError(
            f"{source} does not fit {state.rom.profile.title!r}: no game is running in it. Make it after the first "
            "free step of a game, with this ROM"
        )
    # while a map loads its number is there before its size, and a hack may have changed the size
    knows_size = state.mode is not GameMode.MAP_LOADING and not state.rom.profile.is_hack
    complaint = state.game.map_complaint(state.map_id, state.map_size_steps if knows_size else None)
    if complaint is not None:
        raise exceptions.EnvironmentError(
            f"{source} does not fit {state.rom.profile.title!r}: {complaint}. Give a save state of this ROM, or set "
            "rom_path to the game in which it was made"
        )

"""From power-on to the first free control, by looking before every press.

The driver presses one button at a time and reads RAM and screen in between, so it does not depend on how many frames a
title takes. It answers what a new game asks: START or A at the title, NEW GAME even where a save file is offered, a
preset name instead of the keyboard, A for the rest. The save state it makes is kept per ROM, because every env of a
process starts from the same one.
"""

from __future__ import annotations

from typing import Final

from core import exceptions
from core.game.console import Console
from core.game.state import GameState, RomTables
from core.vocabulary import Button, GameMode

MAX_PRESSES: Final = 2000
HOLD_FRAMES: Final = 6
PRESS_FRAMES: Final = 20
SURE_FRAMES: Final = 6
"""The ready test must hold over three overworld ticks."""
KEYBOARD_WORDS: Final = ("DEL", "END")

_start_states: dict[str, bytes] = {}
"""Save states at first free control by the ROM's SHA-1; forked workers inherit them."""


def new_game_state(console: Console, rom: RomTables) -> bytes:
    """The save state at the first free control of a new game; made once per ROM and process.

    Raises `core.exceptions.EnvironmentError` when the game does not get there.
    """
    known = _start_states.get(rom.profile.sha1)
    if known is None:
        play_to_first_control(console, rom)
        known = _start_states[rom.profile.sha1] = console.save_state()
    return known


def play_to_first_control(console: Console, rom: RomTables) -> int:
    """Press buttons from power-on until the ready test holds; the number of presses it took."""
    for presses in range(MAX_PRESSES):
        state = GameState(console.snapshot(), rom)
        if state.is_free and _stays_free(console, rom):
            return presses
        console.press(choose_button(state, presses), HOLD_FRAMES, PRESS_FRAMES, render=False)
    state = GameState(console.snapshot(), rom)
    shown = " / ".join(line.strip() for line in state.screen_lines if line.strip()) or "no text"
    raise exceptions.EnvironmentError(
        f"{rom.profile.title!r} did not reach free control within {MAX_PRESSES} button presses: its mode is "
        f"{state.mode}, its screen shows {shown!r}. Give start_state a PyBoy save state made in the overworld instead"
    )


def choose_button(state: GameState, presses: int) -> Button:
    """What to press before the game runs: by what the screen shows, else A and START in turn."""
    menu = state.menu
    if menu is not None:
        if menu.selected.startswith(("CONTINUE", "NEW NAME")):
            return Button.DOWN
        return Button.A
    if state.mode is GameMode.BOOT:
        last_lines = " ".join(state.screen_lines[-3:])
        if all(word in last_lines for word in KEYBOARD_WORDS):
            return Button.START if presses % 2 else Button.A
        return Button.START if presses % 4 == 0 else Button.A
    return Button.B if presses % 3 == 0 else Button.A


def _stays_free(console: Console, rom: RomTables) -> bool:
    for _ in range(SURE_FRAMES):
        console.wait(1)
        if not GameState(console.snapshot(), rom).is_free:
            return False
    return True


def check_start_state(state: GameState, source: str) -> None:
    """Refuse a save state of another game: its RAM makes no sense under this profile.

    Raises `core.exceptions.EnvironmentError`.
    """
    if state.mode is GameMode.BOOT:
        raise exceptions.EnvironmentError(
            f"{source} does not fit {state.rom.profile.title!r}: no game is running in it. Make it after the first "
            "free step of a game, with this ROM"
        )
    if state.map_id not in state.world.maps:
        raise exceptions.EnvironmentError(
            f"{source} does not fit {state.rom.profile.title!r}: it is on map {state.map_id.group}."
            f"{state.map_id.number}, which this game does not have. Give a save state of this ROM"
        )

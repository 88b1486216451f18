"""How long an action lasts: always the same, or until something can be decided again.

In most frames of a role-playing game there is nothing to decide: doors open, text is printed, a battle plays its
animations. With the adaptive cost a button is held as usual; then the game runs on, and is looked at every few frames,
until the player is free, a menu listens or a text waits for its button. The game is the same and still deterministic;
only fewer of its moments become steps, so a step lasts 16 to 120 frames instead of 24.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from core.env.emulator.console import Console
from core.game.state import GameState, RomTables
from core.vocabulary import Button, GameMode

FIXED_FRAMES: Final = 24
"""Enough for a step (16) or a turn and its beginning (8)."""
HOLD_FRAMES: Final = 8
FIRST_LOOK_FRAMES: Final = 16
"""A step of the overworld: a look before its end finds the player still moving."""
LOOK_FRAMES: Final = 4
MOST_FRAMES: Final = 120


class FrameCost(StrEnum):
    """How long an action lasts."""

    FIXED = "fixed"
    ADAPTIVE = "adaptive"


def can_decide(state: GameState) -> bool:
    """Whether a button press would decide something now."""
    if state.mode is GameMode.FREE or state.mode is GameMode.BOOT:
        return True
    return state.cursor_cell is not None or state.waits_for_button or state.mode is GameMode.MENU


def press_until_decidable(console: Console, rom: RomTables, button: Button, render: bool) -> tuple[GameState, int]:
    """Press a button, let the game run until something can be decided, and return the state and the frames it took.

    With `render` each look is drawn, since any may be the last: the game must not depend on being watched.
    """
    console.press(button, HOLD_FRAMES, FIRST_LOOK_FRAMES, render)
    frames = FIRST_LOOK_FRAMES
    state = GameState(console.snapshot(), rom)
    while frames < MOST_FRAMES and not can_decide(state):
        console.wait(LOOK_FRAMES, render)
        frames += LOOK_FRAMES
        state = GameState(console.snapshot(), rom)
    return state, frames

"""The screens on which a clock is set: the hour is turned to a bright one, the minute stays as it is.

Both games draw a box with a number and what it counts, and listen to UP, DOWN and A. Then they ask whether it is right.
By day one meets most creatures and the shops of Crystal's story are open, so the rules set ten in the morning.
"""

from __future__ import annotations

from typing import Final

from core.game.game_data import GameData
from core.game.state import GameState
from core.vocabulary import Button, GameMode

HOUR: Final = "wInitHourBuffer"
MORNING_HOUR: Final = 10
HOURS: Final = 24
HOUR_WORD: Final = "o'clock"


class ClockScreens:
    """Reads and answers one game's clock screens. A game whose layout does not name the hour has none."""

    def __init__(self, game: GameData) -> None:
        self._hour = game.layout.index(HOUR) if HOUR in game.layout.symbols else None

    def press(self, state: GameState) -> Button | None:
        """The press that turns the clock, or A when it is right; None when no clock is being set."""
        if self._hour is None or state.menu is not None or state.mode not in (GameMode.DIALOG, GameMode.MENU):
            return None
        counted = state.asked_time
        if counted is None:
            return None
        hour = state.snapshot.data[self._hour]
        if hour == MORNING_HOUR or counted != HOUR_WORD:
            return Button.A
        return Button.UP if (MORNING_HOUR - hour) % HOURS <= HOURS // 2 else Button.DOWN

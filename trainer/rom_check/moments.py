"""What a check looks at: one press with the moments in it, and the stretch from one free moment to the next.

A stretch begins with a press while the player stands free and lasts until the player stands free again: one step, a
way through a door, a whole conversation, a battle. So what a press brought about is judged when it is over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from core.game.state import GameState
from core.vocabulary import Button, GameMode, Position

STEADY_LOOKS: Final = 3
"""So many looks in a row, two frames apart, must find the player free in one place: ice and doors let go for one."""
ON_FOOT: Final = frozenset((GameMode.FREE, GameMode.WALKING))


@dataclass(frozen=True, slots=True)
class Press:
    """A button held for 8 of 24 frames, and what was seen in between."""

    step: int
    """The step of the game, from 1; of a trial, the step after which it was tried."""
    before: GameState
    button: Button
    looks: tuple[GameState, ...]
    """The game at frames 10, 12, ..., 24."""
    is_steady: bool
    """Whether the player had been free for some frames before it."""
    is_trial: bool = False
    """Tried in between and taken back: the game goes on as if it had not been."""

    @property
    def after(self) -> GameState:
        """The game at the end."""
        return self.looks[-1]

    @property
    def ends_steady(self) -> bool:
        """Whether the player stands free again, and stays."""
        last = self.looks[-STEADY_LOOKS:]
        spot = (self.after.position, self.after.facing)
        return all(one.is_free and (one.position, one.facing) == spot for one in last)


@dataclass(slots=True)
class Stretch:
    """From a press of a free player to the next free moment."""

    first: Press
    after: GameState
    """The last look; a free one once the stretch is over."""
    modes: set[GameMode] = field(default_factory=set[GameMode])
    places: set[Position] = field(default_factory=set[Position])
    """Where the player was seen, maps that load left out."""
    arrival: GameState | None = None
    """The first look on another map that had been loaded."""

    @property
    def before(self) -> GameState:
        """The free moment of the press."""
        return self.first.before

    @property
    def button(self) -> Button:
        """What was pressed."""
        return self.first.button

    @property
    def is_on_foot(self) -> bool:
        """Whether nothing but walking happened: no text, menu, scene, fight or other map."""
        return self.modes <= ON_FOOT and self.arrival is None

    def add(self, press: Press) -> None:
        """The next press of it."""
        for look in press.looks:
            self.modes.add(look.mode)
            if look.mode is GameMode.MAP_LOADING:
                continue
            self.places.add(look.position)
            if self.arrival is None and look.map_id != self.before.map_id:
                self.arrival = look
        self.after = press.after


class StretchWatch:
    """Puts presses together to stretches."""

    def __init__(self) -> None:
        self._open: Stretch | None = None

    def see(self, press: Press) -> Stretch | None:
        """Takes the next press; the stretch that ends with it, if one does."""
        if self._open is None:
            if not press.is_steady:
                return None
            self._open = Stretch(press, press.after)
        self._open.add(press)
        if not press.ends_steady:
            return None
        done, self._open = self._open, None
        return done

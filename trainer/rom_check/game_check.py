"""What all checks have in common: counts of agreement and disagreement, and evidence of the first disagreement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from core.game.game_data import GameData
from core.game.state import GameState
from trainer.rom_check.moments import Press, Stretch

MOST_BYTES: Final = 8
"""Bytes of a variable that a report shows."""

Camera = Callable[[str], str]
"""Takes a picture of the screen for the check of that name; the picture's file."""
Place = str | tuple[str, int]
"""A RAM symbol, or one with a number of bytes behind its start."""


@dataclass(frozen=True, slots=True)
class RamRow:
    """Some bytes of one variable, as they were."""

    symbol: str
    offset: int
    hex: str


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Where the game did something else than was believed."""

    believed: str
    seen: str
    step: int
    """The step of the game, from 1."""
    is_trial: bool
    """Seen while something was tried that was taken back."""
    map_id: tuple[int, int]
    """(group, number)"""
    map_key: str
    """The map's name in the game's data."""
    x: int
    y: int
    ram: tuple[RamRow, ...]
    picture: str
    """File of the screen."""


class GameCheck:
    """One belief about the game. Subclasses look at presses or stretches and say whether it held."""

    name: ClassVar[str]
    about: ClassVar[str]
    """What is compared, in words."""

    def __init__(self, game: GameData, camera: Camera) -> None:
        self.game = game
        self.passed = 0
        self.failed = 0
        self.first: Disagreement | None = None
        self._camera = camera

    def on_press(self, press: Press) -> None:
        """After every press."""

    def on_stretch(self, stretch: Stretch) -> None:
        """After every stretch."""

    def agree(self) -> None:
        """The belief held once more."""
        self.passed += 1

    def disagree(self, press: Press, state: GameState, believed: str, seen: str, *ram: Place) -> None:
        """It did not; `state` has the RAM that shows it."""
        self.record(press.step, press.is_trial, state, believed, seen, *ram)

    def record(self, step: int, is_trial: bool, state: GameState, believed: str, seen: str, *ram: Place) -> None:
        """The same where there was no press: at `step`."""
        self.failed += 1
        if self.first is not None:
            return
        place = state.position
        known = self.game.maps.get(place.map)
        self.first = Disagreement(
            believed=believed,
            seen=seen,
            step=step,
            is_trial=is_trial,
            map_id=(place.map.group, place.map.number),
            map_key=known.key if known is not None else "unknown",
            x=place.x,
            y=place.y,
            ram=tuple(self._row(state, one) for one in ram),
            picture=self._camera(self.name),
        )

    def judge(self, holds: bool, press: Press, state: GameState, believed: str, seen: str, *ram: Place) -> None:
        """`agree` or `disagree`."""
        if holds:
            self.agree()
        else:
            self.disagree(press, state, believed, seen, *ram)

    def _row(self, state: GameState, place: Place) -> RamRow:
        symbol, offset = (place, 0) if isinstance(place, str) else place
        start, end = self.game.layout.span(symbol)
        start += offset
        data = state.snapshot.data[start : min(end, start + MOST_BYTES)]
        return RamRow(symbol, offset, data.hex(" "))


def cell_words(state: GameState) -> str:
    """Where the player stands, in words."""
    place = state.position
    return f"({place.x}, {place.y}) on map {place.map.group}.{place.map.number}"

"""Which viewers a command line asks for: the one reading of `--show`, `--record`, `--scale` and `--speed`."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from core.exceptions import ConfigurationError
from trainer.watching.audience import Viewer
from trainer.watching.film import Film
from trainer.watching.terminal import Terminal
from trainer.watching.window import Window, has_display


class ShownWhere(StrEnum):
    """Where a game is shown."""

    AUTO = "auto"
    """A window where there is a display, else the terminal; nowhere while a film is recorded."""
    WINDOW = "window"
    TERMINAL = "terminal"
    NONE = "none"


Show = Annotated[ShownWhere, typer.Option(help="auto: a window where there is a display, else the terminal.")]
Record = Annotated[Path | None, typer.Option(help="Write a film: a new file that ends with .mp4 or .gif.")]
Speed = Annotated[float, typer.Option(min=0, help="1 is the normal speed; 0 as fast as it can be drawn.")]
Scale = Annotated[int, typer.Option(min=1, max=8, help="How many times as large as the screen of 160 x 144.")]


def viewers_for(show: ShownWhere, record: Path | None, speed: float, scale: int) -> list[Viewer]:
    """The viewers, not yet entered. Raises ConfigurationError or EnvironmentError where one is impossible here, and
    where nobody would see anything."""
    viewers: list[Viewer] = [] if record is None else [Film(record, scale)]
    if show is ShownWhere.AUTO:
        show = ShownWhere.NONE if viewers else _seen_here()
    if show is ShownWhere.WINDOW:
        viewers.append(Window(speed, scale))
    elif show is ShownWhere.TERMINAL:
        viewers.append(Terminal(speed))
    if not viewers:
        raise ConfigurationError("--show none without --record shows nothing to anybody: name a file for the film")
    return viewers


def pace_of(show: ShownWhere, record: Path | None, speed: float) -> float:
    """The speed at which to play: a film that nobody watches meanwhile is made as fast as possible."""
    return 0.0 if record is not None and show in (ShownWhere.AUTO, ShownWhere.NONE) else speed


def _seen_here() -> ShownWhere:
    if has_display():
        return ShownWhere.WINDOW
    if sys.stdout.isatty():
        return ShownWhere.TERMINAL
    raise ConfigurationError(
        "there is neither a display nor a terminal to show the game in: add --record game.mp4 (or .gif)"
    )

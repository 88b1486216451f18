"""The game in a terminal: half blocks, each a cell of two pixels, in 24-bit colour, and the decision below."""

from __future__ import annotations

import os
import sys
import textwrap
from types import TracebackType
from typing import Final, TextIO

import numpy as np
from PIL import Image

from core import exceptions
from trainer.watching.audience import frames_between
from trainer.watching.picture import SCREEN_HEIGHT, SCREEN_WIDTH, Caption, Picture

MOST_PICTURES_PER_SECOND: Final = 12
CAPTION_LINES: Final = 4
LEAST_COLUMNS: Final = 40
UPPER_HALF: Final = "\u2580"
_OTHER_SCREEN, _OWN_SCREEN = "\x1b[?1049h", "\x1b[?1049l"
_HIDE_CURSOR, _SHOW_CURSOR, _HOME, _CLEAR_BELOW, _PLAIN = "\x1b[?25l", "\x1b[?25h", "\x1b[H", "\x1b[J", "\x1b[0m"


class Terminal:
    """Draws over the whole terminal while it is entered, and gives it back as it was."""

    is_closed = False
    """A terminal is left by Ctrl-C."""

    def __init__(self, speed: float, output: TextIO | None = None, size: tuple[int, int] | None = None) -> None:
        """`output` is standard output where None; `size` in (columns, lines) is asked of it at each picture where None.

        Raises EnvironmentError where the output is no terminal or too narrow.
        """
        self.every_frames = frames_between(speed, MOST_PICTURES_PER_SECOND)
        self._output = output or sys.stdout
        self._size = size
        if size is None and not self._output.isatty():
            raise exceptions.EnvironmentError(
                "standard output is no terminal, so the game cannot be shown there; --record a file instead"
            )
        columns, lines = self._room()
        if columns < LEAST_COLUMNS or lines < CAPTION_LINES + 10:
            raise exceptions.EnvironmentError(
                f"the terminal has {columns} columns and {lines} lines; the game needs at least {LEAST_COLUMNS} and "
                f"{CAPTION_LINES + 10}: make it larger, or --record a file"
            )

    def show(self, screen: Picture, caption: Caption) -> None:
        """Draws one frame over the last one."""
        columns, lines = self._room()
        blocks = half_blocks(screen, columns, lines - CAPTION_LINES - 1)
        below = caption_lines(caption, columns)
        self._output.write(_HOME + "\r\n".join([*blocks, *below]) + _CLEAR_BELOW)
        self._output.flush()

    def __enter__(self) -> Terminal:
        self._output.write(_OTHER_SCREEN + _HIDE_CURSOR)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._output.write(_PLAIN + _SHOW_CURSOR + _OWN_SCREEN)
        self._output.flush()

    def _room(self) -> tuple[int, int]:
        return self._size or tuple(os.get_terminal_size(self._output.fileno()))  # type: ignore[return-value]


def half_blocks(screen: Picture, columns: int, lines: int) -> list[str]:
    """A screen, uint8 (144, 160, 3), as lines of half blocks that fit into so many columns and lines.

    The colours of a cell are said only where they differ from the cell before it.
    """
    width = min(columns, SCREEN_WIDTH, lines * 2 * SCREEN_WIDTH // SCREEN_HEIGHT)
    height = width * SCREEN_HEIGHT // SCREEN_WIDTH // 2 * 2
    image = Image.fromarray(screen)
    small = image if width == SCREEN_WIDTH else image.resize((width, height), Image.Resampling.BOX)
    pixels = np.asarray(small)
    return [_cells(pixels[row], pixels[row + 1]) for row in range(0, height, 2)]


def _cells(upper: Picture, lower: Picture) -> str:
    cells: list[str] = []
    last: tuple[int, ...] = ()
    for above, below in zip(upper.tolist(), lower.tolist(), strict=True):
        colours = (*above, *below)
        if colours != last:
            last = colours
            cells.append("\x1b[38;2;{};{};{};48;2;{};{};{}m".format(*colours))
        cells.append(UPPER_HALF)
    return "".join(cells) + _PLAIN + "\x1b[K"


def caption_lines(caption: Caption, columns: int) -> list[str]:
    """The caption as `CAPTION_LINES` lines of text, each within the columns and free of control characters."""
    reasons = textwrap.wrap(_printable(caption.reason_line), columns, max_lines=CAPTION_LINES - 2, placeholder="...")
    reasons += [""] * (CAPTION_LINES - 2 - len(reasons))
    lines = [caption.decision_line, *reasons, caption.game_line]
    return [_printable(line)[:columns] + "\x1b[K" for line in lines]


def _printable(text: str) -> str:
    """A reason may come from a language model: no escape sequence of it reaches the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)

"""The keys of a person who plays, as buttons: arrows, A and S (or Z and X) for A and B, Return START, Backspace SELECT.

In a window a button is pressed as long as its key is held; in a terminal, which tells of keys but not of their release,
each key is one press.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Protocol, TextIO

from core import exceptions
from core.vocabulary import Button

ESCAPES: Final = {
    "\x1b[A": Button.UP,
    "\x1b[B": Button.DOWN,
    "\x1b[D": Button.LEFT,
    "\x1b[C": Button.RIGHT,
}
LETTERS: Final = {
    "a": Button.A,
    "z": Button.A,
    " ": Button.A,
    "s": Button.B,
    "x": Button.B,
    "\n": Button.START,
    "\r": Button.START,
    "\x7f": Button.SELECT,
    "\b": Button.SELECT,
}
_ESCAPE_LENGTH: Final = 3


class Keys(Protocol):
    """Where presses come from. Entered before the first, left after the last."""

    def button(self) -> Button:
        """What is pressed now; `Button.NONE` where nothing is."""
        ...

    def __enter__(self) -> Keys: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class WindowKeys:
    """The keyboard while a `Window` is open; the window itself asks for its events with every picture."""

    def __enter__(self) -> WindowKeys:
        return self

    def button(self) -> Button:
        """The first button whose key is held."""
        from trainer.watching import window

        return window.held_button()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class TerminalKeys:
    """Keys typed at a terminal, one press each, the oldest first."""

    def __init__(self, source: TextIO | None = None) -> None:
        """`source` is standard input where None. Raises EnvironmentError where that is no terminal, and on Windows."""
        self._source = source or sys.stdin
        self._pending = ""
        self._put_back: Callable[[], object] | None = None
        if sys.platform == "win32" or not self._source.isatty():
            raise exceptions.EnvironmentError(
                "there are no keys to play with: standard input is no terminal. Play in a window (--show window), or "
                "watch somebody (--player rules)"
            )

    def __enter__(self) -> TerminalKeys:
        import termios
        import tty

        number = self._source.fileno()
        before = termios.tcgetattr(number)
        self._put_back = lambda: termios.tcsetattr(number, termios.TCSADRAIN, before)
        tty.setcbreak(number)
        return self

    def button(self) -> Button:
        """The next press."""
        number: Any = self._source.fileno()
        while select.select([number], [], [], 0)[0]:
            typed = os.read(number, 64).decode("utf-8", "replace")
            if not typed:
                break
            self._pending += typed
        pressed, self._pending = first_press(self._pending)
        return pressed

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._put_back is not None:
            self._put_back()


def first_press(typed: str) -> tuple[Button, str]:
    """The first press in what was typed, and what follows it; keys without a meaning are passed over."""
    while typed:
        escape = typed[:_ESCAPE_LENGTH]
        if escape in ESCAPES:
            return ESCAPES[escape], typed[_ESCAPE_LENGTH:]
        letter, typed = typed[0].lower(), typed[1:]
        if letter in LETTERS:
            return LETTERS[letter], typed
    return Button.NONE, ""

"""Ctrl-C and `kill`, from a program's first line to its end.

No handler here raises. An exception that comes between any two instructions can be swallowed, in a fork hook or in a
callback from C, and leaves half-done whatever it meets. A handler either notes the signal for a loop that looks
(`StopRequest`), or ends the process at once (`ProgramSignals`). Ending at once harms nothing: files are written so that
a kill leaves the last good ones, and every child process leaves when its pipe from this one closes.

This module imports next to nothing, so that a program can watch signals before it imports what takes a second.
"""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)
EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
"""What a shell expects of a program that a signal ended: 128 plus the signal's number."""
_STANDARD_ERROR = 2
_SHOW_CURSOR = "\x1b[?25h"
"""For terminals: a progress display hides the cursor."""


class ProgramSignals:
    """The handler of a whole program. Where no `StopRequest` is entered, a signal ends the process at once: with one
    line on standard error and an exit code of `EXIT_CODES`."""

    def __init__(self) -> None:
        self.noted: signal.Signals | None = None
        """The signal that a `StopRequest` took, or None: the program is then to end with its exit code."""

    def watch(self) -> None:
        """From now on. A signal that whoever started the program lets it ignore (nohup, an ampersand in a script) stays
        ignored."""
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self)

    def leave(self) -> None:
        """The last thing that a program does: all is done, and nothing is left to be stopped. Python gives signals back
        to the system before it takes its modules down; one that came then would end the process without a word."""
        for number in SIGNALS:
            if signal.getsignal(number) is self:
                signal.signal(number, signal.SIG_IGN)

    def __call__(self, number: int, _frame: FrameType | None) -> NoReturn:
        say_stopped(signal.Signals(number))
        os._exit(EXIT_CODES[signal.Signals(number)])


def say_stopped(number: signal.Signals) -> None:
    """The one line. Written past Python's buffers: the signal may have come while one of them was being written."""
    cursor = _SHOW_CURSOR if os.isatty(_STANDARD_ERROR) else ""
    try:
        os.write(_STANDARD_ERROR, f"{cursor}Stopped by {number.name}.\n".encode())
    except OSError:
        return  # nobody reads it any more


class StopRequest:
    """Notes the first signal while it is entered, for a loop that ends after its current step; the second one ends the
    program at once. In a thread other than the main one it only never sees any."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        """The signal that came, or None."""
        self._is_asked = False
        self._previous: dict[signal.Signals, object] = {}

    @property
    def requested(self) -> bool:
        """True once a signal has come, or `ask` was called."""
        return self._is_asked or self.signal is not None

    def ask(self) -> None:
        """Asks for the end without a signal."""
        self._is_asked = True

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._previous[number] = signal.getsignal(number)
                    signal.signal(number, self._notice)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal itself gave
        self._previous.clear()

    def _notice(self, number: int, frame: FrameType | None) -> None:
        """Without a program that watches signals (a notebook, one's own script), the second is Python's Ctrl-C."""
        program = self._previous.get(signal.Signals(number))
        if self.signal is None:
            self.signal = signal.Signals(number)
            if isinstance(program, ProgramSignals):
                program.noted = self.signal
        elif isinstance(program, ProgramSignals):
            program(number, frame)
        else:
            raise KeyboardInterrupt

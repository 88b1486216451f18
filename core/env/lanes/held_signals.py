"""Signals kept away from a fork: what comes while a worker is being forked is delivered to the main process after it.

A handler that raises (Ctrl-C in Python raises KeyboardInterrupt) would do so inside a fork hook, where it is swallowed
and the hook's lock, that of `logging` for one, stays locked for ever. And a new process would have the handlers of its
parent for an instant.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

HELD: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def signals_held() -> Generator[None]:
    """While it is entered, SIGINT and SIGTERM wait. Their handlers run when it is left, and may raise then.

    Blocking them is not enough: another thread may take a signal, and Python then runs its handler in the main thread.
    So the handlers are others meanwhile. In another thread than the main one no handler ever runs.
    """
    came: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    handlers: dict[int, Callable[[int, FrameType | None], Any] | int] = {}
    can_block = hasattr(signal, "pthread_sigmask")  # not on Windows, where nothing is forked either
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, HELD) if can_block else set[int]()
    try:
        if threading.current_thread() is threading.main_thread():
            for number in HELD:
                handler = signal.getsignal(number)
                if handler is not None:  # None: not set by Python, and not to be set back by it
                    handlers[number] = handler
                    signal.signal(number, note)
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if can_block:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number in came:
            signal.raise_signal(number)


def ignore_signals() -> None:
    """In a new worker, forked while signals are held: they are for the main process, which tells its workers what to
    do. A signal to the whole process group (Ctrl-C, a batch system) would else kill workers that are to be replaced."""
    for number in HELD:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)

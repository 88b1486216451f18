"""How every program of this project begins and ends: signals are watched first, then its modules are imported."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable
from typing import NoReturn

from trainer.run.stop_request import EXIT_CODES, ProgramSignals, say_stopped


def run_program(program: Callable[[], int | None]) -> NoReturn:
    """Runs a program that imports what it needs itself, and exits with its exit code.

    At every moment the first SIGINT or SIGTERM ends it with one line, no traceback, and exit code 130 or 143: at once,
    or after the current step where a `StopRequest` is entered. Does not return, and keeps watching until all is done:
    a signal that comes while Python takes its modules down changes nothing any more.
    """
    signals = ProgramSignals()
    atexit.register(signals.leave)  # runs last: what is registered first is called last
    signals.watch()
    try:
        code: object = program()
    except SystemExit as end:
        code = end.code
    if signals.noted is not None:
        say_stopped(signals.noted)
        code = EXIT_CODES[signals.noted]
    sys.exit(code)  # type: ignore[arg-type]  # what sys.exit itself was given

"""Exit codes of the command lines: one line and 2 for bad input, a traceback for bugs."""

from __future__ import annotations

import sys
from collections.abc import Callable

from core.exceptions import BAD_INPUT_ERRORS
from core.extras import how_to_install

EXIT_CHECK_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130
"""128 + SIGINT, the convention of shells."""


def run_reporting_bad_input(program: Callable[[], object]) -> int:
    """Run a program and return its exit code: 0, or 2 after printing a bad-input error as one line on stderr.

    A package that only an extra brings is such an error. Ctrl-C returns 130. Other errors pass through with their
    traceback, and so does `SystemExit`.
    """
    try:
        program()
    except BAD_INPUT_ERRORS as error:
        return _say(str(error))
    except ModuleNotFoundError as error:
        advice = how_to_install(error)
        if advice is None:
            raise
        return _say(advice)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    return 0


def _say(message: str) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return EXIT_BAD_INPUT

"""`crystal-agent`, the console script."""

from __future__ import annotations

from typing import NoReturn

from trainer.commands.program import run_program


def _run() -> int:
    from trainer.commands.app import run  # imports all commands: a second, in which signals are watched already

    return run()


def main() -> NoReturn:
    """Exits with 0, 1 for a failed check, 2 for bad input, 130 or 143 when a signal ended the command."""
    run_program(_run)


if __name__ == "__main__":
    main()

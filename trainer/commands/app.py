"""The commands of `crystal-agent`: a group of subcommands for each task besides training."""

from __future__ import annotations

import typer

from trainer.commands.exit_codes import run_reporting_bad_input
from trainer.commands.registry import COMMANDS, add_command

app = typer.Typer(
    help="Tools around a crystal-hybrid training.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # the project's errors are one line already; a bug should show its whole traceback
)
for built_in in COMMANDS.built_in_names():
    add_command(app, built_in)


def run() -> int:
    """Runs the command of the command line: exits with 0, 1 for a failed check, or returns 2 for bad input."""
    return run_reporting_bad_input(_run)


def _run() -> None:
    """Installed packages may be broken, so their commands are entered where that is told in one line."""
    for name in COMMANDS.names():
        if name not in COMMANDS.built_in_names():
            add_command(app, name)
    app()

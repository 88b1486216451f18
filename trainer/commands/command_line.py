"""`crystal-agent`: one command with a group of subcommands for each task besides training."""

from __future__ import annotations

import sys

import typer

from trainer.commands import decisions, team
from trainer.commands.doctor import doctor
from trainer.commands.evaluate import evaluate
from trainer.commands.exit_codes import run_reporting_bad_input

app = typer.Typer(
    help="Tools around a crystal-hybrid training.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # the project's errors are one line already; a bug should show its whole traceback
)
app.add_typer(decisions.app, name="decisions")
app.add_typer(team.app, name="team")
app.command()(doctor)
app.command()(evaluate)


def main() -> None:
    """The console script: exits with 0, 1 for a failed check, or 2 for bad input."""
    sys.exit(run_reporting_bad_input(app))


if __name__ == "__main__":
    main()

"""The commands of `crystal-agent`: a group of subcommands for each task.

A command's module is imported when that command runs, no sooner: `crystal-agent --help` imports none of them, and so
neither torch nor the emulator.
"""

from __future__ import annotations

from importlib import metadata
from typing import Annotated

import typer
from typer.core import TyperCommand, TyperGroup

from core.nearest import nearest
from trainer.commands.exit_codes import run_reporting_bad_input
from trainer.commands.registry import COMMANDS, as_click_command, spelt, summary

DISTRIBUTION = "crystal-hybrid"


class CommandsOnDemand(TyperGroup):
    """The registered commands: listed by name and summary, imported when one of them is to run."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """Names as they are typed: built-in ones, then those of other packages."""
        built_in = COMMANDS.built_in_names()
        return [spelt(name) for name in (*built_in, *(name for name in COMMANDS.names() if name not in built_in))]

    def get_command(self, ctx: typer.Context, cmd_name: str) -> TyperCommand | None:  # type: ignore[override]
        """What the list shows of a command; `resolve_command` has the command itself."""
        name = _registered(cmd_name)
        return None if name is None else TyperCommand(cmd_name, help=summary(name))

    def resolve_command(self, ctx: typer.Context, args: list[str]):  # type: ignore[no-untyped-def, override]
        """The command that is to run, which is imported now."""
        name = _registered(args[0])
        if name is None:
            ctx.fail(f"No such command {args[0]!r}: {nearest(args[0], self.list_commands(ctx))}")
        return args[0], as_click_command(name), args[1:]


def _registered(typed: str) -> str | None:
    return next((name for name in COMMANDS.names() if spelt(name) == typed), None)


def _say_version(wanted: bool) -> None:
    if wanted:
        try:
            print(f"crystal-agent {metadata.version(DISTRIBUTION)}")
        except metadata.PackageNotFoundError:
            print(f"crystal-agent of a source tree in which {DISTRIBUTION} is not installed: pip install -e .")
        raise typer.Exit


app = typer.Typer(
    cls=CommandsOnDemand,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # the project's errors are one line already; a bug should show its whole traceback
)


@app.callback()
def crystal_agent(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Train a hybrid agent, look at what it did, and measure what it reaches."""


def run() -> int:
    """Runs the command of the command line: exits with 0, 1 for a failed check, or returns 2 for bad input."""
    return run_reporting_bad_input(app)

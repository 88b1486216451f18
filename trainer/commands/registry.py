"""Commands of `crystal-agent` by name: those of `trainer/commands/builtin/`, and those of other packages."""

from __future__ import annotations

import typer

from core.registry import Registry


def _fault(thing: object) -> str:
    return "" if isinstance(thing, typer.Typer) or callable(thing) else f"{thing!r} is no function and no Typer app"


COMMANDS: Registry[object] = Registry("command", fault=_fault, room="trainer.commands.builtin")
"""A function whose parameters are the command's, as Typer reads them, or a Typer app with commands of its own."""


def spelt(name: str) -> str:
    """A registered name as it is typed, with dashes: a file `check_rom.py` holds `crystal-agent check-rom`."""
    return name.replace("_", "-")


def add_command(app: typer.Typer, name: str) -> None:
    """Enters a command under its name. Raises ConfigurationError where a package registers what is no command."""
    command = COMMANDS.resolve(name)
    if isinstance(command, typer.Typer):
        app.add_typer(command, name=spelt(name))
    elif callable(command):
        app.command(spelt(name))(command)

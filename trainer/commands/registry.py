"""Commands of `crystal-agent` by name: those of `trainer/commands/builtin/`, and those of other packages."""

from __future__ import annotations

import typer

from core.registry import Registry


def _fault(thing: object) -> str:
    return "" if isinstance(thing, typer.Typer) or callable(thing) else f"{thing!r} is no function and no Typer app"


COMMANDS: Registry[object] = Registry("command", fault=_fault, room="trainer.commands.builtin")
"""A function whose parameters are the command's, as Typer reads them, or a Typer app with commands of its own."""


def add_command(app: typer.Typer, name: str) -> None:
    """Enters a command under its name, written with dashes: a file `check_rom.py` holds `crystal-agent check-rom`.

    Raises ConfigurationError where a package registers what is no command.
    """
    command, spelt = COMMANDS.resolve(name), name.replace("_", "-")
    if isinstance(command, typer.Typer):
        app.add_typer(command, name=spelt)
    elif callable(command):
        app.command(spelt)(command)

"""Commands of `crystal-agent` by name: those of `trainer/commands/builtin/`, and those of other packages."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import typer
from typer.core import TyperCommand

from core.registry import Registry

ROOM: Final = "trainer.commands.builtin"


@dataclass(frozen=True, slots=True)
class OwnParser:
    """A command that reads its part of the command line itself, `--help` included."""

    program: Callable[[list[str], str], int]
    """Takes the arguments and the command's name for messages; gives the exit code."""


class _OwnParserCommand(TyperCommand):
    def __init__(self, name: str, command: OwnParser) -> None:
        super().__init__(name)
        self._program = command.program

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """They are left as they are."""
        ctx.args = args
        return args

    def invoke(self, ctx: Any) -> None:
        """Ends with the program's exit code."""
        raise typer.Exit(self._program(ctx.args, ctx.command_path))


def _fault(thing: object) -> str:
    return (
        ""
        if isinstance(thing, typer.Typer | OwnParser) or callable(thing)
        else f"{thing!r} is no function and no Typer app"
    )


COMMANDS: Registry[object] = Registry("command", fault=_fault, room=ROOM)
"""A function whose parameters are the command's, as Typer reads them; a Typer app with commands of its own; or an
`OwnParser`."""


def spelt(name: str) -> str:
    """A registered name as it is typed, with dashes: a file `check_rom.py` holds `crystal-agent check-rom`."""
    return name.replace("_", "-")


def summary(name: str) -> str:
    """What a command does, in a sentence. That of a built-in one is read from its file's docstring, after
    "`crystal-agent name`: ", so that a list of commands imports none of them."""
    if name not in COMMANDS.built_in_names():
        return as_click_command(name).help or ""
    spec = importlib.util.find_spec(f"{ROOM}.{name}")
    loader: Any = None if spec is None else spec.loader
    docstring = ast.get_docstring(ast.parse(loader.get_source(f"{ROOM}.{name}"))) or ""
    said = docstring.partition("`: ")[2].partition("\n\n")[0].replace("\n", " ")
    return said[:1].upper() + said[1:]


def as_click_command(name: str) -> Any:
    """A command, imported and made ready to run. Raises ConfigurationError where a package registers what is none."""
    command: Any = COMMANDS.resolve(name)
    if isinstance(command, OwnParser):
        return _OwnParserCommand(spelt(name), command)
    if isinstance(command, typer.Typer):
        group = typer.main.get_group(command)
        group.name = spelt(name)
        return group
    app = typer.Typer(add_completion=False)
    app.command(spelt(name))(command)
    return typer.main.get_command(app)

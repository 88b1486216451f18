"""`crystal-agent init`: write a complete config, and a table of what its keys mean, into a folder of your own.

JSON has no comments, and a key that nobody reads is an error in every config: so the explanations lie beside it, in
`config.md`, made from the same definitions that check it.
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Annotated, Final

import typer

from core.exceptions import ConfigurationError
from trainer.checkpoints.durable_files import write_text_atomically
from trainer.commands.registry import COMMANDS
from trainer.run.checks import check_writable
from trainer.settings.description import settings_table

CONFIG: Final = "config.json"
TABLE: Final = "config.md"


@COMMANDS.register("init")
def init(
    folder: Annotated[Path, typer.Argument(help="Where to write; made if it is not there.")] = Path("."),
    rom: Annotated[Path | None, typer.Option(help="Your own cartridge, instead of the bundled one.")] = None,
) -> None:
    """Write config.json, the default run, and config.md, which explains each key.

    With --rom the config is that for Crystal. Files that are there already are left alone, and nothing is written then.
    """
    text = (resources.files("trainer.settings") / ("config.crystal.json" if rom else CONFIG)).read_text("utf-8")
    if rom is not None:
        first = json.dumps(json.loads(text)["rom_path"])
        text = text.replace(first, json.dumps(str(rom.resolve())), 1)
    check_writable("folder", folder)
    for name in (CONFIG, TABLE):
        if (folder / name).exists():
            raise ConfigurationError(f"{folder / name} exists already; name another folder, or move it away")
    write_text_atomically(folder / CONFIG, text)
    write_text_atomically(folder / TABLE, settings_table())
    print(f"wrote {folder / CONFIG}, and {folder / TABLE}, which explains each key")
    print(f"train with: crystal-agent train --config {folder / CONFIG}")

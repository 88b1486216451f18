"""`crystal-agent serve`: the page of a run in a browser, while it goes on or afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.exceptions import ConfigurationError
from trainer.commands.registry import COMMANDS
from trainer.lane_views.lane_slots import FOLDER
from trainer.live_page.messages import token_of
from trainer.live_page.port import check_port
from trainer.settings import load_settings


@COMMANDS.register("serve")
def serve(
    folder: Annotated[Path, typer.Argument(help="Where the run's config.json lies.")] = Path("."),
    config: Annotated[Path | None, typer.Option(help="The config, where it has another name.")] = None,
    db: Annotated[Path | None, typer.Option("--db", help="The decision database, instead of the config's.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8123,
    host: Annotated[
        str, typer.Option(help="127.0.0.1 is this machine only; 0.0.0.0 whoever reaches it.")
    ] = "127.0.0.1",
) -> None:
    """Serve a page with a run's lanes, curves, maps and record, and past runs beside it."""
    from trainer.live_page.server import ServedRun
    from trainer.live_page.serving import serve as serve_page

    file = config or folder / "config.json"
    if not file.is_file():
        raise ConfigurationError(f"there is no {file}: name the folder of a run's config.json, or the file by --config")
    settings = load_settings(file)
    database = db or settings.decision_db_path
    if not database.is_file() and not settings.save_dir.is_dir():
        raise ConfigurationError(
            f"nothing of a run is there yet, neither its record {database} nor its folder {settings.save_dir}: "
            "train first"
        )
    check_port(host, port)
    run = ServedRun(settings.save_dir, database, settings.rom_path)
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    typer.echo(f"http://{shown}:{port}/#{token_of(settings.save_dir / FOLDER)}")
    typer.echo("Ctrl-C ends it", err=True)
    serve_page(run, host, port)

"""`crystal-agent report`: a run as one HTML file; a training from the command line writes it at its end, too."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trainer.commands.registry import COMMANDS
from trainer.settings import load_settings


@COMMANDS.register("report")
def report(
    config: Annotated[Path, typer.Option(help="The config of the run.")] = Path("config.json"),
    run: Annotated[str | None, typer.Option(help="A run of the record; the newest by default.")] = None,
    db: Annotated[Path | None, typer.Option("--db", help="The decision database, instead of the config's.")] = None,
    out: Annotated[Path | None, typer.Option(help="File to write; report.html in save_dir by default.")] = None,
) -> None:
    """Write a run's curves, milestones, sources, losses, maps, patterns and settings as one HTML file."""
    from trainer.live_page.report import FILE_NAME, write_report
    from trainer.live_page.server import ServedRun

    settings = load_settings(config)
    served = ServedRun(settings.save_dir, db or settings.decision_db_path, settings.rom_path)
    typer.echo(f"wrote {write_report(served, run, out or settings.save_dir / FILE_NAME)}")

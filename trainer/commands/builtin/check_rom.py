"""`crystal-agent check-rom`: does a cartridge do what this program believes? See docs/crystal.md for the report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.progress import Progress

from core.exceptions import ConfigurationError
from trainer.commands.exit_codes import EXIT_CHECK_FAILED
from trainer.commands.printing import print_table
from trainer.commands.registry import COMMANDS
from trainer.rom_check.checked_play import CheckedPlay, PlayOutcome, PlaySettings
from trainer.rom_check.report import report_of, verdict, write_report
from trainer.run.checks import check_writable
from trainer.settings import load_settings

DEFAULT_STEPS: Final = 3000
"""About a minute on one core: on Fernvale two towns, a road and some twenty fights."""


@COMMANDS.register("check_rom")
def check_rom(
    rom: Annotated[Path | None, typer.Argument(help="The ROM; the config's by default.")] = None,
    config: Annotated[Path, typer.Option(help="The config that names the ROM.")] = Path("config.json"),
    state: Annotated[Path | None, typer.Option(help="Begin with a save state or battery save, not power-on.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Presses to play; 3,000 by default.")] = None,
    minutes: Annotated[float | None, typer.Option(min=0.01, help="Play for so long instead.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Draws when the game begins and free choices.")] = 0,
    report: Annotated[Path, typer.Option(help="Where the report goes.")] = Path("check-rom-report.json"),
    allow_unknown_rom: Annotated[bool, typer.Option(help="Take a hack for the game of its title.")] = False,
) -> None:
    """Play a cartridge with the rules and compare, live, what is believed with what the game does.

    Exits with 1 when a check failed and with 2 when ROM or state cannot be used. The report has nothing of the ROM in
    it; pictures of disagreements lie in a folder beside it.
    """
    if steps is not None and minutes is not None:
        raise ConfigurationError(f"--steps {steps} and --minutes {minutes:g} are both given: choose one")
    if rom is None:
        settings = load_settings(config)
        rom, allow_unknown_rom = settings.rom_path, allow_unknown_rom or settings.allow_unknown_rom
    if report.is_dir():
        raise ConfigurationError(f"--report {report} is a folder: name a file")
    check_writable("--report", report.parent)
    if steps is None and minutes is None:
        steps = DEFAULT_STEPS
    played = PlaySettings(
        rom_path=rom,
        pictures=report.with_suffix(".pictures"),
        state=state,
        steps=steps,
        minutes=minutes,
        seed=seed,
        allow_unknown_rom=allow_unknown_rom,
    )
    with Progress(transient=True, disable=not sys.stdout.isatty()) as progress:
        task = progress.add_task("playing", total=steps)
        outcome = CheckedPlay(played, lambda step: progress.update(task, completed=step)).run()
    write_report(report, report_of(outcome, played))
    _print(outcome, report, played)
    if any(check.failed for check in outcome.checks):
        raise typer.Exit(EXIT_CHECK_FAILED)


def _print(outcome: PlayOutcome, report: Path, played: PlaySettings) -> None:
    profile = outcome.rom.profile
    rows = [(one.name, one.about, one.passed, one.failed, verdict(one)) for one in outcome.checks]
    title = f"{outcome.rom.profile.game.title}, {profile.revision}: {outcome.steps:,} steps"
    print_table(title, ("check", "what is compared", "passed", "failed", "verdict"), rows)
    for check in outcome.checks:
        if check.first is None:
            continue
        one = check.first
        ram = ", ".join(f"{row.symbol}{f'+{row.offset}' if row.offset else ''} = {row.hex}" for row in one.ram)
        tried = ", tried and taken back" if one.is_trial else ""
        print(f"{check.name}: step {one.step}{tried}, map {one.map_key} {one.map_id}, ({one.x}, {one.y})")
        print(f"  believed: {one.believed}\n  seen:     {one.seen}\n  RAM:      {ram}\n  picture:  {one.picture}")
    print(f"Report: {report}. It has nothing of the ROM in it and may be sent.")
    if any(check.failed for check in outcome.checks):
        print(f"Pictures: {played.pictures}. They show the game; keep them to yourself.")

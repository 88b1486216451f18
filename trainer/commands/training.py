"""What the front door does: reads a config, trains, prints the summary."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from rich.console import Console

from trainer.checkpoints.own_names import folder_of
from trainer.commands.exit_codes import run_reporting_bad_input
from trainer.hybrid_llm_rl_trainer import create_trainer
from trainer.live_page.report import FILE_NAME as REPORT
from trainer.live_page.report import write_report
from trainer.live_page.server import ServedRun
from trainer.run.log_setup import log_to_console
from trainer.run.progress import LiveProgress, LogProgress, NoProgress, ProgressDisplay
from trainer.run.summary import FILE_NAME, summary_table
from trainer.settings import load_settings


def parse_arguments(arguments: list[str], program: str | None = None) -> argparse.Namespace:
    """The command line; paths in it are relative to the working directory. `program` is its name in messages."""
    parser = argparse.ArgumentParser(
        program, description="Train a hybrid agent. Everything that can be set is in the config."
    )
    parser.add_argument("--config", type=Path, default=Path("config.json"), help="JSON file (default: config.json)")
    parser.add_argument(
        "--resume",
        nargs="?",
        const="latest",
        metavar="CHECKPOINT",
        help="go on where the last finished episode ended, or from the named checkpoint",
    )
    parser.add_argument("--episodes", type=int, help="episodes of the run in all, instead of total_episodes")
    parser.add_argument("--save-dir", help="instead of save_dir")
    parser.add_argument("--seed", type=int, help="instead of seed")
    parser.add_argument("--no-progress", action="store_true", help="no progress display, only events")
    return parser.parse_args(arguments)


def progress_display(console: Console, wanted: bool) -> ProgressDisplay:
    """A live panel on a terminal, log lines elsewhere, nothing when not wanted."""
    if not wanted:
        return NoProgress()
    if console.is_terminal:
        log_to_console(console)
        return LiveProgress(console)
    return LogProgress()


def train(arguments: argparse.Namespace) -> None:
    """Trains as asked; returns normally, too, when a signal stopped the run."""
    console = Console()
    settings = load_settings(arguments.config).changed(
        total_episodes=arguments.episodes,
        save_dir=None if arguments.save_dir is None else folder_of("--save-dir", arguments.save_dir),
        seed=arguments.seed,
    )
    progress = progress_display(console, not arguments.no_progress)
    trainer = create_trainer(settings, progress, resume_from=arguments.resume)
    try:
        summary = trainer.train(**settings.train_arguments())
    finally:
        trainer.close()
    served = ServedRun(settings.save_dir, settings.decision_db_path, settings.rom_path)
    report = write_report(served, summary["run"], settings.save_dir / REPORT)
    console.print(summary_table(summary))
    console.print(
        f"Summary: {settings.save_dir / FILE_NAME}\nDecisions: {settings.decision_db_path}\nReport: {report}",
        soft_wrap=True,
    )
    if trainer.stop.requested:
        console.print("Stopped. Go on with --resume.")


def main(arguments: list[str], program: str | None = None) -> int:
    """The exit code: 0, or 2 after one line that says what is wrong with the input."""
    return run_reporting_bad_input(partial(train, parse_arguments(arguments, program)))

"""The front door: read a config, train, print the summary.

python run_training.py --config config.json
python run_training.py --config config.json --resume
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from core.exceptions import BAD_INPUT_ERRORS, CrystalHybridError
from trainer.hybrid_llm_rl_trainer import create_trainer
from trainer.log_setup import log_to_console
from trainer.progress import LiveProgress, LogProgress, NoProgress, ProgressDisplay
from trainer.settings import load_settings
from trainer.stop_request import EXIT_CODES
from trainer.summary import summary_table

BAD_INPUT_EXIT_CODE = 2
FAILURE_EXIT_CODE = 1


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line; paths in it are relative to the working directory."""
    parser = argparse.ArgumentParser(description="Train a hybrid agent. Everything that can be set is in the config.")
    parser.add_argument("--config", type=Path, default=Path("config.json"), help="JSON file (default: config.json)")
    parser.add_argument(
        "--resume",
        nargs="?",
        const="latest",
        metavar="CHECKPOINT",
        help="go on where the last finished episode ended, or from the named checkpoint",
    )
    parser.add_argument("--episodes", type=int, help="episodes of the run in all, instead of total_episodes")
    parser.add_argument("--save-dir", type=Path, help="instead of save_dir")
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


def train(arguments: argparse.Namespace) -> int:
    """Trains as asked; the exit code of a run that ended by itself or by a signal."""
    console = Console()
    settings = load_settings(arguments.config).changed(
        total_episodes=arguments.episodes, save_dir=arguments.save_dir, seed=arguments.seed
    )
    trainer = create_trainer(
        settings, progress_display(console, not arguments.no_progress), resume_from=arguments.resume
    )
    try:
        summary = trainer.train(**settings.train_arguments())
    finally:
        trainer.close()
    console.print(summary_table(summary))
    console.print(f"Summary: {settings.save_dir / 'training_summary.json'}; decisions: {settings.decision_db_path}")
    if trainer.stop.signal is None:
        return 0
    console.print("Stopped. Go on with --resume.")
    return EXIT_CODES[trainer.stop.signal]


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; bad input ends in one line on standard error and exit code 2."""
    try:
        return train(parse_arguments(arguments))
    except BAD_INPUT_ERRORS as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT_EXIT_CODE
    except CrystalHybridError as error:
        print(f"error: {error}\nThe last finished episode is saved; go on with --resume.", file=sys.stderr)
        return FAILURE_EXIT_CODE


if __name__ == "__main__":
    sys.exit(main())

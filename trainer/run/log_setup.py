"""Where log lines go when the program that uses us has not decided that itself."""

from __future__ import annotations

import logging
import sys

from rich.console import Console
from rich.logging import RichHandler

HOUSE_LOGGERS = ("agents", "core", "trainer")


def set_log_level(level: str) -> None:
    """Sets the level of this project's loggers; lines go to standard error unless logging is configured already."""
    if not logging.getLogger().handlers:
        logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in HOUSE_LOGGERS:
        logging.getLogger(name).setLevel(level)


def log_to_console(console: Console) -> None:
    """Sends log lines through `console`, so that they scroll by above a live display."""
    handler = RichHandler(console=console, show_path=False, rich_tracebacks=False)
    logging.basicConfig(handlers=[handler], format="%(message)s", datefmt="%H:%M:%S", force=True)

"""One thread a process for all tests and what they start: the nets are small, and threads that wait by spinning starve
the emulators and trainers beside them. And log levels that a test has set end with it: order must not matter."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest

from trainer.run.log_setup import HOUSE_LOGGERS

os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def _log_levels() -> Iterator[None]:
    """A run sets the levels of the whole process (`log_level`): the next test must hear warnings again."""
    loggers = [logging.getLogger(name) for name in HOUSE_LOGGERS]
    levels = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)

"""Trainings that are stopped by SIGINT or SIGTERM while they start, play, evaluate or end."""

from __future__ import annotations

from pathlib import Path

from tests.stopped_programs import stopped_at_random


def trial(seed: int, folder: Path) -> list[str]:
    return stopped_at_random(folder, seed)

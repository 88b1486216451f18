"""Configs with a mistake: each is taken, or refused in one line with exit code 2 and nothing on disk."""

from __future__ import annotations

from pathlib import Path

from tests.mutated_configs import mutated_configs, tried

KINDS_OF_MUTATION = 9
PLAYED_IN = 4
"""One config of so many that are taken is trained with, too."""


def trial(seed: int, folder: Path) -> list[str]:
    *_, config = mutated_configs(seed, seed % KINDS_OF_MUTATION + 1)
    outcome = tried(config, folder, plays=seed % PLAYED_IN == 0)
    return [f"{outcome.name}: {fault}" for fault in outcome.faults]

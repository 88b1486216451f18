"""Programs of a model that try to get out, take too much or confuse who reads their answers."""

from __future__ import annotations

from pathlib import Path

from core.worlds.sandbox import missing_own_root
from tests.hostile_programs import attempts


def trial(seed: int, folder: Path) -> list[str]:
    """One program after the other: as many trials as there are programs try them all."""
    folder.chmod(0o755)
    tried = attempts(own_root=missing_own_root() is None)
    name = list(tried)[seed % len(tried)]
    return [f"{name}: {fault}" for fault in tried[name](folder)]

"""The report of a check: what a user may send to others, because nothing of the ROM is in it but its SHA-1."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from core.env.emulator.console import EMULATOR
from trainer.checkpoints.checkpoint import program_version
from trainer.checkpoints.durable_files import write_text_atomically
from trainer.rom_check.checked_play import PlayOutcome, PlaySettings
from trainer.rom_check.game_check import Disagreement, GameCheck

FORMAT: Final = 1
PASSED, FAILED, NOT_MET = "passed", "failed", "not met"


def verdict(check: GameCheck) -> str:
    """The check in a word; "not met" where the play showed nothing that it could judge."""
    if check.failed:
        return FAILED
    return PASSED if check.passed else NOT_MET


def report_of(outcome: PlayOutcome, settings: PlaySettings) -> dict[str, Any]:
    """The report as JSON has it: program, cartridge, play, and a row for each check.

    Map keys, flag names and RAM symbols are those of this program's data; of the game's memory it has the few bytes of
    `ram` that a disagreement hangs on, and no text, picture or code.
    """
    profile = outcome.rom.profile
    return {
        "format": FORMAT,
        "program": {"version": program_version(), "emulator": EMULATOR, "python": platform.python_version()},
        "cartridge": {"game": profile.name, "revision": profile.revision, "sha1": profile.sha1},
        "play": {
            "start": "power-on" if settings.state is None else "a state",
            "seed": settings.seed,
            "steps": outcome.steps,
            "milestones": list(outcome.milestones),
        },
        "checks": [_check(check) for check in outcome.checks],
    }


def write_report(path: Path, report: Mapping[str, Any]) -> None:
    """Write the report as a whole."""
    write_text_atomically(path, json.dumps(report, indent=2) + "\n")


def _check(check: GameCheck) -> dict[str, Any]:
    return {
        "check": check.name,
        "about": check.about,
        "verdict": verdict(check),
        "passed": check.passed,
        "failed": check.failed,
        "first_disagreement": None if check.first is None else _disagreement(check.first),
    }


def _disagreement(one: Disagreement) -> dict[str, Any]:
    return {
        "believed": one.believed,
        "seen": one.seen,
        "step": one.step,
        "tried_and_taken_back": one.is_trial,
        "map": {"group": one.map_id[0], "number": one.map_id[1], "key": one.map_key},
        "x": one.x,
        "y": one.y,
        "ram": [{"symbol": row.symbol, "offset": row.offset, "bytes": row.hex} for row in one.ram],
        "picture": one.picture,
    }

"""`crystal-agent check-rom`: on Fernvale all that is believed holds, and each check finds the fault planted for it.

A fault is planted in the data: a copy of Fernvale's folder lies beside a copy of its ROM, with one thing changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from tests.game_states import LAYOUT, ROM_PATH
from tests.two_layouts import Document, write_copy
from trainer.commands.command_line import main
from trainer.rom_check.checked_play import CHECKS, CheckedPlay, PlayOutcome, PlaySettings
from trainer.rom_check.game_check import MOST_BYTES, GameCheck
from trainer.rom_check.report import report_of

STEPS = 200
"""So far into a new game every check has been met: a starter, fights, a gift."""
EARLY_STEPS = 60

Edits = Mapping[str, Callable[[Document], None]]


@lru_cache(maxsize=1)
def new_game() -> bytes:
    """The first free moment of Fernvale, as a save state; its copies go on from it as well."""
    env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state")
    try:
        env.restart(seed=0)
        return env.save_state()
    finally:
        env.close()


def played(rom: Path, folder: Path, steps: int = STEPS, seed: int = 0, state: bytes | None = None) -> PlayOutcome:
    return CheckedPlay(PlaySettings(rom, folder / "pictures", state=state, steps=steps, seed=seed)).run()


def failed(outcome: PlayOutcome) -> dict[str, GameCheck]:
    return {check.name: check for check in outcome.checks if check.failed}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_that_is_believed_of_fernvale_holds(seed: int, tmp_path: Path) -> None:
    outcome = played(ROM_PATH, tmp_path, steps=1000, seed=seed)
    assert not {name: check.first for name, check in failed(outcome).items()}
    assert {check.name for check in outcome.checks if not check.passed} == set(), "every check was met"
    assert outcome.steps == 1000 and "starter" in outcome.milestones
    assert not (tmp_path / "pictures").exists()


def moved(name: str, to: str, offset: int = 0) -> Edits:
    """A variable is read at the place of another one."""
    address = LAYOUT.symbol(to).address + offset

    def move(symbols: Document) -> None:
        symbols["symbols"][name]["address"] = f"0x{address:04X}"

    return {"symbols.json": move}


def shifted(name: str) -> Edits:
    """A variable is read one byte behind its place."""
    return moved(name, name, 1)


def record_shifted(record: str, field: str) -> Edits:
    """A field of a record is read one byte behind its place."""

    def shift(symbols: Document) -> None:
        symbols["structs"][record][field]["offset"] += 1

    return {"symbols.json": shift}


def world(change: Callable[[dict[str, Any]], None]) -> Edits:
    return {"world.json": lambda document: change(document["maps"])}


def _wider_home(maps: dict[str, Any]) -> None:
    maps["HOME_UPSTAIRS"]["width_steps"] += 2
    maps["HOME_UPSTAIRS"]["width_blocks"] += 1


def _other_landing(maps: dict[str, Any]) -> None:
    maps["HAZEL_HOLLOW"]["warps"][0]["x"] += 1


def _other_edge(maps: dict[str, Any]) -> None:
    maps["HAZEL_HOLLOW"]["connections"][0]["offset_blocks"] += 1


def _no_edge(maps: dict[str, Any]) -> None:
    maps["HAZEL_HOLLOW"]["connections"].clear()


def _other_place(maps: dict[str, Any]) -> None:
    maps["HAZEL_HOLLOW"]["objects"][2]["x"] -= 1


def _other_flag(maps: dict[str, Any]) -> None:
    maps["HAZEL_HOLLOW"]["objects"][2]["event"] = "EVENT_GOT_RAFT"


def _nobody_known(maps: dict[str, Any]) -> None:
    maps["HAZEL_HOLLOW"]["objects"].clear()


def _no_effects(maps: dict[str, Any]) -> None:
    for place in maps.values():
        for thing in place["objects"]:
            thing.pop("sets", None)


def _strong_moves(document: Document) -> None:
    for move in document["moves"].values():
        move["power"] = 999 if move["power"] else 0


def _no_vowel(document: Document) -> None:
    document["codes"] = {code: shown for code, shown in document["codes"].items() if shown != "e"}


FAULTS: dict[str, tuple[str, Edits, int]] = {
    "a script is never seen to run": ("ready", moved("wScriptRunning", "wScriptBank"), STEPS),
}

"""`crystal-agent check-rom`: on Fernvale all that is believed holds, and each check finds the fault planted for it.

A fault is planted in the data: a copy of Fernvale's folder lies beside a copy of its ROM, with one thing changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.collision import BORDER_STEPS, CollisionMap
from core.game.people import Person
from core.vocabulary import Button
from tests.game_states import LAYOUT, ROM_PATH, first_state, with_ram
from tests.two_layouts import Document, write_copy
from trainer.commands.builtin.check_rom import check_rom
from trainer.commands.exit_codes import EXIT_BAD_INPUT, EXIT_CHECK_FAILED, run_reporting_bad_input
from trainer.rom_check.checked_play import CHECKS, CheckedPlay, PlayOutcome, PlaySettings
from trainer.rom_check.expectation import Motion, expectation_of
from trainer.rom_check.game_check import MOST_BYTES, GameCheck
from trainer.rom_check.report import report_of

STEPS, SEED = 220, 2
"""So far into this game every check has been met: a starter, fights, a gift."""
EARLY_STEPS = 100
"""The rooms of the first house, the first town and its people."""

Edits = Mapping[str, Callable[[Document], None]]
Maps = dict[str, Any]


@lru_cache(maxsize=1)
def new_game() -> bytes:
    """The first free moment of Fernvale, as a save state; its copies go on from it as well."""
    env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state")
    try:
        env.restart(seed=0)
        return env.save_state()
    finally:
        env.close()


def played(
    rom: Path, folder: Path, steps: int = STEPS, seed: int = SEED, state: bytes | Path | None = None
) -> PlayOutcome:
    return CheckedPlay(PlaySettings(rom, folder / "report.pictures", state=state, steps=steps, seed=seed)).run()


def failed(outcome: PlayOutcome) -> dict[str, GameCheck]:
    return {check.name: check for check in outcome.checks if check.failed}


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_all_that_is_believed_of_fernvale_holds(seed: int, tmp_path: Path) -> None:
    outcome = played(ROM_PATH, tmp_path, steps=1000, seed=seed)
    assert not {name: check.first for name, check in failed(outcome).items()}
    assert {check.name for check in outcome.checks if not check.passed} == set(), "every check was met"
    assert outcome.steps == 1000 and "starter" in outcome.milestones
    assert not (tmp_path / "report.pictures").exists()


def moved(name: str, to: str, offset: int = 0) -> Edits:
    """A variable is read at the place of another one."""

    def move(symbols: Document) -> None:
        symbols["symbols"][name]["address"] = f"0x{LAYOUT.symbol(to).address + offset:04X}"

    return {"symbols.json": move}


def shifted(name: str) -> Edits:
    """A variable is read one byte behind its place."""
    return moved(name, name, 1)


def swapped(one: str, other: str) -> Edits:
    """Two variables are taken for each other."""

    def swap(symbols: Document) -> None:
        rows = symbols["symbols"]
        rows[one], rows[other] = rows[other], rows[one]

    return {"symbols.json": swap}


def record_shifted(record: str, field: str) -> Edits:
    """A field of a record is read one byte behind its place; the byte that follows it, before it: fields that overlap
    would be refused."""

    def shift(symbols: Document) -> None:
        fields = symbols["structs"][record]
        moved = fields[field]
        places = [one for one in fields.values() if isinstance(one, dict)]
        (follower,) = [one for one in places if one["offset"] == moved["offset"] + moved["size"]]
        assert follower["size"] == 1
        follower["offset"] = moved["offset"]
        moved["offset"] += 1

    return {"symbols.json": shift}


def world(change: Callable[[Maps], None]) -> Edits:
    return {"world.json": lambda document: change(document["maps"])}


def town(maps: Maps) -> dict[str, Any]:
    return maps["HAZEL_HOLLOW"]


def another_landing(maps: Maps) -> None:
    town(maps)["warps"][0]["x"] += 1


def another_side(maps: Maps) -> None:
    town(maps)["connections"][0]["offset_blocks"] += 1


def another_place(maps: Maps) -> None:
    town(maps)["objects"][2]["x"] -= 1


def another_flag(maps: Maps) -> None:
    town(maps)["objects"][2]["event"] = "EVENT_GOT_RAFT"


def nobody(maps: Maps) -> None:
    town(maps)["objects"].clear()


def no_effects(maps: Maps) -> None:
    for thing in (thing for place in maps.values() for thing in place["objects"]):
        thing.pop("sets", None)
        thing.pop("outcomes", None)


def strong_moves(document: Document) -> None:
    for move in document["moves"].values():
        move["power"] = 250 if move["power"] else 0


def no_letter_e(document: Document) -> None:
    document["codes"] = {code: shown for code, shown in document["codes"].items() if shown != "e"}


FAULTS: dict[str, tuple[str, int, Edits]] = {
    "a step is over before it is": ("ready", EARLY_STEPS, moved("wMapEventStatus", "wGameLogicPaused")),
    "a step goes on for ever": ("ready", EARLY_STEPS, moved("wMapEventStatus", "wMapStatus")),
    "a fight goes on for ever": ("busy", EARLY_STEPS, moved("wBattleMode", "wPartyCount")),
    "a scene goes on for ever": ("busy", EARLY_STEPS, moved("wScriptRunning", "wScriptBank")),
    "the ground's table is shifted": ("steps", EARLY_STEPS, shifted("wTilesetCollisionAddress")),
    "a door leads to another cell": ("warps", EARLY_STEPS, world(another_landing)),
    "an edge leads to another row": ("warps", STEPS, world(another_side)),
    "somebody stands elsewhere": ("people", EARLY_STEPS, world(another_place)),
    "another flag hides somebody": ("people", EARLY_STEPS, world(another_flag)),
    "nobody is known": ("people", EARLY_STEPS, world(nobody)),
    "people's columns are shifted": ("people", EARLY_STEPS, record_shifted("object_struct", "map_x")),
    "rows and columns are swapped": ("menus", EARLY_STEPS, swapped("w2DMenuNumRows", "w2DMenuNumCols")),
    "a letter is missing": ("texts", EARLY_STEPS, {"charmap.json": no_letter_e}),
    "the fighter is shifted": ("battles", STEPS, shifted("wBattleMon")),
    "power points are shifted": ("power points", STEPS, record_shifted("battle_struct", "pp")),
    "moves are believed strong": ("damage", STEPS, {"enums.json": strong_moves}),
    "nobody is known to do anything": ("story", EARLY_STEPS, world(no_effects)),
    "a save is put back elsewhere": ("saves", EARLY_STEPS, shifted("wPlayerID")),
    "the save's sum is shifted": ("saves", EARLY_STEPS, shifted("sChecksum")),
}
"""By what is wrong in the data: the check that finds it, within so many steps, and the change."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str, tmp_path: Path) -> None:
    name, steps, edits = FAULTS[fault]
    outcome = played(write_copy(tmp_path, "altervale", edits), tmp_path, steps=steps, state=new_game())
    found = failed(outcome)
    assert name in found, "the check fails"
    first = found[name].first
    assert first is not None and first.believed != first.seen and first.ram
    assert (tmp_path / first.picture).read_bytes().startswith(b"\x89PNG")
    assert 0 < first.step <= steps and first.map_key != "unknown"


def test_a_copy_without_a_fault_passes(tmp_path: Path) -> None:
    outcome = played(write_copy(tmp_path, "altervale", {}), tmp_path, state=new_game())
    assert not {name: check.first for name, check in failed(outcome).items()}
    assert {check.name for check in outcome.checks if not check.passed} == {"start"}, "it did not begin at power-on"


def test_every_check_has_a_fault() -> None:
    assert {name for name, _, _ in FAULTS.values()} | {"start"} == {check.name for check in CHECKS}


def wider_home(maps: Maps) -> None:
    maps["HOME_UPSTAIRS"]["width_steps"] += 2


def test_a_start_elsewhere_is_found_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From power-on through the command: exit code, table, report and picture."""
    rom, report = write_copy(tmp_path, "altervale", world(wider_home)), tmp_path / "out" / "report.json"
    with pytest.raises(typer.Exit) as ended:
        check_rom(rom, report=report)
    assert ended.value.exit_code == EXIT_CHECK_FAILED
    told = json.loads(report.read_text(encoding="utf-8"))
    verdicts = {row["check"]: row["verdict"] for row in told["checks"]}
    assert verdicts.pop("start") == "failed" and set(verdicts.values()) == {"not met"}
    first = told["checks"][0]["first_disagreement"]
    assert "map 1.1, (10, 8) steps" in first["seen"] and (report.parent / first["picture"]).exists()
    said = capsys.readouterr().out
    assert first["seen"] in said and "believed: free within" in said and "keep them to yourself" in said


def test_a_report_has_nothing_of_the_rom(tmp_path: Path) -> None:
    """A check failed on a text and one on RAM; still there is no letter of the text, and few bytes."""
    edits = {"charmap.json": no_letter_e, **world(another_place)}
    outcome = played(rom := write_copy(tmp_path, "altervale", edits), tmp_path, EARLY_STEPS, state=new_game())
    text = json.dumps(report_of(outcome, PlaySettings(rom, tmp_path)))
    assert {"texts", "people"} <= failed(outcome).keys() and len(text) < 8000
    rows = [row for check in outcome.checks if check.first is not None for row in check.first.ram]
    assert rows and all(len(bytes.fromhex(row.hex)) <= MOST_BYTES for row in rows)
    game = outcome.rom.game
    names = {place.name for place in game.maps.values()} | {one.name for one in game.species.values()}
    assert not [name for name in names if name in text]
    assert str(tmp_path) not in text, "and nothing of the user's folders"


def test_a_state_is_gone_on_from_and_all_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state, report = tmp_path / "mine.state", tmp_path / "report.json"
    state.write_bytes(new_game())
    check_rom(ROM_PATH, state=state, steps=20, report=report)
    told = json.loads(report.read_text(encoding="utf-8"))
    assert told["play"] | {"milestones": []} == {"start": "a state", "seed": 0, "steps": 20, "milestones": []}
    assert told["cartridge"]["game"] == "fernvale" and len(told["checks"]) == len(CHECKS)
    assert "20 steps" in capsys.readouterr().out and sorted(tmp_path.iterdir()) == [state, report]


def test_minutes_end_the_play(tmp_path: Path) -> None:
    settings = PlaySettings(ROM_PATH, tmp_path / "pictures", state=new_game(), minutes=0.01)
    assert 0 < CheckedPlay(settings).run().steps < 3000


BAD_INPUT: dict[str, tuple[dict[str, Any], str]] = {
    "no such ROM": ({"rom": Path("nowhere.gbc")}, "cannot read the ROM 'nowhere.gbc'"),
    "a ROM that is none": ({"rom": Path(__file__)}, "is no Game Boy ROM"),
    "no such state": ({"rom": ROM_PATH, "state": Path("nowhere.state")}, "cannot read the start state 'nowhere.state'"),
    "a state that is none": ({"rom": ROM_PATH, "state": Path(__file__)}, "It is damaged"),
    "two limits": ({"rom": ROM_PATH, "steps": 5, "minutes": 1.0}, "--steps 5 and --minutes 1 are both given"),
    "a report that is a folder": ({"rom": ROM_PATH, "report": Path()}, "--report . is a folder: name a file"),
    "no such config": ({"config": Path("nowhere.json")}, "nowhere.json"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_one_line(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments, said = BAD_INPUT[case]
    monkeypatch.chdir(tmp_path)
    assert run_reporting_bad_input(lambda: check_rom(**arguments)) == EXIT_BAD_INPUT
    told = capsys.readouterr().err
    assert said in told and told.startswith("error: ") and told.count("\n") == 1
    assert not list(tmp_path.iterdir()), "nothing was written"


@pytest.mark.parametrize(("below", "motion"), [((3, 6), Motion.UNSURE), ((4, 6), Motion.STEP)])
def test_a_hop_onto_somebody_is_not_judged(below: tuple[int, int], motion: Motion) -> None:
    """By the published rule it is made, and Fernvale refuses it."""
    state = with_ram(first_state(), {"wXCoord": 3, "wYCoord": 4, "wPlayerDirection": 0})
    border = np.zeros((20, 22), np.uint8)
    border[4 + BORDER_STEPS : 6 + BORDER_STEPS, 3 + BORDER_STEPS] = 0xA3, 0x07
    somebody = Person(*below, Button.LEFT, 1, "trainer", 1, None, 1, visible=True)
    state.__dict__.update(collision=CollisionMap.of_border(border), people=(somebody,))
    expected = expectation_of(state.game, state, Button.DOWN)
    assert (expected.motion, expected.cell) == (motion, (3, 6))

"""The fault campaign: a short one of each kind, and each kind notices what does not hold."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.protocols import Choice
from tests import hostile_programs
from tests.campaign import campaign, clients, files, kills, servers
from tests.campaign.__main__ import main
from tests.campaign.campaign import run_campaign
from tests.campaign.damage import changed, contents, copy_into, damage_bytes, damage_json
from tests.campaign.kinds import KINDS, Kind
from tests.campaign.samples import trained_run
from tests.mutated_configs import Outcome
from trainer.checkpoints import damage
from trainer.checkpoints.checkpoint import CheckpointStore, Snapshot

BY_NAME = {kind.name: kind for kind in KINDS}
SHORT = {"kills": 1, "signals": 1, "files": 16, "servers": 8, "clients": 8, "programs": 20, "configs": 18}
"""Trials of each kind in every run of the tests."""
SEED = 16


@pytest.mark.parametrize("name", BY_NAME)
def test_a_short_campaign_holds(name: str) -> None:
    (outcome,) = run_campaign([BY_NAME[name]], SEED, trials=SHORT[name])
    assert (outcome.tried, outcome.faults) == (SHORT[name], [])
    assert outcome.held == outcome.tried


def odd_seeds_fail(seed: int, folder: Path) -> list[str]:
    assert list(folder.iterdir()) == []
    (folder / "left").write_text("x")
    if seed == 5:
        raise KeyError("planted")
    return [f"planted in {seed}"] * (seed % 2)


def holds(seed: int, folder: Path) -> list[str]:
    return []


def test_a_planted_fault_is_counted_shown_and_can_be_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kinds = [Kind("odd", "even seeds hold", odd_seeds_fail), Kind("good", "all hold", holds)]
    report = tmp_path / "report.json"
    assert main(["--seed", "2", "--trials", "4", "--json", str(report)], kinds) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "planted in 3" in said and "python -m tests.campaign --only odd --seed 3 --trials 1" in said
    odd, good = json.loads(report.read_text())["kinds"]
    assert (odd["tried"], odd["held"], good["tried"], good["held"]) == (4, 2, 4, 4)
    assert [fault["seed"] for fault in odd["faults"]] == [3, 5] and "KeyError" in odd["faults"][1]["fault"]
    assert main(["--seed", "3", "--trials", "1"], kinds[:1]) == 1
    assert main(["--seed", "4", "--trials", "1"], kinds[:1]) == 0
    assert main(["--seconds", "0"], kinds) == 1, "nothing tried is nothing shown"


def test_kinds_share_the_time_and_none_may_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    def sleeps(seed: int, folder: Path) -> list[str]:
        try:
            time.sleep(0.02 if seed else 60)
        except Exception as error:
            return [f"{error} was swallowed"]
        return []

    monkeypatch.setattr(campaign, "LONGEST_TRIAL_S", 0.3)
    slow, quick = Kind("slow", "", sleeps), Kind("quick", "", holds)
    outcomes = run_campaign([slow, quick], 0, seconds=0.5)
    assert outcomes[0].faults == [(0, "not done after 0 s")]
    assert outcomes[1].tried > outcomes[0].tried > 0


def test_damage_is_drawn_and_differs(tmp_path: Path) -> None:
    before = json.dumps({"a": [1, {"b": "text"}], "c": 0.5}).encode()
    for make in (damage_bytes, damage_json):
        drawn = [make(before, random.Random(seed)) for seed in range(60)]
        assert drawn == [make(before, random.Random(seed)) for seed in range(60)]
        assert len(set(drawn)) > 30 and sum(after == before for after, _ in drawn) <= 3
    (tmp_path / "file").write_text("x")
    known = contents(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("y")
    assert changed(known, tmp_path) == ["file", "folder/"]


def test_a_missing_episode_is_noticed(tmp_path: Path) -> None:
    copy_into(trained_run(), tmp_path)
    assert kills.faults_of_record(tmp_path) == []
    assert any("3 episodes of 4" in fault for fault in kills.faults_of_record(tmp_path, last=4))
    with closing(sqlite3.connect(tmp_path / "decisions.db")) as record, record:
        record.execute("update episodes set number = 9 where number = 2")
    assert any("has the episodes [1, 3, 9]" in fault for fault in kills.faults_of_record(tmp_path))
    with closing(sqlite3.connect(tmp_path / "decisions.db")) as record, record:
        record.execute("delete from episodes where number = 9")
    assert any("the checkpoint counts 3 episodes, the record 2" in one for one in kills.faults_of_record(tmp_path))


def test_a_state_that_ends_a_training_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(damage, "_RAISED_BY_WRONG_DATA", ())
    crafted = list(files.FILES).index("crafted state")
    seeds = range(crafted, crafted + 20 * len(files.FILES), len(files.FILES))
    outcomes = (run_campaign([BY_NAME["files"]], seed, trials=1)[0] for seed in seeds)
    assert any(outcome.held < outcome.tried for outcome in outcomes)


def test_a_checkpoint_that_is_loaded_with_other_content_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_into(trained_run(), tmp_path)
    assert files._faults_of_loading(tmp_path) == []
    other = replace(CheckpointStore(tmp_path / "checkpoints").load(files.SAVED), episode=2)
    real = CheckpointStore.load

    def fooled(store: CheckpointStore, name: str) -> Snapshot:
        return other if store.directory.is_relative_to(tmp_path) else real(store, name)

    monkeypatch.setattr(CheckpointStore, "load", fooled)
    assert files._faults_of_loading(tmp_path) == ["loaded in silence"]


def test_an_answer_that_is_none_or_shows_a_key_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Fooled:
        def ask(self, prompt: str, options: object) -> Choice:
            return Choice(7, 2.0, f"as {servers.SECRET.upper()} says", -1)

        def close(self) -> None:
            pass

    monkeypatch.setattr(servers, "_chooser", lambda name, folder: Fooled())
    (tmp_path / "answers.db").write_text(servers.SECRET)
    faults = servers.faults_of_model("none", tmp_path)
    for words in ("it chose", "tokens", "the key is in what it said", "the key is in answers.db"):
        assert any(words in fault for fault in faults), words


def test_an_answer_of_the_adapter_server_is_judged() -> None:
    def said(status: str, body: bytes) -> bytes:
        return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body

    error = json.dumps({"error": {"message": "no"}}).encode()
    assert clients.faults_of_answer(b"", "x") == []
    assert clients.faults_of_answer(said("200 OK", b"{}") + said("400 Bad Request", error), "x") == []
    for wrong in (said("500 Oh", error), said("400 Bad Request", b"{}"), said("200 OK", b"<html>"), b"rubbish"):
        assert clients.faults_of_answer(wrong, "x") != []


def test_a_program_that_gets_out_and_a_config_that_breaks_the_rule_are_noticed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(hostile_programs, "ESCAPES", {"speak": "print('out')"})
    assert BY_NAME["programs"].trial(1, tmp_path) != []

    def tracebacks(config: Any, folder: Path, *, plays: bool = False) -> Outcome:
        return Outcome(config.name, 1, "Traceback\nValueError: x", ())

    monkeypatch.setattr("tests.campaign.configs.tried", tracebacks)
    assert BY_NAME["configs"].trial(1, tmp_path) != []

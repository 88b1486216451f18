"""The golden runs: played twice they are the same, and every difference is reported."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from benchmarks.golden_digests import record_digest, weights_digest
from tests.history_samples import filled_database

ROOT = Path(__file__).resolve().parent.parent


def golden_runs(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.golden_runs", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_smallest_part_repeats_and_a_changed_number_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "before.json"
    recorded = golden_runs("record", str(file), "--only", "env")
    assert recorded.returncode == 0, recorded.stderr
    again = golden_runs("compare", str(file))
    assert (again.returncode, again.stdout) == (0, "all 1 parts are the same\n")

    kept = json.loads(file.read_text())
    step, reward = kept["parts"]["env"]["adaptive"]["rewards"][0]
    kept["parts"]["env"]["adaptive"]["rewards"][0] = [step, reward + 1e-9]
    file.write_text(json.dumps(kept))
    changed = golden_runs("compare", str(file))
    assert changed.returncode == 1
    assert changed.stdout.splitlines()[0].startswith("env.adaptive.rewards[0][1]: recorded ")
    assert changed.stdout.splitlines()[1:] == ["1 differences in 1 parts"]


def changed_columns(before: dict, after: dict) -> set[str]:
    return {
        f"{table}.{column}"
        for table in before
        for column in before[table]
        if before[table][column] != after[table][column]
    }


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("update decisions set reward = reward + 1e-12 where step = 7 and episode_id = 2", {"decisions.reward"}),
        ("update decisions set elapsed_ms = elapsed_ms + 5", set()),
        ("update episodes set started_at_s = 0, seconds = 0", set()),
        ("update runs set name = 'another'", set()),
        ("update names set name = 'heal:home' where name = 'heal:centre'", {"decisions.option"}),
        ("delete from milestones where step < 20", {"milestones.rows"}),
    ],
)
def test_a_change_of_the_record_is_told_by_column(tmp_path: Path, change: str, told: set[str]) -> None:
    path = filled_database(tmp_path / "decisions.db")
    before = record_digest(path)
    assert before["decisions"]["rows"] == 6 * 200
    with sqlite3.connect(path) as connection:
        assert connection.execute(change).rowcount > 0
    changed = changed_columns(before, record_digest(path))
    assert told <= changed
    assert bool(told) == bool(changed)


def test_a_save_state_in_the_record_is_compared(tmp_path: Path) -> None:
    path = filled_database(tmp_path / "decisions.db")
    with sqlite3.connect(path) as connection:
        connection.execute("insert into beginning_states values ('a', x'0102')")
    before = record_digest(path)
    with sqlite3.connect(path) as connection:
        connection.execute("update beginning_states set state = x'0103'")
    assert changed_columns(before, record_digest(path)) == {"beginning_states.state"}


def test_two_records_of_the_same_episodes_are_equal(tmp_path: Path) -> None:
    first, second = (record_digest(filled_database(tmp_path / f"{name}.db")) for name in "ab")
    assert first == second


def test_a_new_name_of_a_tensor_changes_nothing_and_a_new_number_does(tmp_path: Path) -> None:
    weights = {"policy.0": torch.arange(6.0).reshape(2, 3), "value.0": torch.ones(3)}
    renamed = {f"net.{name}": tensor for name, tensor in weights.items()}
    nudged = {**weights, "value.0": torch.tensor([1.0, 1.0, 1.0000001])}
    reshaped = {**weights, "policy.0": weights["policy.0"].reshape(3, 2)}
    digests = []
    for number, table in enumerate((weights, renamed, nudged, reshaped)):
        (tmp_path / str(number)).mkdir()
        save_file(table, tmp_path / str(number) / "weights.safetensors")
        digests.append(weights_digest(tmp_path / str(number)))
    assert digests[0] == digests[1]
    assert len({digest["sha256"] for digest in digests}) == 3
    assert digests[0]["numbers"] == 9


def test_a_run_without_weights_or_record_is_no_golden_run(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="holds no weights"):
        weights_digest(tmp_path)
    with pytest.raises(SystemExit, match="wrote no decision record"):
        record_digest(tmp_path / "decisions.db")

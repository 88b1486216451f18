"""On a system that cannot fork, lock or count like Linux, the same run comes out of it, in one process."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.utils import generate_test_config

ROOT = Path(__file__).resolve().parent.parent
AGENT = "trainer.commands.command_line"
LOCKS = """
import sys
from tests.other_systems import be_another_system
be_another_system()
from trainer.run.run_lock import RunLock, refuse_if_running
lock = RunLock(sys.argv[1])
with lock:
    try:
        refuse_if_running(lock._path.parent)
    except Exception as error:
        print(error)
refuse_if_running(lock._path.parent)
with RunLock(sys.argv[1]):
    print("free again")
"""


def run(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=os.environ | {"COLUMNS": "200"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def decisions(database: Path) -> list[tuple[int, int, int, float]]:
    with sqlite3.connect(database) as record:
        return record.execute(
            "select number, step, action, d.reward from decisions d join episodes e on e.id = episode_id "
            "order by number, step"
        ).fetchall()


@pytest.mark.slow
def test_without_fork_the_same_run_is_played_in_one_process(tmp_path: Path) -> None:
    for name in ("forked", "alone"):
        generate_test_config(tmp_path / name, agent_mode="rules_only", lanes=3, workers=2, log_level="INFO")
    training = ("train", "--no-progress", "--config")
    run("-m", AGENT, *training, str(tmp_path / "forked/config.json"))
    said = run("-m", "tests.other_systems", AGENT, *training, str(tmp_path / "alone/config.json"))
    assert "all lanes are played in this one" in said
    forked = decisions(tmp_path / "forked/decisions.db")
    assert len(forked) == 160 and decisions(tmp_path / "alone/decisions.db") == forked
    again = (*training, str(tmp_path / "alone/config.json"), "--resume", "--episodes", "5")
    run("-m", "tests.other_systems", AGENT, *again)
    assert len(decisions(tmp_path / "alone/decisions.db")) == 200


def test_the_doctor_says_what_such_a_system_lacks(tmp_path: Path) -> None:
    config = generate_test_config(tmp_path)
    arguments = ("doctor", "--config", str(config), "--seconds", "0.1")
    said = run("-m", "tests.other_systems", AGENT, *arguments)
    assert "lanes are played in one process" in said and "failed" not in said


def test_one_run_writes_to_a_folder_there_too(tmp_path: Path) -> None:
    told = run("-c", LOCKS, str(tmp_path)).splitlines()
    assert told == [f"another run is writing to {tmp_path}; wait for its end or choose another save_dir", "free again"]

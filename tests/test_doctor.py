"""`crystal-agent doctor`: what it looks at, what it says of it, and how it exits."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.game_states import first_state, with_ram
from tests.test_battery import saved
from tests.test_startup import saved_game
from tests.utils import generate_test_config
from trainer.commands.builtin.doctor import start_check, training_check
from trainer.run.check import Verdict
from trainer.run.machine import available_memory_bytes, usable_cores
from trainer.run.step_cost import StepCost
from trainer.settings import load_settings

ROOT = Path(__file__).resolve().parent.parent


def run_doctor(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "trainer.commands.command_line",
        "doctor",
        "--seconds",
        "0.2",
        *arguments,
    ]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def rows(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    return {row["check"]: row for row in json.loads(done.stdout)}


def test_a_machine_that_can_train(tmp_path: Path) -> None:
    config = generate_test_config(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    done = run_doctor("--config", str(config), "--json")
    assert done.returncode == 0, done.stderr
    found = rows(done)
    assert list(found) == [
        "Python",
        "processes",
        "libraries",
        "save_dir",
        "decision_db_path",
        "memory",
        "cores",
        "ROM",
        "emulator",
        "speed",
        "training",
    ]
    assert all(row["verdict"] in ("good", "warning") for row in found.values())
    assert "FERNVALE" in found["ROM"]["seen"]
    assert int(found["speed"]["seen"].split()[0]) > 0
    cores = usable_cores()
    assert f"with {cores} workers" in found["speed"]["seen"]
    assert re.search(r"s of deciding and 0\.\d+ s of the learner; the \w+ limits this", found["training"]["seen"])
    assert '"lanes": ' in found["training"]["remedy"], "the test config has two lanes, and a worker wants four"
    assert sorted(tmp_path.rglob("*")) == before, "a check writes nothing"


def test_what_is_wrong_is_a_row_with_a_remedy(tmp_path: Path) -> None:
    config = generate_test_config(tmp_path, save_dir="config.json/deep")
    done = run_doctor("--config", str(config), "--rom", str(ROOT / "README.md"), "--json")
    assert done.returncode == 1
    found = rows(done)
    assert found["ROM"]["verdict"] == found["save_dir"]["verdict"] == "failed"
    assert "no Game Boy ROM" in found["ROM"]["seen"] and "--rom" in found["ROM"]["remedy"]
    assert "is a file" in found["save_dir"]["seen"]
    assert "emulator" not in found and "speed" not in found and "training" not in found


def test_what_limits_a_machine_is_what_costs_most_there(tmp_path: Path) -> None:
    settings = load_settings(generate_test_config(tmp_path, workers=2, lanes=8))
    even = StepCost(emulator_s=0.0004, deciding_s=0.0001, learner_s=0.0002)
    assert even.steps_per_s(workers=2, cores=2) == pytest.approx(2 / 0.0007)
    assert (even.best_workers(2), even.limit(2)) == (2, "emulator")
    good = training_check(settings, even, 2)
    assert (good.verdict, good.remedy) == (Verdict.GOOD, "")
    assert "about 2857 steps/s with 2 workers" in good.seen
    assert (even.best_workers(16), even.limit(16)) == (3, "learner"), "one learner keeps up with two and a half workers"
    asked = training_check(settings, even, 16)
    assert (
        '"workers": 3 and "lanes": 12; the config has 2 and 8' in asked.remedy and "13 cores are left" in asked.remedy
    )
    assert StepCost(0.0001, 0.0006, 0.0002).limit(4) == "deciding"


def test_what_a_battery_save_holds(tmp_path: Path) -> None:
    battery, _ = saved_game()
    (tmp_path / "mine.sav").write_bytes(battery)
    config = generate_test_config(tmp_path, start_state="mine.sav", go_explore={"folder": "go_explore"})
    done = run_doctor("--config", str(config), "--json")
    assert done.returncode == 0, done.stderr
    assert "badges 0, party: nobody, box: 0" in rows(done)["start_state"]["seen"]
    assert rows(done)["go_explore"]["verdict"] in ("good", "warning") and not (tmp_path / "go_explore").exists()
    (tmp_path / "mine.sav").write_bytes(bytes(len(battery)))
    check = start_check(load_settings(config), tmp_path / "mine.sav")
    assert check.verdict is Verdict.FAILED and "nothing was saved to its end" in check.seen
    (tmp_path / "mine.sav").write_bytes(saved(with_ram(first_state(), {"wMapGroup": bytes((26, 3))})))
    check = start_check(load_settings(config), tmp_path / "mine.sav")
    assert check.verdict is Verdict.FAILED and "map 26.3, which this game does not have" in check.seen


def test_a_bad_config_is_one_line(tmp_path: Path) -> None:
    done = run_doctor("--config", str(tmp_path / "nowhere.json"))
    assert done.returncode == 2 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ") and "nowhere.json does not exist" in line


def test_the_table_is_for_people(tmp_path: Path) -> None:
    done = run_doctor("--config", str(generate_test_config(tmp_path)), "--rom", str(tmp_path / "absent.gbc"))
    assert done.returncode == 1
    assert "verdict" in done.stdout and "failed" in done.stdout and "absent.gbc" in done.stdout


@pytest.mark.parametrize(("limit", "cores"), [("max 100000", None), ("100000 100000", 1), ("50000 100000", 1)])
def test_cores_of_a_container(tmp_path: Path, limit: str, cores: int | None) -> None:
    (tmp_path / "cpu.max").write_text(limit + "\n")
    assert usable_cores(tmp_path) == (cores or usable_cores(tmp_path / "absent"))


def test_memory_of_a_container(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:   4000 kB\n")
    assert available_memory_bytes(tmp_path / "meminfo", tmp_path) == 4000 * 1024
    (tmp_path / "memory.max").write_text("3000000\n")
    (tmp_path / "memory.current").write_text("1000000\n")
    assert available_memory_bytes(tmp_path / "meminfo", tmp_path) == 2_000_000
    elsewhere = available_memory_bytes(tmp_path / "absent", tmp_path / "absent")
    assert elsewhere is not None and elsewhere > 2**20, "a system without /proc tells in another way"

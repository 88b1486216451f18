"""Every command that the documents show has its place in `shown_commands.toml`: it is run here, by another test, or the
table says why not."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

from tests.shown_commands import ROOT, shown_commands
from tests.utils import generate_test_config

TABLE: Final[dict[str, Any]] = tomllib.loads((ROOT / "tests" / "shown_commands.toml").read_text(encoding="utf-8"))
STARTS: Final = [command for commands in TABLE["starts"].values() for command in commands]
PLACED: Final = [
    *(*TABLE["run"], *TABLE["serve"], *STARTS),
    *(command for place in ("elsewhere", "not_here") for commands in TABLE[place].values() for command in commands),
]
SHOWN: Final = shown_commands()
NIGHTLY: Final = (pytest.mark.nightly, pytest.mark.timeout(1800))
MOST_S: Final = 600
WITH_COMMANDS: Final = ("benchmarks.multi_model", "tasks", "policy")
"""Programs whose first word may be a command of their own."""


def test_every_shown_command_has_its_place() -> None:
    assert len(PLACED) == len(set(PLACED)), "a command has one place"
    missing = {command: SHOWN[command] for command in SHOWN if command not in PLACED}
    assert not missing, "say in tests/shown_commands.toml where they are run"
    assert not [command for command in PLACED if command not in SHOWN], "no document shows these any more"


@pytest.mark.parametrize("test", TABLE["elsewhere"])
def test_the_test_that_is_named_is_there(test: str) -> None:
    file, _, name = test.partition("::")
    assert re.search(rf"^ *def {name}\(", (ROOT / file).read_text(encoding="utf-8"), flags=re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a user has it: a config of a run of seconds, a second one, two records, examples, the cartridge."""
    folder = tmp_path_factory.mktemp("shown")
    generate_test_config(folder, total_episodes=14, max_steps_per_episode=120, tensorboard=True)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "mine.json").write_text(json.dumps({**config, "save_dir": "mine-checkpoints"}), encoding="utf-8")
    for name in ("cartridge", "examples", "run_training.py"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def _environment() -> dict[str, str]:
    programs = Path(sys.executable).parent
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "120",
    }


def _filled(command: str, folder: Path) -> str:
    """Words in capitals are the reader's to fill in."""
    if "RUN" in command:
        with sqlite3.connect(folder / "decisions.db") as db:
            command = command.replace("RUN", str(db.execute("select name from runs").fetchone()[0]))
    return command.replace("FOLDER", "episodes")


def _run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=MOST_S,
    )


@pytest.mark.parametrize("command", [pytest.param(command, marks=NIGHTLY) for command in TABLE["run"]])
def test_a_command_runs_as_it_is_shown(command: str, folder: Path) -> None:
    """In the order of the table: the first one trains what the others look at."""
    if "plain.db" in command:
        for name in ("plain.db", "shaped.db"):
            shutil.copy(folder / "decisions.db", folder / name)
    if command.startswith("crystal-agent init"):
        shutil.rmtree(folder / "mine", ignore_errors=True)
    done = _run(_filled(command, folder), folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ">" in command or (done.stdout + done.stderr).strip(), "it says nothing"


@pytest.mark.parametrize("command", [pytest.param(command, marks=NIGHTLY) for command in TABLE["serve"]])
def test_a_server_starts_as_it_is_shown_and_ends_with_ctrl_c(command: str, folder: Path) -> None:
    started = subprocess.Popen(
        shlex.split(command),
        cwd=folder,
        env={**_environment(), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert started.stdout is not None
    said: list[str] = []
    try:
        for line in started.stdout:
            said.append(line)
            if "http://" in line:
                break
        assert "http://" in "".join(said), "".join(said)
        assert started.poll() is None
        time.sleep(2)  # tensorboard takes its Ctrl-C when it has begun to serve
        os.killpg(started.pid, signal.SIGINT)
        assert started.wait(timeout=60) in (0, 130, -signal.SIGINT)
    finally:
        if started.poll() is None:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()


@pytest.mark.parametrize("command", [pytest.param(command, marks=NIGHTLY) for command in STARTS])
def test_a_program_starts_and_knows_its_options(command: str, folder: Path) -> None:
    words = shlex.split(command.removeprefix(".venv/bin/"))
    parts = words[:3] if words[0] == "python" else words[:2]
    if parts[-1] in WITH_COMMANDS and len(words) > len(parts) and not words[len(parts)].startswith("-"):
        parts = words[: len(parts) + 1]
    done = _run(shlex.join([*parts, "--help"]), ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    for option in words:
        assert not option.startswith("--") or option in done.stdout, f"{option} is not among the options of {parts}"

"""What README.md and the tutorial show is run here: Python blocks as written, commands against a small run."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.utils import generate_test_config

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
TUTORIAL = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
MOST_LINES = 150


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README + TUTORIAL, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a user has it after cloning: a config (of a short run) and the cartridge."""
    folder = tmp_path_factory.mktemp("readme")
    generate_test_config(folder)
    (folder / "cartridge").symlink_to(ROOT / "cartridge")
    return folder


def run(arguments: list[str], folder: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
    done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_python_blocks_run_as_written(folder: Path) -> None:
    assert len(blocks("python")) >= 3
    for block in blocks("python"):
        run([sys.executable, "-c", block], folder)


def test_the_config_of_ones_own_runs_as_written(folder: Path) -> None:
    code = next(block for block in blocks("python") if block.startswith("# mine.py"))
    config = next(block for block in blocks("json") if "mine:" in block)
    (folder / "mine.py").write_text(code)
    (folder / "mine.json").write_text(config)
    command = [sys.executable, str(ROOT / "run_training.py"), "--config", "mine.json", "--episodes", "1"]
    run([*command, "--save-dir", "mine", "--no-progress"], folder)
    settings = json.loads(next((folder / "mine").rglob("manifest.json")).read_text())["settings"]
    assert (settings["env_class"], settings["llm_manager"]) == ("mine:CuriousEnv", "mine:AlwaysUp")


def test_the_commands_run_on_what_a_run_leaves(folder: Path) -> None:
    """In the order of the README: train, resume, then every `crystal-agent` line."""
    training = [sys.executable, str(ROOT / "run_training.py"), "--config", "config.json"]
    run(training, folder)
    run([*training, "--resume"], folder)
    lines = [
        line.partition("#")[0].strip()
        for block in blocks("bash")
        for line in block.splitlines()
        if line.startswith("crystal-agent")
    ]
    assert len(lines) >= 4
    for line in dict.fromkeys(lines):  # the tutorial has some of the README's
        command = [sys.executable, "-m", "trainer.commands.command_line", *shlex.split(line)[1:]]
        assert run(command, folder).strip(), line


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= MOST_LINES, "write it on a page of docs/, and link there"


def test_the_two_commands_install_with_the_pins() -> None:
    for mark in ("run command", "test command"):
        found = re.search(rf"<!-- {mark} -->\n```bash\n(.*?)\n```", README)
        assert found is not None
        assert "-c constraints.txt" in found[1]
        assert "\n" not in found[1], "one command each"

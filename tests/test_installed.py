"""What is installed is what is documented: a source distribution and a wheel made from it, built without a network, and
used from there. `.ci/packages` does it once more with a network, in an environment of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTED_TEST_MODULES = {"__init__.py", "utils.py", "benchmarks.py"}
USE = """
import sys
from tests.utils import cleanup_test_files, create_mock_environment, create_test_trainer, generate_test_config
from tests.benchmarks import benchmark_decision_latency, benchmark_memory_usage, benchmark_training_speed

mock_env = create_mock_environment()
observation, info = mock_env.reset()
assert observation["screen"].shape == (144, 160, 3)
mock_env.close()
test_trainer = create_test_trainer(episodes=10, headless=True, temp_dir="test")
assert test_trainer.settings.total_episodes == 10
assert benchmark_decision_latency(test_trainer.agent, samples=2)["samples"] == 2
test_trainer.close()
cleanup_test_files("test")
print(*{sys.modules[name].__file__ for name in ("tests.utils", "tests.benchmarks", "core", "trainer")}, sep="\\n")
"""


def project_files() -> list[str]:
    """Paths of all files of the project, as git knows them."""
    if not (ROOT / ".git").exists():
        pytest.skip("only a checkout knows which files are the project's")
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in names if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the source distribution holds."""
    folder = tmp_path_factory.mktemp("source")
    for name in project_files():
        (folder / "project" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / "project" / name)
    build = f"from setuptools.build_meta import build_sdist; print(build_sdist({str(folder)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", build], cwd=folder / "project", capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stdout + done.stderr
    name = done.stdout.splitlines()[-1]
    with tarfile.open(folder / name) as archive:
        archive.extractall(folder, filter="data")
    return folder / name.removesuffix(".tar.gz")


@pytest.fixture(scope="module")
def installed(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed project and nothing else of it."""
    folder, source = tmp_path_factory.mktemp("installed"), unpacked
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *offline, "--target", str(folder / "site"), str(source)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


def test_the_documented_test_modules_are_installed_and_work(installed: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", USE], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    files = [Path(line) for line in done.stdout.splitlines() if line.endswith(".py")]
    assert len(files) == 4 and all(file.is_relative_to(installed) for file in files)


def test_no_other_test_is_installed(installed: Path) -> None:
    assert {path.name for path in (installed / "tests").iterdir() if path.is_file()} == DOCUMENTED_TEST_MODULES


def test_the_source_distribution_is_the_whole_project(unpacked: Path) -> None:
    assert [name for name in project_files() if not (unpacked / name).exists()] == []


def test_the_installed_program_writes_a_config_and_knows_its_cartridge(installed: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    program = [sys.executable, "-P", "-m", "trainer.commands.command_line"]

    def agent(*arguments: str) -> str:
        done = subprocess.run(
            [*program, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    agent("init", "mine")
    rows = json.loads(agent("doctor", "--config", "mine/config.json", "--seconds", "0.1", "--json"))
    assert "FERNVALE" in next(row["seen"] for row in rows if row["check"] == "ROM")

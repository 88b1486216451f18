"""What is installed is what is documented: a real wheel, built and unpacked without a network, and used from there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
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


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed project and nothing else of it."""
    folder = tmp_path_factory.mktemp("installed")
    source = folder / "source"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = {pattern.rstrip("*") for pattern in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    for name in {*packages, "tests"}:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
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

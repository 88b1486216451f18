"""Without the extras: what needs none of them works, everything else names the extra in one line and exits with 2.

A package that is not installed is one that Python does not find, so it is hidden from a new interpreter's imports.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from core.extras import EXTRAS, MissingExtraError, how_to_install, needs_extra
from tests.tiny_models import make_model
from tests.utils import generate_test_config

ROOT = Path(__file__).resolve().parent.parent
IMPORT_NAMES = {"cosmic-ray": "cosmic_ray", "imageio-ffmpeg": "imageio_ffmpeg", "mkdocs-material": "material"}
PROGRAM = """
import contextlib, importlib, io, json, sys
for package in json.loads(sys.argv[1]):
    sys.modules[package] = None  # the import system takes this for "there is none"
import core_srl, pettingllms.trainer, pettingllms.evaluate, trainer.serving.lora_scheduler
from trainer.commands.command_line import main as crystal_agent
import run_training
for program, *arguments in json.loads(sys.argv[2]):
    said = io.StringIO()
    sys.argv[1:] = arguments
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            code = run_training.main(arguments) if program == "run_training" else crystal_agent()
        except SystemExit as end:
            code = end.code
    print(json.dumps([code, said.getvalue()]))
"""


def test_the_table_is_that_of_pyproject() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    in_core = {name for names in EXTRAS.values() for name in names}
    for extra, names in listed.items():
        packages = {re.split(r"[^\w-]", name)[0] for name in names}
        if extra != "dev":
            assert {IMPORT_NAMES.get(name, name) for name in packages} <= in_core, extra
            assert set(EXTRAS[extra]) <= {IMPORT_NAMES.get(name, name) for name in packages}


def test_only_a_package_of_an_extra_is_explained() -> None:
    words = r"a picture: the package 'matplotlib'.*pip install -e '.\[plots\]'"
    with pytest.raises(MissingExtraError, match=words), needs_extra("a picture"):
        raise ModuleNotFoundError("No module named 'matplotlib.figure'", name="matplotlib.figure")
    with pytest.raises(ModuleNotFoundError, match="antigravity") as caught, needs_extra("a picture"):
        raise ModuleNotFoundError("No module named 'antigravity2'", name="antigravity2")
    assert not isinstance(caught.value, MissingExtraError)
    assert how_to_install(ModuleNotFoundError("No module named 'peft'", name="peft")) is not None


def test_commands_work_without_the_extras_or_name_the_one_that_is_missing(tmp_path: Path) -> None:
    model = make_model(tmp_path / "model")
    lora = tmp_path / "lora.json"
    lora.write_text(json.dumps({"world": "sudoku", "specialisation": "lora", "model": str(model), "num_iterations": 1}))
    hosted = generate_test_config(tmp_path / "hosted", llm_model="openai/gpt-4o")
    adapted = generate_test_config(
        tmp_path / "adapted", llm_model=f"huggingface/{model}", language_model={"local": {"adapter": str(tmp_path)}}
    )
    runs: list[tuple[list[str], int, str]] = [
        (["crystal-agent", "team", "configs"], 0, ""),
        (["crystal-agent", "team", "train", str(lora), "--dir", str(tmp_path / "run")], 2, "'peft'.*extra 'llm'"),
        (["crystal-agent", "team", "evaluate", str(tmp_path)], 2, "Checkpoint not found"),
        (["run_training", "--config", str(hosted)], 2, "llm_model 'openai/gpt-4o'.*'openai'.*extra 'llm'"),
        (["run_training", "--config", str(adapted)], 2, "adapter"),
    ]
    hidden = json.dumps([name for names in EXTRAS.values() for name in names])
    command = [sys.executable, "-c", PROGRAM, hidden, json.dumps([run for run, _, _ in runs])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    for (run, code, says), line in zip(runs, done.stdout.splitlines(), strict=True):
        was, said = json.loads(line)
        assert was == code, (run, said)
        if code:
            errors = [line for line in said.splitlines() if line.startswith("error: ")]
            assert len(errors) == 1 and re.search(says, errors[0]), (run, said)
            assert "Traceback" not in said
    assert not (tmp_path / "run" / "base").exists(), "it was refused before any work"

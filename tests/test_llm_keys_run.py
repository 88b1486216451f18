"""A whole training with a server that repeats its key everywhere: no file and no line of it shows the key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.exceptions import ConfigurationError
from tests.llm_servers.faults import Step
from tests.llm_servers.server import ModelServer
from tests.utils import generate_test_config
from trainer.commands.app import app
from trainer.hybrid_llm_rl_trainer import create_trainer_from_config

ROOT = Path(__file__).resolve().parent.parent
SECRET = "sk-proj-Zq7Ws0dXc9Rv3Tb6Yn"


def shows_key(data: bytes) -> bool:
    return any(SECRET[at : at + 9].lower().encode() in data.lower() for at in range(len(SECRET) - 8))


def test_a_run_keeps_no_key(tmp_path: Path) -> None:
    with ModelServer() as server:
        server.reason = "as {key}, or {KEY}, I say so"
        server.script.append(Step())
        server.always = Step(told=(401, json.dumps({"error": {"message": "no such key: {key}"}})))
        config = generate_test_config(
            tmp_path,
            llm_model=f"openai/gpt-5-mini@{server.url}",
            initial_strategy="llm_heavy",
            log_level="DEBUG",
            total_episodes=2,
            lanes=1,
        )
        command = [sys.executable, str(ROOT / "run_training.py"), "--config", str(config)]
        environment = {**os.environ, "CRYSTAL_LLM_API_KEY": f"{SECRET}\n"}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr.decode()
        assert len(server.seen) == 2 and server.seen[0].headers["authorization"] == f"Bearer {SECRET}"
    export = ["decisions", "export", "--db", str(tmp_path / "decisions.db"), str(tmp_path / "rows.jsonl")]
    assert CliRunner().invoke(app, export).exit_code == 0
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"decisions.db", "llm_answers.db", "rows.jsonl"} <= {path.name for path in files}
    for name, data in [(path.name, path.read_bytes()) for path in files] + [("output", done.stdout + done.stderr)]:
        assert not shows_key(data), name
    assert b"as <key>, or <key>, I say so" in (tmp_path / "rows.jsonl").read_bytes()
    assert b"no such key: <key>" in done.stderr + done.stdout


@pytest.mark.parametrize(
    "config",
    [
        {"llm_model": f"vllm/tiny@http://127.0.0.1:1/v1?api_key={SECRET}"},
        {"llm_model": SECRET},
        {"llm_model": "openai/gpt-5-mini", "language_model": {"api_key": SECRET}},
        {"llm_model": "openai/gpt-5-mini", "api_key": SECRET},
    ],
)
def test_a_key_in_a_config_is_refused_and_not_repeated(config: dict[str, object], tmp_path: Path) -> None:
    path = generate_test_config(tmp_path, **config)
    with pytest.raises(ConfigurationError) as caught:
        create_trainer_from_config(str(path))
    assert not shows_key(str(caught.value).encode())
    assert not (tmp_path / "decisions.db").exists()

"""`crystal-agent doctor --llm`: the rows say what a model of each kind needs, with real servers and a real model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from core.exceptions import ConfigurationError
from tests.llm_servers.faults import Fault, Step
from tests.llm_servers.server import ModelServer
from tests.utils import generate_test_config
from trainer.commands.app import app
from trainer.model_exam.advice import suggested_patience_s
from trainer.model_exam.questions import GameQuestions, questions_of_play
from trainer.settings import load_settings


def examined(folder: Path, model: str, *arguments: str, **changes: object) -> Result:
    config = generate_test_config(folder, llm_model=model, **changes)
    return CliRunner().invoke(app, ["doctor", "--config", str(config), "--llm", "--questions", "4", *arguments])


def rows_of(result: Result) -> dict[str, dict[str, str]]:
    return {row["check"]: row for row in json.loads(result.stdout)}


def test_questions_are_those_of_the_game_and_different(tmp_path: Path) -> None:
    settings = load_settings(generate_test_config(tmp_path))
    found: GameQuestions = questions_of_play(settings, 6, 2048)
    assert len(found.asked) == len({question.options for question in found.asked}) == 6
    assert all(len(question.options) > 1 and question.prompt for question in found.asked)
    assert 1 < found.per_1000_steps < 1000


def test_the_pocket_model_passes(tmp_path: Path) -> None:
    done = examined(tmp_path, "pocket", "--json")
    rows = rows_of(done)
    assert done.exit_code == 0 and rows["answers"]["seen"] == "4 of 4 accepted"
    assert set(rows) == {"answers", "time", "tokens", "context", "agreement", "cost"}
    assert "question 4 of 4: answered" in done.stderr


def test_a_server_that_answers_late_is_told_its_patience(tmp_path: Path) -> None:
    with ModelServer() as server:
        server.delay_s = 0.3
        patient = {"language_model": {"patience_s": 0.1, "cache_path": None}}
        rows = rows_of(examined(tmp_path, f"llamacpp/some@{server.url}", "--json", **patient))
    assert rows["time"]["verdict"] == "warning" and "100% come after patience_s 0.1" in rows["time"]["seen"]
    assert 'set "patience_s": 0.5' in rows["time"]["remedy"]


def test_useless_answers_are_counted_by_kind(tmp_path: Path) -> None:
    with ModelServer() as server:
        server.script.extend([Step(), Step(Fault.UNKNOWN_OPTION)])
        rows = rows_of(examined(tmp_path, f"llamacpp/some@{server.url}", "--json"))
    assert rows["answers"]["seen"] == "3 of 4 accepted; 1 unknown_option"
    assert "none of the" in rows["answers"]["remedy"]


def test_a_server_that_is_not_there_is_one_row_and_exit_code_1(tmp_path: Path) -> None:
    done = examined(tmp_path, "ollama/some@http://127.0.0.1:9/v1", "--json")
    row = rows_of(done)["answers"]
    assert done.exit_code == 1 and row["verdict"] == "failed" and "none of 3: connection" in row["seen"]
    assert "start the server" in row["remedy"]


def test_money_is_told_before_it_is_spent(tmp_path: Path) -> None:
    with ModelServer() as server:
        model = f"llamacpp/some@{server.url}"
        prices = {"language_model": {"prices": {model: {"input_usd": 1.0, "output_usd": 2.0}}, "cache_path": None}}
        seen = rows_of(examined(tmp_path, model, "--json", **prices))["cost"]["seen"]
    assert "dollars" in seen and float(seen.split("at most ")[1].split()[0]) > 0


def test_no_model_is_bad_input(tmp_path: Path) -> None:
    error = examined(tmp_path, "none").exception
    assert isinstance(error, ConfigurationError) and "no model to examine" in str(error)


@pytest.mark.parametrize(("most_s", "wanted_s"), [(0.3, 0.5), (2.0, 2.5), (8.1, 10.5)])
def test_the_suggested_patience_has_room(most_s: float, wanted_s: float) -> None:
    assert suggested_patience_s(most_s) == wanted_s

"""`crystal-agent evaluate`: a frozen checkpoint, new games, nothing written, honest intervals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.exceptions import CheckpointError, ConfigurationError
from core.vocabulary import AgentMode
from tests.tiny_models import make_model
from tests.utils import create_test_trainer
from trainer.commands.app import app
from trainer.evaluation.evaluator import EvaluationResult, ModelUse
from trainer.evaluation.intervals import wilson_interval


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    trainer = create_test_trainer(episodes=2, temp_dir=folder)
    trainer.train(**trainer.settings.train_arguments())
    trainer.close()
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_two_evaluations_of_one_checkpoint_agree_and_write_nothing(run_folder: Path) -> None:
    before = contents(run_folder)
    arguments = ["evaluate", "--config", str(run_folder / "config.json"), "--checkpoint", "latest"]
    arguments += ["--episodes", "3", "--mode", "rl_only", "--mode", "rules_only", "--json"]
    first, second = (CliRunner().invoke(app, arguments, catch_exceptions=False) for _ in range(2))
    assert first.exit_code == 0, first.output
    assert first.stdout == second.stdout
    found = json.loads(first.stdout)
    assert set(found) == {"rl_only", "rules_only"}
    assert found["rules_only"]["episodes"] == 3
    assert found["rules_only"]["avg_reward"] > found["rl_only"]["avg_reward"]
    low, high = found["rl_only"]["success_interval"]
    assert 0 <= low < high <= 1
    assert contents(run_folder) == before


def test_what_the_language_model_was_asked_is_told_per_mode(tmp_path: Path) -> None:
    make_model(tmp_path / "model")
    trainer = create_test_trainer(
        episodes=2, temp_dir=tmp_path, llm_model=f"huggingface/{tmp_path / 'model'}", max_context_length=256
    )
    trainer.train(**trainer.settings.train_arguments())
    trainer.close()
    arguments = ["evaluate", "--config", str(tmp_path / "config.json"), "--episodes", "2", "--json"]
    shown = CliRunner().invoke(app, [*arguments, "--mode", "llm_only", "--mode", "rules_only"], catch_exceptions=False)
    found = json.loads(shown.stdout)
    asked = found["llm_only"]["llm_calls"] + found["llm_only"]["llm_cache_hits"]
    assert asked > 0
    assert found["llm_only"]["llm_tokens"] >= 100 * found["llm_only"]["llm_calls"]
    assert found["rules_only"]["llm_calls"] == found["rules_only"]["llm_tokens"] == 0


@pytest.mark.parametrize("steps", [20, 400])
def test_games_last_as_long_as_asked_also_longer_than_in_training(run_folder: Path, steps: int) -> None:
    config = json.loads((run_folder / "config.json").read_text(encoding="utf-8"))
    assert 20 < config["max_steps_per_episode"] < 400
    arguments = ["evaluate", "--config", str(run_folder / "config.json"), "--episodes", "1", "--json"]
    arguments += ["--mode", "rl_only", "--max-steps", str(steps)]
    found = json.loads(CliRunner().invoke(app, arguments, catch_exceptions=False).stdout)
    assert found["rl_only"]["avg_length"] == steps


def test_the_table_is_for_people(run_folder: Path) -> None:
    arguments = ["evaluate", "--config", str(run_folder / "config.json"), "--checkpoint", "latest", "--episodes", "1"]
    shown = CliRunner().invoke(app, arguments, catch_exceptions=False).stdout
    assert "rules_only" in shown and "Wilson" in shown and "workshop" in shown


def test_bad_input(run_folder: Path) -> None:
    config = ["evaluate", "--config", str(run_folder / "config.json")]
    with pytest.raises(CheckpointError, match="Checkpoint not found"):
        CliRunner().invoke(app, [*config, "--checkpoint", "nowhere"], catch_exceptions=False)
    with pytest.raises(ConfigurationError, match="llm_only needs a language model"):
        CliRunner().invoke(app, [*config, "--mode", "llm_only"], catch_exceptions=False)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (95, 100, 0.8882, 0.9785)],
)
def test_wilson_interval_has_the_published_values(successes: int, trials: int, low: float, high: float) -> None:
    found = wilson_interval(successes, trials)
    assert found == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_no_trials_no_share() -> None:
    with pytest.raises(ValueError, match="at least one trial"):
        wilson_interval(0, 0)


def test_rules_that_play_for_an_absent_model_are_not_called_by_its_name(run_folder: Path, tmp_path: Path) -> None:
    config = json.loads((run_folder / "config.json").read_text(encoding="utf-8"))
    config |= {"llm_model": "llamacpp/some@http://127.0.0.1:1/v1", "save_dir": str(run_folder / "checkpoints")}
    config["language_model"] = {"cache_path": None, "faults": {"tries": 1, "first_pause_s": 0.01}}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    arguments = ["evaluate", "--config", str(tmp_path / "config.json"), "--episodes", "2", "--max-steps", "60"]
    modes = ["--mode", "llm_only", "--mode", "rules_only"]
    numbers = json.loads(CliRunner().invoke(app, [*arguments, *modes, "--json"], catch_exceptions=False).stdout)
    asked = numbers["llm_only"]["llm_asks"]
    assert asked > 3, "also while the server is known to be away"
    assert numbers["llm_only"]["llm_answers"] == 0
    assert numbers["llm_only"]["label"] == f"rules for llm_only: the model decided 0 of {asked}"
    assert numbers["rules_only"]["label"] == "rules_only"
    for use, mode, label in (
        (ModelUse(asks=9, answers=5), AgentMode.LLM_ONLY, "llm_only"),
        (ModelUse(asks=9, answers=4), AgentMode.LLM_ONLY, "rules for llm_only: the model decided 4 of 9"),
        (ModelUse(asks=9, answers=4), AgentMode.ADAPTIVE, "adaptive: the model decided 4 of 9"),
        (ModelUse(), AgentMode.LLM_ONLY, "llm_only"),
    ):
        assert EvaluationResult(mode, (), use).label == label

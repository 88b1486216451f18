"""The documented door of PettingLLMs: every module path, and the document's examples as written, only shorter."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from core.exceptions import CheckpointError, ConfigurationError
from core.worlds.base import WorldPreset
from core.worlds.builtin.code import Code
from core.worlds.sandbox import missing_protection

needs_sandbox = pytest.mark.skipif(missing_protection() is not None, reason=f"no sandbox: {missing_protection()}")
DOCUMENTED_MODULES = [
    "pettingllms.trainer.train",
    "pettingllms.trainer.multi_agents_ppo_trainer",
    "pettingllms.trainer.multi_agents_execution_engine",
    "pettingllms.multi_agent_env.base",
    "pettingllms.multi_agent_env.code",
    "pettingllms.multi_agent_env.math",
    "pettingllms.multi_agent_env.stateful",
    "pettingllms.config.code",
    "pettingllms.config.math",
    "pettingllms.config.stateful",
    "pettingllms.config.ppo_trainer",
    "pettingllms.evaluate.evaluate",
    "pettingllms.utils",
    "pettingllms.utils.cleanup",
]
TINY = {
    "small_width": 32,
    "small_layers": 1,
    "warm_start_steps": 2,
    "batch_size": 2,
    "candidates": 2,
    "eval_episodes": 4,
}


def tiny(config: dict) -> dict:
    """The configuration with everything small, so that a run takes seconds."""
    return {**config, **TINY, "max_new_tokens": 12}


@pytest.mark.parametrize("name", DOCUMENTED_MODULES)
def test_every_documented_module_imports(name: str) -> None:
    module = importlib.import_module(name)
    assert all(hasattr(module, public) for public in module.__all__)


def test_the_names_of_modules_and_functions_do_not_fight() -> None:
    for name in ("pettingllms.trainer.train", "pettingllms.evaluate.evaluate"):
        importlib.import_module(name)
    from pettingllms.evaluate import evaluate
    from pettingllms.trainer import train

    assert callable(train) and callable(evaluate)


def test_the_configuration_example_as_written() -> None:
    from pettingllms.config.code import single_policy

    config = single_policy.get_config()
    config["learning_rate"] = 1e-5
    config["batch_size"] = 128
    config["world_options"]["steps"] = 9
    assert single_policy.get_config()["learning_rate"] != 1e-5, "each caller gets a dict of its own"
    assert "steps" not in single_policy.get_config()["world_options"]


@needs_sandbox
def test_the_environment_example_as_written() -> None:
    from pettingllms.config.code import single_policy
    from pettingllms.multi_agent_env.code import CodeEnv

    class Agent:
        def act(self, obs: str) -> str:
            return "solve(1) == 2" if "Check" in obs else "def solve(x):\n    return x"

    agent, config = Agent(), single_policy.get_config()
    # Create code environment
    env = CodeEnv(config)
    obs = env.reset()

    # Run episode
    done = False
    while not done:
        action = agent.act(obs)
        obs, reward, done, info = env.step(action)
        assert isinstance(obs, str) and isinstance(reward, float) and info["role"] in ("tester", "coder")


@needs_sandbox
@pytest.mark.slow
def test_the_training_and_evaluation_examples_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(importlib.import_module("trainer.at_grpo.presets")._COMMON, "small_width", 32)
    monkeypatch.setitem(importlib.import_module("trainer.at_grpo.presets")._COMMON, "warm_start_steps", 2)
    fewer = WorldPreset({"max_rounds": 2}, {"max_new_tokens": 64, "batch_size": 2, "eval_episodes": 20})
    monkeypatch.setattr(Code, "preset", fewer)
    from pettingllms.evaluate import evaluate
    from pettingllms.trainer import train

    # Run training with config
    train(
        config_name="code_single_policy",
        num_iterations=2,
        checkpoint_dir="checkpoints/",
    )
    # Evaluate model
    results = evaluate(
        model_path="checkpoints/model_2",
        config_name="code_single_policy",
        num_episodes=5,
    )
    print(f"Success Rate: {results['success_rate']:.2%}")
    assert 0.0 <= results["success_rate"] <= 1.0


@pytest.mark.parametrize("level", ["single_agent", "single_policy", "lora", "two_policy"])
def test_every_level_trains_saves_and_is_evaluated(level: str, tmp_path: Path) -> None:
    from pettingllms.config import get_preset
    from pettingllms.evaluate import evaluate
    from pettingllms.trainer import train

    config = tiny(get_preset(f"sudoku_{level}"))
    summary = train(config=config, num_iterations=2, checkpoint_dir=tmp_path)
    assert summary.finished and summary.iterations == 2 and summary.candidates > 0
    results = evaluate(model_path=summary.model_path, num_episodes=3)
    assert results["num_episodes"] == 3 and results["success_low"] <= results["success_rate"] <= results["success_high"]
    records = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [record["iteration"] for record in records if "solved" in record] == [1, 2]
    dialogue = [json.loads(line) for line in (tmp_path / "dialogue.jsonl").read_text().splitlines()]
    assert dialogue[0]["prompt"] and len(dialogue[0]["answers"]) == 2
    assert list((tmp_path / "tensorboard").iterdir())


def test_errors_name_the_remedy(tmp_path: Path) -> None:
    from pettingllms.config import get_preset
    from pettingllms.evaluate import evaluate
    from pettingllms.trainer import train

    with pytest.raises(ConfigurationError, match="did you mean 'code_single_policy'"):
        train(config_name="code_single_polcy", checkpoint_dir=tmp_path / "a")
    with pytest.raises(ConfigurationError, match="did you mean 'learning_rate'"):
        train(config={**get_preset("sudoku_lora"), "learning_rat": 1.0}, checkpoint_dir=tmp_path / "a")
    with pytest.raises(ConfigurationError, match="learning_rate"):
        train(config={**get_preset("sudoku_lora"), "learning_rate": -1.0}, checkpoint_dir=tmp_path / "a")
    with pytest.raises(ConfigurationError, match="shared model moves as a whole"):
        train(config={**get_preset("sudoku_single_policy"), "frozen_roles": ["tool"]}, checkpoint_dir=tmp_path / "a")
    with pytest.raises(ConfigurationError, match="no role 'moover'"):
        train(config={**get_preset("sudoku_lora"), "frozen_roles": ["moover"]}, checkpoint_dir=tmp_path / "a")
    assert not (tmp_path / "a").exists(), "bad input writes nothing"
    with pytest.raises(CheckpointError, match="Checkpoint not found"):
        evaluate(model_path=tmp_path / "model_1", config_name="sudoku_lora")


def test_the_command_lists_trains_and_judges(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from trainer.at_grpo import presets
    from trainer.commands.app import app
    from trainer.commands.builtin import team

    shown = CliRunner().invoke(app, ["team", "configs"])
    assert shown.exit_code == 0 and shown.output.split() == presets.preset_names()
    team_path = _train_tiny(tmp_path)
    judged = CliRunner().invoke(team.app, ["evaluate", str(team_path), "--episodes", "3"])
    assert judged.exit_code == 0 and json.loads(judged.output)["num_episodes"] == 3


def _train_tiny(folder: Path) -> Path:
    from pettingllms.config import get_preset
    from pettingllms.trainer import train

    config = tiny(get_preset("sudoku_single_policy"))
    return Path(train(config=config, num_iterations=1, checkpoint_dir=folder).model_path)


def test_an_untrained_model_is_judged_too_and_said_to_be_one(tmp_path: Path) -> None:
    from pettingllms.config.math import single_policy
    from pettingllms.evaluate import evaluate
    from pettingllms.trainer import train

    config = tiny(single_policy.get_config())
    summary = train(config=config, num_iterations=1, checkpoint_dir=tmp_path)
    trained = evaluate(summary.model_path, num_episodes=2)
    untrained = evaluate(tmp_path / "base", config=config, num_episodes=2)
    assert (trained["iterations"], untrained["iterations"]) == (1, 0)
    assert 0.0 <= untrained["success_rate"] <= 1.0 and untrained["world"] == trained["world"]
    with pytest.raises(ConfigurationError, match="name the world by config_name"):
        evaluate(tmp_path / "base", num_episodes=2)
    with pytest.raises(CheckpointError, match=r"has no team\.json"):
        evaluate(tmp_path / "model_2000", num_episodes=2)

"""The examples run as a reader would run them, only shorter, and what they plug in is really what runs."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.registry import import_from
from core.worlds.registry import TEXT_WORLDS, make_world
from tests import test_worlds
from trainer.checkpoints.manifest import OWN_SUM, with_own_sum

ROOT = Path(__file__).resolve().parent.parent
SHORT = ("--episodes", "2", "--no-progress")
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.json"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The examples beside the cartridge, as in the project, where all that they write is thrown away."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "cartridge").symlink_to(ROOT / "cartridge")
    return tmp_path


def change(folder: Path, name: str, **changes: Any) -> None:
    path = folder / "examples" / f"{name}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, timeout=280)


def train(folder: Path, name: str) -> Path:
    """The decision record of a short run."""
    done = run(folder, str(ROOT / "run_training.py"), "--config", f"examples/{name}.json", *SHORT)
    assert done.returncode == 0, done.stderr
    return folder / "examples" / f"{name}.db"


def one(database: Path, query: str) -> Any:
    with sqlite3.connect(database) as connection:
        return connection.execute(query).fetchone()[0]


def test_every_example_says_how_it_is_run() -> None:
    assert EXAMPLES == ["own_language_model", "own_network", "own_reward", "own_text_world"]
    for name in EXAMPLES:
        assert f"examples/{name}.json" in (ROOT / f"examples/{name}.py").read_text().split('"""')[1]


@pytest.mark.slow
def test_a_reward_of_ones_own_is_paid_in_training(folder: Path) -> None:
    change(folder, "own_reward", max_steps_per_episode=150, eval_episodes=1, lanes=2)
    mine = train(folder, "own_reward").rename(folder / "mine.db")
    path = folder / "examples/own_reward.json"
    own = ("env_class", "reward_events", "rewards")
    path.write_text(json.dumps({key: value for key, value in json.loads(path.read_text()).items() if key not in own}))
    shutil.rmtree(folder / "runs")
    usual = train(folder, "own_reward")
    total = "select sum(reward) from episodes"
    assert one(mine, total) > one(usual, total), "the same seeds, and more is paid"


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"llm_model": "none", "llm_manager": "own_language_model:AlwaysUp"}])
def test_a_language_model_of_ones_own_decides(folder: Path, changes: dict[str, Any]) -> None:
    change(folder, "own_language_model", max_steps_per_episode=150, eval_episodes=1, lanes=2, **changes)
    database = train(folder, "own_language_model")
    decided = "select sum(n) from run_sources join names on names.id = source_id where name = 'llm'"
    assert one(database, decided) > 10


@pytest.mark.slow
def test_a_network_of_ones_own_learns(folder: Path) -> None:
    change(folder, "own_network", max_steps_per_episode=150, eval_episodes=1, lanes=2)
    train(folder, "own_network")
    tensors = next((folder / "runs/own_network").rglob("*.safetensors"))
    names = json.loads(tensors.read_bytes()[8 : 8 + int.from_bytes(tensors.read_bytes()[:8], "little")])
    assert any("layers.2.weight" in name for name in names)


@pytest.mark.slow
def test_a_text_world_of_ones_own_is_trained_and_judged_where_it_is_named(folder: Path) -> None:
    agent = ("-m", "trainer.commands.command_line", "team")
    change(folder, "own_text_world", warm_start_steps=5, eval_episodes=4)
    environment = run(folder, *agent, "train", "examples/own_text_world.json", "-n", "1", "--dir", "run")
    assert environment.returncode == 0, environment.stderr
    judged = run(folder, *agent, "evaluate", "run/model_1", "--config", "examples/own_text_world.json", "-n", "4")
    assert judged.returncode == 0 and json.loads(judged.stdout)["world"] == "number_hunt"
    refused = run(folder, *agent, "evaluate", "run/model_1", "-n", "4")
    assert refused.returncode == 2 and "Code is run only where you name it" in refused.stderr, "a saved file runs none"


@pytest.mark.slow
def test_a_checkpoint_names_no_code_that_is_run_and_old_settings_in_it_do_no_harm(folder: Path) -> None:
    """What a checkpoint says of its settings is for people to read: it may come from anywhere, and from long ago."""
    change(folder, "own_network", max_steps_per_episode=60, eval_episodes=1, lanes=2, llm_model="none")
    train(folder, "own_network")
    (folder / "examples/their_env.py").write_text("raise SystemExit('their code ran')")
    manifests = list((folder / "runs/own_network").rglob("manifest.json"))
    for path in manifests:
        manifest = json.loads(path.read_text())
        del manifest[OWN_SUM]
        manifest["settings"] |= {"frontier": None, "reward_events": ["their_env:Event"]}
        path.write_text(json.dumps(with_own_sum(manifest)))
    command = (str(ROOT / "run_training.py"), "--config", "examples/own_network.json", "--resume")
    done = run(folder, *command, "--episodes", "3", "--no-progress")
    assert manifests and done.returncode == 0, done.stderr


def test_a_world_of_ones_own_passes_the_tests_of_the_built_in_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    import_from(ROOT / "examples")
    name = "own_text_world:NumberHunt"
    for trial in TEXT_WORLDS.resolve(name).trials:
        world = make_world(name, trial.options)
        test_worlds.test_gold_answers_score_full_marks(world)
        test_worlds.test_a_seed_is_a_problem(world, trial)
        test_worlds.test_no_policy_farms_more_than_solving_pays(world)
        test_worlds.test_practice_is_well_formed_and_gives_no_skill_away(world, trial)
        test_worlds.test_worlds_are_gymnasium_environments(world)

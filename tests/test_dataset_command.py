"""`crystal-agent decisions dataset`: what others load is what was played, observation for observation."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import datasets
import minari
import numpy as np
import pytest
from typer.testing import CliRunner

from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.exceptions import ConfigurationError, HistoryError
from core.history.store import HistoryStore
from tests.utils import create_test_trainer
from trainer.commands.app import app
from trainer.trajectories.trajectory import trajectories

STEPS = 30


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The record of a run of three games."""
    folder = tmp_path_factory.mktemp("run")
    trainer = create_test_trainer(episodes=3, temp_dir=folder, max_steps_per_episode=STEPS, eval_interval=0)
    trainer.train(**trainer.settings.train_arguments())
    trainer.close()
    return folder / "decisions.db"


def dataset(db: Path, *arguments: str | Path) -> str:
    command = ["decisions", "dataset", *map(str, arguments), "--db", str(db)]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def recorded(db: Path, column: str) -> list[object]:
    with sqlite3.connect(db) as record:
        rows = record.execute(
            f"select d.{column} from decisions d join episodes e on e.id = d.episode_id order by e.number, d.step"
        ).fetchall()
    return [value for (value,) in rows]


def test_observations_are_those_of_a_game_played_by_hand(db: Path) -> None:
    with HistoryStore(db, must_exist=True) as store:
        (one,) = trajectories(store, ["2"])
    env = EnhancedPyBoyPokemonCrystalEnv("cartridge/fernvale.gbc", observation_type="state")
    env.reset(seed=one.seed)
    for step, action in enumerate(one.actions):
        for part, view in env.policy_observation().items():
            np.testing.assert_array_equal(one.observations[part][step], view)
        np.testing.assert_array_equal(one.masks[step], env.action_masks())
        assert env.step(action)[1] == pytest.approx(one.rewards[step])
    np.testing.assert_array_equal(one.observations["features"][STEPS], env.policy_observation()["features"])
    assert (one.terminated, one.truncated) == (False, True) and len(one.observations["map"]) == STEPS + 1
    env.close()


def test_hugging_face_loads_it(db: Path, tmp_path: Path) -> None:
    assert "wrote 3 episodes, 90 steps" in dataset(db, tmp_path / "hf", "--form", "hugging_face")
    loaded = datasets.load_dataset(str(tmp_path / "hf"), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded["action"] == recorded(db, "action") and loaded["reward"] == recorded(db, "reward")
    with HistoryStore(db, must_exist=True) as store:
        first, *_ = trajectories(store, ["1"])
    row = loaded[STEPS - 1]
    np.testing.assert_array_equal(np.array(row["map"], dtype=np.uint8), first.observations["map"][STEPS - 1])
    np.testing.assert_array_equal(np.array(row["features"], "f4"), first.observations["features"][STEPS - 1])
    assert (row["step"], row["truncated"], loaded[0]["truncated"]) == (STEPS - 1, True, False)
    card = (tmp_path / "hf/README.md").read_text(encoding="utf-8")
    assert "3 episodes, 90 steps" in card and all(f"| `{name}` |" in card for name in loaded.column_names)


def test_minari_loads_it(db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("--form", "minari", "--episode", "3", "--episode", "1", "--name", "crystal/ours-v1")
    assert "wrote 2 episodes, 60 steps" in dataset(db, tmp_path / "minari", *arguments)
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))
    loaded = minari.load_dataset("crystal/ours-v1")
    assert (loaded.total_episodes, loaded.total_steps) == (2, 60)
    with HistoryStore(db, must_exist=True) as store:
        expected = list(trajectories(store, ["3", "1"]))
    for episode, one in zip(loaded.iterate_episodes(), expected, strict=True):
        np.testing.assert_array_equal(episode.actions, one.actions)
        np.testing.assert_allclose(episode.rewards, one.rewards)
        for part, array in one.observations.items():
            np.testing.assert_array_equal(episode.observations[part], array)
        assert episode.truncations.tolist() == [False] * (STEPS - 1) + [True]


def test_what_cannot_be_played_again_is_no_part_of_it(db: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed.db"
    with sqlite3.connect(db) as source, sqlite3.connect(changed) as target:
        source.backup(target)
    with sqlite3.connect(changed) as record:
        record.execute("update decisions set state_hash = 7 where episode_id = 2 and step = 9")
    with pytest.raises(HistoryError, match=r"/2 parts from the record at step 9"):
        dataset(changed, tmp_path / "new", "--form", "hugging_face")
    with pytest.raises(HistoryError, match="no episode 9"):
        dataset(db, tmp_path / "new", "--episode", "9")
    (tmp_path / "there").mkdir()
    with pytest.raises(ConfigurationError, match="exists already"):
        dataset(db, tmp_path / "there")
    assert {path.name for path in tmp_path.iterdir() if not path.name.startswith("changed.db")} == {"there"}

"""A run goes on where its last finished episode ended, after any kind of stop; every episode number is there once."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from core.exceptions import CheckpointError, HistoryError
from core.history.store import HistoryStore
from tests.utils import create_test_trainer, generate_test_config
from trainer.checkpoints.checkpoint import CheckpointStore, Snapshot
from trainer.hybrid_llm_rl_trainer import HybridLLMRLTrainer
from trainer.play.episode_starts import EpisodeStarts

ROOT = Path(__file__).resolve().parent.parent


def train(trainer: HybridLLMRLTrainer, total_episodes: int) -> dict[str, Any]:
    return trainer.train(**{**trainer.settings.train_arguments(), "total_episodes": total_episodes})


def episode_numbers(database: Path) -> list[int]:
    with sqlite3.connect(database) as connection:
        return [number for (number,) in connection.execute("select number from episodes order by id")]


def test_three_and_three_more_are_six(tmp_path: Path) -> None:
    whole = create_test_trainer(episodes=6, temp_dir=tmp_path / "whole")
    in_one = train(whole, 6)
    whole.close()

    first = create_test_trainer(episodes=6, temp_dir=tmp_path / "parts")
    train(first, 3)
    kept = {name: tensor.clone() for name, tensor in first.learner.tensors().items()}
    states = (first.run.curriculum.state_dict(), first.strategy_system.state_dict(), first.agent.state_dict())
    learner_state = first.learner.state_dict()
    first.close()

    second = create_test_trainer(episodes=6, temp_dir=tmp_path / "parts")
    assert second.load_checkpoint("latest")
    for name, tensor in second.learner.tensors().items():
        assert torch.equal(tensor, kept[name]), name
    assert second.learner.state_dict() == learner_state
    restored = (second.run.curriculum.state_dict(), second.strategy_system.state_dict(), second.agent.state_dict())
    assert restored == states
    in_parts = train(second, 6)
    second.close()

    assert episode_numbers(tmp_path / "whole/decisions.db") == [1, 2, 3, 4, 5, 6]
    assert episode_numbers(tmp_path / "parts/decisions.db") == [1, 2, 3, 4, 5, 6]
    for key in ("total_episodes", "total_steps", "avg_episode_length"):
        assert in_one[key] == in_parts[key]


def test_the_same_trainer_goes_on_too(tmp_path: Path) -> None:
    trainer = create_test_trainer(temp_dir=tmp_path)
    train(trainer, 2)
    train(trainer, 2)
    assert train(trainer, 5)["total_episodes"] == 5
    trainer.close()
    assert episode_numbers(tmp_path / "decisions.db") == [1, 2, 3, 4, 5]


def test_going_back_takes_later_episodes_out_of_the_record(tmp_path: Path) -> None:
    trainer = create_test_trainer(temp_dir=tmp_path, save_interval=2)
    train(trainer, 5)
    assert trainer.load_checkpoint("checkpoint_000002")
    assert episode_numbers(tmp_path / "decisions.db") == [1, 2]
    train(trainer, 4)
    trainer.close()
    assert episode_numbers(tmp_path / "decisions.db") == [1, 2, 3, 4]


def test_what_cannot_be_loaded_is_false_and_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    trainer = create_test_trainer(temp_dir=tmp_path, save_interval=2)
    assert not trainer.load_checkpoint("latest")
    assert "Checkpoint not found" in caplog.text
    train(trainer, 3)
    weights = tmp_path / "checkpoints" / "resume_000003" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    assert not trainer.load_checkpoint("latest")
    assert "the next older good one is checkpoint_000002" in caplog.text
    assert trainer.load_checkpoint("checkpoint_000002")
    trainer.close()


def test_a_checkpoint_of_other_widths_is_refused(tmp_path: Path) -> None:
    trainer = create_test_trainer(temp_dir=tmp_path)
    train(trainer, 1)
    trainer.close()
    other = create_test_trainer(temp_dir=tmp_path, learner={"rollout_steps": 16, "features_width": 32})
    with pytest.raises(CheckpointError, match="of another network"):
        other.restore("latest")
    other.close()


def test_a_record_of_other_runs_is_refused(tmp_path: Path) -> None:
    trainer = create_test_trainer(temp_dir=tmp_path)
    train(trainer, 1)
    trainer.close()
    with HistoryStore(tmp_path / "other.db") as store:
        store.start_run("another run")
    other = create_test_trainer(temp_dir=tmp_path, decision_db_path="other.db")
    with pytest.raises(HistoryError, match="name a file that is not there"):
        other.restore("latest")
    other.close()


def test_starts_that_were_under_way_are_played_again() -> None:
    starts = EpisodeStarts()
    assert [starts.take(lane) for lane in range(3)] == [0, 1, 2]
    starts.finish(1)
    assert starts.take(1) == 3
    starts.finish(0)
    state = starts.state_dict()
    resumed = EpisodeStarts()
    resumed.load_state_dict(state)
    assert [resumed.take(lane) for lane in range(3)] == [2, 3, 4]
    starts.drop_running()
    assert starts.state_dict() == state


def test_no_game_is_recorded_while_the_resume_point_before_it_is_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill then finds the record ahead by the games of one segment at most."""
    trainer = create_test_trainer(temp_dir=tmp_path, max_steps_per_episode=20)
    writing, seen = threading.Event(), list[bool]()
    save, commit = CheckpointStore.save_resume_point, trainer.run.commit

    def slow_save(store: CheckpointStore, snapshot: Snapshot) -> Path:
        writing.set()
        time.sleep(0.5)
        path = save(store, snapshot)
        writing.clear()
        return path

    def watched_commit(record: Any) -> None:
        seen.append(writing.is_set())
        commit(record)

    monkeypatch.setattr(CheckpointStore, "save_resume_point", slow_save)
    monkeypatch.setattr(trainer.run, "commit", watched_commit)
    train(trainer, 8)
    trainer.close()
    assert seen == 8 * [False]


@pytest.mark.slow
def test_a_run_killed_three_times_is_whole_at_its_end(tmp_path: Path) -> None:
    """The real command, killed with SIGKILL at random moments, then resumed to its end."""
    episodes = 60  # so many that no wait for a busy machine is longer than the run
    config = generate_test_config(tmp_path, total_episodes=episodes, max_steps_per_episode=60, save_interval=5)
    chance = random.Random(time.time_ns())
    finished = 0
    for kill in range(3):
        arguments = [sys.executable, str(ROOT / "run_training.py"), "--config", str(config)]
        checkpoints = CheckpointStore(tmp_path / "checkpoints")
        if checkpoints.has_run():
            arguments.append("--resume")
        with (tmp_path / f"log{kill}.txt").open("w") as log_file:
            child = subprocess.Popen(arguments, stdout=log_file, stderr=log_file, cwd=tmp_path)
            _wait_for_episode(tmp_path, finished + 1, child)
            time.sleep(chance.uniform(0.0, 0.6))
            child.send_signal(signal.SIGKILL)
            child.wait()
        finished = checkpoints.load("latest").episode
        recorded = episode_numbers(tmp_path / "decisions.db")
        assert recorded == list(range(1, len(recorded) + 1))
        assert finished <= len(recorded) <= finished + 2, "what ended in one segment of the two lanes is ahead at most"
    assert 3 <= finished < episodes
    done = subprocess.run(
        [sys.executable, str(ROOT / "run_training.py"), "--config", str(config), "--resume"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(episode_numbers(tmp_path / "decisions.db")) == list(range(1, episodes + 1))
    assert "Evaluation" in done.stdout and "Traceback" not in done.stderr


def _wait_for_episode(folder: Path, episode: int, child: subprocess.Popen[bytes]) -> None:
    """Until the child has a resume point of `episode` or a later one."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert child.poll() is None, "the run ended before it was killed; give it more episodes"
        numbers = [int(path.name.split("_")[1]) for path in folder.glob("checkpoints/resume_*")]
        if numbers and max(numbers) >= episode:
            return
        time.sleep(0.01)
    raise AssertionError(f"no episode {episode} within two minutes")

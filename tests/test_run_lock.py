"""One run writes to a folder: the lock is taken before the first change, and is nobody's but the run's."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from core.exceptions import CheckpointError, ConfigurationError
from tests.utils import create_test_trainer
from trainer.fleet.fleet import Fleet
from trainer.hybrid_llm_rl_trainer import HybridLLMRLTrainer, create_trainer
from trainer.run.run_lock import RunLock, refuse_if_running


def train(trainer: HybridLLMRLTrainer, total_episodes: int) -> dict[str, Any]:
    return trainer.train(**{**trainer.settings.train_arguments(), "total_episodes": total_episodes})


def episode_numbers(database: Path) -> list[int]:
    with sqlite3.connect(database) as connection:
        return [number for (number,) in connection.execute("select number from episodes order by number")]


def test_a_lock_is_kept_until_it_is_let_go(tmp_path: Path) -> None:
    lock = RunLock(tmp_path)
    with lock:
        with lock:
            lock.keep()
        with pytest.raises(CheckpointError, match="another run is writing"):
            refuse_if_running(tmp_path)
    with pytest.raises(CheckpointError, match="another run is writing"), RunLock(tmp_path):
        pass
    lock.let_go()
    refuse_if_running(tmp_path)
    with RunLock(tmp_path):
        pass


def test_asking_makes_nothing_and_a_file_of_that_name_keeps_its_words(tmp_path: Path) -> None:
    refuse_if_running(tmp_path)
    refuse_if_running(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / ".lock").write_text("mine")
    with RunLock(tmp_path):
        pass
    assert (tmp_path / ".lock").read_text() == "mine"
    with pytest.raises(ConfigurationError, match="save_dir is empty"):
        RunLock("")


def test_a_forked_process_does_not_hold_the_lock(tmp_path: Path) -> None:
    ours, childs = socket.socketpair()
    lock = RunLock(tmp_path)
    lock.__enter__()
    child = os.fork()
    if child == 0:
        childs.send(b"here")
        childs.recv(1)
        os._exit(0)
    try:
        ours.recv(4)
        assert lock._file is not None
        lock._file.close()  # as the system does when the run is killed
        refuse_if_running(tmp_path)
    finally:
        ours.send(b".")
        os.waitpid(child, 0)
        ours.close()
        childs.close()


def test_a_worker_that_was_replaced_in_mid_run_does_not_hold_the_lock(tmp_path: Path) -> None:
    trainer = create_test_trainer(temp_dir=tmp_path)
    assert isinstance(trainer.env, Fleet)
    workers = trainer.env.worker_processes

    def kill_one(_trainer: HybridLLMRLTrainer, episode: int, _metrics: dict[str, Any]) -> None:
        if episode == 1:
            os.kill(workers()[0], signal.SIGKILL)

    trainer.register_callback("episode_end", kill_one)
    before = workers()
    train(trainer, 3)
    assert workers() != before
    assert train(trainer, 4)["total_episodes"] == 4
    trainer.close()


def test_a_resume_beside_a_live_run_changes_nothing(tmp_path: Path) -> None:
    live = create_test_trainer(temp_dir=tmp_path, save_interval=1)
    other = create_test_trainer(temp_dir=tmp_path / "other", decision_db_path=str(tmp_path / "decisions.db"))
    refused: list[str] = []

    def resume_beside(trainer: HybridLLMRLTrainer, episode: int, _metrics: dict[str, Any]) -> None:
        if episode != 4:
            return
        with pytest.raises(CheckpointError, match="another run is writing") as caught:
            create_trainer(trainer.settings, resume_from="checkpoint_000001")
        refused.append(str(caught.value))
        with pytest.raises(CheckpointError, match="another run is writing"):
            other.restore(tmp_path / "checkpoints" / "checkpoint_000001")

    live.register_callback("episode_end", resume_beside)
    train(live, 5)
    assert refused
    assert episode_numbers(tmp_path / "decisions.db") == [1, 2, 3, 4, 5]
    beside = create_test_trainer(temp_dir=tmp_path)
    assert live.load_checkpoint("checkpoint_000002")
    assert not beside.load_checkpoint("checkpoint_000001"), "from the resume on, until it trains or is closed"
    assert episode_numbers(tmp_path / "decisions.db") == [1, 2]
    train(live, 3)
    assert beside.load_checkpoint("checkpoint_000001")
    for trainer in (live, other, beside):
        trainer.close()

"""The decision record is removed, replaced or locked while a run writes to it: noticed, said, and nothing is lost."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.exceptions import HistoryError
from core.history import episode_queue, waiting
from core.history.episode_queue import EpisodeQueue
from core.history.putting_back import identity_of
from core.history.store import HistoryStore
from core.history.verify import verify
from core.history.waiting import HistoryLockedError
from tests.history_samples import walk
from tests.utils import create_test_trainer
from trainer.checkpoints.checkpoint import CheckpointStore
from trainer.hybrid_llm_rl_trainer import HybridLLMRLTrainer
from trainer.play import team_state


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program, such as a database browser with unsaved changes."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        yield
        other.execute("rollback")


def train(trainer: HybridLLMRLTrainer, total_episodes: int) -> dict[str, Any]:
    return trainer.train(**{**trainer.settings.train_arguments(), "total_episodes": total_episodes})


def recorded(path: Path) -> list[int]:
    """Episode numbers in a file that agrees with itself."""
    with HistoryStore(path, must_exist=True) as store:
        assert verify(store).ok
        return [number for (number,) in store.connection.execute("select number from episodes order by number")]


def remove_with_companions(path: Path) -> None:
    for one in path.parent.glob(path.name + "*"):
        one.unlink()


def remove_alone(path: Path) -> None:
    path.unlink()


# -- removed


@pytest.mark.parametrize("remove", [remove_with_companions, remove_alone])
def test_a_removed_record_is_written_again(
    tmp_path: Path, remove: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "decisions.db"
    with HistoryStore(path) as store:
        run = store.start_run()
        store.commit_episode(run.id, walk(1))
        remove(path)
        left = identity_of(journal := path.with_name("decisions.db-wal"))
        assert not store.is_in_place
        store.commit_episode(run.id, walk(2))
        assert store.is_in_place
        assert identity_of(journal) != left, "no journal of the removed file is taken over"
    assert recorded(path) == [1, 2]
    assert caplog.text.count("was removed while it was open") == 1
    assert {one.name for one in tmp_path.iterdir()} == {"decisions.db"}, "nothing else is left"


def test_a_record_removed_after_the_last_episode_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    with HistoryStore(path) as store:
        store.commit_episode(store.start_run().id, walk(1))
        path.unlink()
    assert recorded(path) == [1]


def test_who_only_reads_puts_nothing_back(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    with HistoryStore(path) as store:
        store.start_run()
    with HistoryStore(path) as reader:
        path.unlink()
        reader.runs()
    assert not path.exists()


def test_another_file_of_the_name_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    with HistoryStore(path) as store:
        run = store.start_run()
        store.commit_episode(run.id, walk(1))
        remove_with_companions(path)
        path.write_text("mine")
        store.commit_episode(run.id, walk(2))
        assert store.path == tmp_path / "decisions.rescued_001.db"
    assert path.read_text() == "mine"
    assert recorded(tmp_path / "decisions.rescued_001.db") == [1, 2]


def test_a_removed_folder_is_said_and_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "run" / "decisions.db"
    path.parent.mkdir()
    with HistoryStore(path) as store:
        queue, run = EpisodeQueue(store), store.start_run()
        queue.commit(run.id, walk(1))
        shutil.rmtree(path.parent)
        queue.commit(run.id, walk(2))
        queue.commit(run.id, walk(3))
        assert caplog.text.count("cannot be put back") == 1
        assert not queue.is_whole
        with pytest.raises(HistoryError, match="was removed while it was open"):
            store.put_back()
        path.parent.mkdir()
        queue.commit(run.id, walk(4))
        assert queue.is_whole
    assert recorded(path) == [1, 2, 3, 4]


def test_a_training_whose_record_is_removed_loses_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    trainer = create_test_trainer(temp_dir=tmp_path, lanes=1)
    path = tmp_path / "decisions.db"
    trainer.register_callback("episode_end", lambda _t, episode, _m: path.unlink() if episode == 2 else None)
    train(trainer, 4)
    trainer.close()
    assert recorded(path) == [1, 2, 3, 4]
    assert "was removed while it was open" in caplog.text


def test_a_run_whose_record_is_gone_goes_on_in_a_new_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    trainer = create_test_trainer(temp_dir=tmp_path, lanes=1)
    name = train(trainer, 2)["run"]
    trainer.close()
    remove_with_companions(tmp_path / "decisions.db")
    resumed = create_test_trainer(temp_dir=tmp_path, lanes=1)
    resumed.restore("latest")
    assert train(resumed, 4)["run"] == name
    resumed.close()
    assert recorded(tmp_path / "decisions.db") == [3, 4]
    assert "is a new decision record" in caplog.text
    again = create_test_trainer(temp_dir=tmp_path, lanes=1)
    again.restore("latest")
    again.close()


# -- locked


def test_a_queue_keeps_episodes_until_the_lock_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(episode_queue, "PLAY_ON_AFTER_S", 0.0)
    path = tmp_path / "decisions.db"
    with HistoryStore(path) as store:
        queue, run = EpisodeQueue(store), store.start_run()
        queue.most_waiting_decisions = 1000
        with locked(path):
            queue.commit(run.id, walk(1))
            queue.commit(run.id, walk(2))
            assert queue.waiting == 2 and not queue.is_whole
        queue.commit(run.id, walk(3))
        assert queue.is_whole
    assert recorded(path) == [1, 2, 3]
    assert caplog.text.count("is locked by another program") == 1
    assert caplog.text.count("is free again") == 1


def test_what_a_queue_keeps_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(episode_queue, "PLAY_ON_AFTER_S", 0.0)
    monkeypatch.setattr(episode_queue, "LOCK_PATIENCE_S", 0.0)
    path = tmp_path / "decisions.db"
    with HistoryStore(path) as store:
        queue, run = EpisodeQueue(store), store.start_run()
        queue.most_waiting_decisions = walk(1).steps + 1
        with locked(path):
            queue.commit(run.id, walk(1))
            with pytest.raises(HistoryLockedError, match="is locked by another program"):
                queue.commit(run.id, walk(2))
        assert queue.write(0.0) == 2
    assert recorded(path) == [1, 2]


def test_a_lock_is_waited_out_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(waiting, "FIRST_WORD_S", 0.1)
    path = tmp_path / "decisions.db"
    HistoryStore(path).close()
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with locked(path):
            held.set()
            done.wait(0.8)

    other = threading.Thread(target=hold)
    other.start()
    held.wait()
    with HistoryStore(path) as store:
        store.start_run()
    other.join()
    assert "waiting for it" in caplog.text and "is free again" in caplog.text


def test_a_wait_is_given_up_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    with HistoryStore(path) as store:
        queue, run = EpisodeQueue(store), store.start_run()
        queue.gives_up = lambda: True
        with locked(path), pytest.raises(HistoryLockedError):
            queue.commit(run.id, walk(1))


def test_a_record_locked_in_mid_run_ends_up_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While episodes wait no resume point counts them; a kill then would have lost none."""
    monkeypatch.setattr(episode_queue, "PLAY_ON_AFTER_S", 0.0)
    path, checkpoints = tmp_path / "decisions.db", CheckpointStore(tmp_path / "checkpoints")
    trainer = create_test_trainer(temp_dir=tmp_path, lanes=1)
    other = sqlite3.connect(path, isolation_level=None)
    resume_points: list[int] = []

    def lock_and_let_go(_trainer: HybridLLMRLTrainer, episode: int, _metrics: dict[str, Any]) -> None:
        resume_points.append(checkpoints.load("latest").episode if episode > 1 else 0)
        if episode == 2:
            other.execute("begin immediate")
        if episode == 5:
            other.execute("rollback")

    trainer.register_callback("episode_end", lock_and_let_go)
    train(trainer, 7)
    trainer.close()
    other.close()
    assert resume_points == [0, 1, 2, 2, 2, 2, 6]
    assert recorded(path) == [1, 2, 3, 4, 5, 6, 7]
    assert (tmp_path / "checkpoints" / "checkpoint_000006").is_dir(), "the one that was due comes when it can"


def test_a_record_locked_until_the_end_leaves_a_run_that_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(episode_queue, "PLAY_ON_AFTER_S", 0.0)
    monkeypatch.setattr(team_state, "LOCK_PATIENCE_S", 0.0)
    path = tmp_path / "decisions.db"
    trainer = create_test_trainer(temp_dir=tmp_path, lanes=1)
    other = sqlite3.connect(path, isolation_level=None)

    def lock_after_two(_trainer: HybridLLMRLTrainer, episode: int, _metrics: dict[str, Any]) -> None:
        if episode == 2:
            other.execute("begin immediate")

    trainer.register_callback("episode_end", lock_after_two)
    with pytest.raises(HistoryError, match="is locked by another program"):
        train(trainer, 4)
    trainer.close()
    other.close()
    resumed = create_test_trainer(temp_dir=tmp_path, lanes=1)
    resumed.restore("latest")
    train(resumed, 4)
    resumed.close()
    assert recorded(path) == [1, 2, 3, 4]


def test_a_record_locked_at_start_is_waited_for_before_anything_is_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that gives up waiting has left the run before as it was."""
    first = create_test_trainer(temp_dir=tmp_path, lanes=1)
    train(first, 1)
    first.close()
    before = sorted(one.name for one in (tmp_path / "checkpoints").iterdir())
    second = create_test_trainer(temp_dir=tmp_path, lanes=1)
    with locked(tmp_path / "decisions.db"), pytest.raises(HistoryLockedError):
        monkeypatch.setattr(waiting, "time", FastClock())
        train(second, 1)
    second.close()
    assert sorted(one.name for one in (tmp_path / "checkpoints").iterdir()) == before


class FastClock:
    """In the place of `time`: it runs a thousand times as fast from when it is made."""

    def __init__(self) -> None:
        self._start_s = time.monotonic()

    def monotonic(self) -> float:
        return 1000 * (time.monotonic() - self._start_s)

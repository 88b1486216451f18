"""The decision record under several writers, and after a kill at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.history.store import HistoryStore
from core.history.verify import verify
from tests.history_samples import walk

ROOT = Path(__file__).resolve().parent.parent
_WRITER = """
import sys
from core.history.store import HistoryStore
from tests.history_samples import walk
store = HistoryStore(sys.argv[1])
run = store.start_run()
print(run.id, flush=True)
for number in range(1, 1 + int(sys.argv[2])):
    store.commit_episode(run.id, walk(number, steps=400))
    print(number, flush=True)
"""


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    children = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(path), "25"], cwd=ROOT, stdout=subprocess.DEVNULL)
        for _ in range(2)
    ]
    assert [child.wait(timeout=120) for child in children] == [0, 0]
    with HistoryStore(path) as store:
        report = verify(store)
    assert (report.problems, report.episodes) == ((), 50)


def test_two_writers_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    with HistoryStore(path) as one, HistoryStore(path) as two:
        first, second = one.start_run("one"), two.start_run("two")
        for number in range(1, 5):
            one.commit_episode(first.id, walk(number, seed=1))
            two.commit_episode(second.id, walk(number, seed=2))
        assert verify(one).ok
        assert verify(two).decisions == 1600


@pytest.mark.parametrize("wait_s", [0.01, 0.11, 0.37])
def test_kill_9_leaves_a_whole_file(tmp_path: Path, wait_s: float) -> None:
    path = tmp_path / "decisions.db"
    child = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path), "10000"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ},
    )
    assert child.stdout is not None
    child.stdout.readline()
    child.stdout.readline()  # the first episode is committed
    time.sleep(wait_s)
    child.send_signal(signal.SIGKILL)
    rest = child.stdout.read().split()
    child.wait()
    said = int(rest[-1]) if rest else 1
    with HistoryStore(path, must_exist=True) as store:
        report = verify(store)
        assert report.problems == ()
        numbers = [row[0] for row in store.connection.execute("select number from episodes order by number")]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= said, "what was reported as committed is there"
        assert report.decisions == 400 * len(numbers)
        store.commit_episode(store.find_run().id, walk(len(numbers) + 1))

"""Programs of the project, stopped by a signal at a chosen moment: what each leaves is checked.

`stopped_at_random(folder, seed)` is one trial for a campaign; `faults_when_stopped` takes the moment from the caller.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.history.store import HistoryStore
from core.history.verify import verify
from tests.utils import generate_test_config
from trainer.checkpoints.checkpoint import CheckpointStore
from trainer.run.stop_request import EXIT_CODES

ROOT = Path(__file__).resolve().parent.parent
LONGEST_WAIT_S = 120.0
LONGEST_END_S = 30.0
"""After the signal. A quiet machine needs less than a second; several busy ones share a core."""
LONGEST_ORPHAN_S = 10.0

UNWANTED = ("Traceback", "Exception ignored", "error:", "took its place")
"""In standard error; the last is what is said of a worker that was replaced."""


@dataclass(frozen=True)
class Moment:
    """When the signal comes: `after_s` after a phase has begun, to the program alone or to its whole process group."""

    phase: str
    after_s: float
    number: signal.Signals
    to_group: bool


def watches_signals(folder: Path, child: subprocess.Popen[bytes]) -> bool:
    """Whether the program's first line is done: Python itself never catches SIGTERM."""
    status = Path(f"/proc/{child.pid}/status").read_text(encoding="ascii", errors="replace")
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def made_its_record(folder: Path, _child: subprocess.Popen[bytes]) -> bool:
    return (folder / "decisions.db").exists()


def played_an_episode(folder: Path, _child: subprocess.Popen[bytes]) -> bool:
    return any(folder.glob("checkpoints/resume_*"))


def wrote_its_summary(folder: Path, _child: subprocess.Popen[bytes]) -> bool:
    return (folder / "checkpoints" / "training_summary.json").exists()


Shown = Callable[[Path, subprocess.Popen[bytes]], bool]
LONG = {"total_episodes": 10_000}
PHASES: dict[str, tuple[Shown, float, dict[str, int]]] = {
    "start-up": (watches_signals, 4.0, LONG),
    "evaluation": (made_its_record, 2.0, {**LONG, "eval_episodes": 200, "max_steps_per_episode": 400}),
    "play": (played_an_episode, 2.0, LONG),
    "end": (wrote_its_summary, 0.3, {"total_episodes": 2}),
}
"""By name: what shows that the phase has begun, how long it may go on, and settings that make it long enough."""


def stopped_at_random(folder: Path, seed: int, phase: str | None = None) -> list[str]:
    """One trial: a training of its own in `folder`, stopped at a moment that the seed draws. Returns what was wrong."""
    chance = random.Random(seed)
    phase = phase or chance.choice(list(PHASES))
    after_s = chance.uniform(0.0, PHASES[phase][1])
    number = chance.choice((signal.SIGINT, signal.SIGTERM))
    moment = Moment(phase, after_s, number, chance.random() < 0.5)
    return [f"{moment}: {fault}" for fault in faults_of_training(folder, moment)]


def faults_of_training(folder: Path, moment: Moment) -> list[str]:
    """A training in `folder` that is stopped at the moment, and what it leaves behind."""
    has_begun, _, settings = PHASES[moment.phase]
    config = generate_test_config(folder, workers=2, log_level="INFO", **settings)
    command = [sys.executable, str(ROOT / "run_training.py"), "--config", str(config)]
    return [*faults_when_stopped(command, folder, moment, has_begun), *faults_of_files(folder)]


def faults_when_stopped(
    command: list[str],
    folder: Path,
    moment: Moment,
    has_begun: Shown = watches_signals,
) -> list[str]:
    """Start a command in a process group of its own, signal it at the moment, and say what was not as promised: one
    line, exit code 130 or 143, no process left, no wait."""
    with started(command, folder) as child:
        return _faults_of(child, folder, moment, has_begun)


@contextmanager
def started(command: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program in a process group of its own, with `out.txt` and `err.txt` in the folder; the whole group is killed in
    the end."""
    with (folder / "out.txt").open("wb") as out, (folder / "err.txt").open("wb") as err:
        child = subprocess.Popen(
            command,
            cwd=folder,
            stdout=out,
            stderr=err,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            preexec_fn=lambda: [signal.signal(one, signal.SIG_DFL) for one in EXIT_CODES] and None,
        )
        try:
            yield child
        finally:
            for process in group_of(child.pid):
                process.kill()
            child.wait()


def wait_until(has_begun: Shown, folder: Path, child: subprocess.Popen[bytes]) -> bool:
    """Until a phase has begun or the program has ended; false when that takes too long."""
    deadline_s = time.monotonic() + LONGEST_WAIT_S
    while child.poll() is None and not has_begun(folder, child):
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.002)
    return True


def faults_of_orphans(child: subprocess.Popen[bytes]) -> list[str]:
    """Processes of a program's group that are still there a while after its end."""
    deadline_s = time.monotonic() + LONGEST_ORPHAN_S
    while left := group_of(child.pid):
        if time.monotonic() > deadline_s:
            return [f"left {len(left)} processes behind: {left}"]
        time.sleep(0.02)
    return []


def _faults_of(
    child: subprocess.Popen[bytes],
    folder: Path,
    moment: Moment,
    has_begun: Shown,
) -> list[str]:
    if not wait_until(has_begun, folder, child):
        return [f"{moment.phase} did not begin within {LONGEST_WAIT_S:.0f} s"]
    time.sleep(moment.after_s)
    if child.poll() is not None:
        return [] if child.returncode == 0 else [f"ended with {child.returncode} before the signal"]
    if moment.to_group:
        os.killpg(child.pid, moment.number)
    else:
        child.send_signal(moment.number)
    try:
        code = child.wait(LONGEST_END_S)
    except subprocess.TimeoutExpired:
        return [f"still runs {LONGEST_END_S:.0f} s after the signal"]
    return [*_faults_of_end(code, folder, moment.number), *faults_of_orphans(child)]


def _faults_of_end(code: int, folder: Path, number: signal.Signals) -> list[str]:
    said = (folder / "err.txt").read_text(encoding="utf-8", errors="replace")
    line = f"Stopped by {number.name}.\n"
    faults = [f"says {word!r}: {said}" for word in UNWANTED if word in said]
    if code == 0 and line not in said:  # all was done, and nothing was left to be stopped
        return faults
    if code != EXIT_CODES[number]:
        faults.append(f"exit code {code}, not {EXIT_CODES[number]}: {said}")
    if said.count(line) != 1:
        faults.append(f"says {line!r} {said.count(line)} times: {said}")
    return faults


def faults_of_files(folder: Path) -> list[str]:
    """What a run that was stopped leaves: a record that agrees with itself, and a checkpoint to go on from."""
    faults: list[str] = []
    episodes: list[int] = []
    if (folder / "decisions.db").exists():
        with HistoryStore(folder / "decisions.db") as store:
            faults += verify(store).problems
            episodes = [number for (number,) in store.connection.execute("select number from episodes order by number")]
    if episodes != list(range(1, len(episodes) + 1)):
        faults.append(f"episodes {episodes} are recorded")
    checkpoints = CheckpointStore(folder / "checkpoints")
    if checkpoints.has_run() and checkpoints.load("latest").episode > len(episodes):
        faults.append(f"the checkpoint knows {checkpoints.load('latest').episode} episodes, the record {len(episodes)}")
    return faults


def group_of(group: int) -> list[psutil.Process]:
    """Living processes of a process group."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found

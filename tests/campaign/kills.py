"""Trainings that are killed, once or twice, and resumed: every episode is recorded once, and nothing is left behind."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from core.history.store import HistoryStore
from core.history.verify import verify
from tests.stopped_programs import (
    PHASES,
    ROOT,
    UNWANTED,
    faults_of_orphans,
    group_of,
    started,
    wait_until,
)
from tests.utils import generate_test_config
from trainer.checkpoints.checkpoint import CheckpointStore

EPISODES = 30
LATEST_KILL_S = {"start-up": 4.0, "play": 1.0}
"""After the phase has begun."""


LONGEST_RUN_S = 120.0


def trial(seed: int, folder: Path) -> list[str]:
    chance = random.Random(seed)
    config = generate_test_config(folder, workers=2, total_episodes=EPISODES, save_interval=3)
    faults: list[str] = []
    for number in range(chance.choice((1, 1, 2))):
        phase = chance.choice(("start-up", "play", "play"))
        after_s, to_group = chance.uniform(0.0, LATEST_KILL_S[phase]), chance.random() < 0.5
        found = [*faults_of_kill(config, phase, after_s, to_group), *faults_of_record(folder)]
        faults += [f"kill {number + 1}, {after_s:.3f} s into {phase}: {fault}" for fault in found]
    return [*faults, *faults_of_run(config), *faults_of_record(folder, last=EPISODES)]


def command_of(config: Path) -> list[str]:
    """The training, resumed if there is what to resume."""
    command = [sys.executable, str(ROOT / "run_training.py"), "--no-progress", "--config", str(config)]
    return [*command, "--resume"] if has_run(config.parent) else command


def faults_of_kill(config: Path, phase: str, after_s: float, to_group: bool) -> list[str]:
    """Start or resume the training and kill it, with its workers or alone; a training that is done by then is good."""
    folder = config.parent
    with started(command_of(config), folder) as child:
        if not wait_until(PHASES[phase][0], folder, child):
            return ["it did not begin"]
        time.sleep(after_s)
        if child.poll() is not None:
            return faults_of_end(child.returncode, folder)
        for process in group_of(child.pid) if to_group else []:
            process.kill()
        child.send_signal(signal.SIGKILL)
        child.wait()
        return faults_of_orphans(child)


def faults_of_run(config: Path) -> list[str]:
    """Start or resume the training and let it end."""
    with started(command_of(config), config.parent) as child:
        try:
            code = child.wait(LONGEST_RUN_S)
        except subprocess.TimeoutExpired:
            return [f"the last run still plays after {LONGEST_RUN_S:.0f} s"]
        return [*faults_of_end(code, config.parent), *faults_of_orphans(child)]


def faults_of_end(code: int, folder: Path) -> list[str]:
    said = (folder / "err.txt").read_text(encoding="utf-8", errors="replace")
    faults = [f"says {word!r}: {said}" for word in UNWANTED if word in said]
    return faults if code == 0 else [*faults, f"exit code {code}: {said}"]


def has_run(folder: Path) -> bool:
    return CheckpointStore(folder / "checkpoints").has_run()


def faults_of_record(folder: Path, last: int | None = None) -> list[str]:
    """Of each run the episodes are 1, 2, ... without a hole or a double, up to `last` in the newest, and no checkpoint
    counts more."""
    path, episodes = folder / "decisions.db", dict[int, list[int]]()
    faults: list[str] = []
    if path.exists():
        with HistoryStore(path) as store:
            faults += verify(store).problems
        with closing(sqlite3.connect(path)) as record:
            for run, number in record.execute("select run_id, number from episodes order by run_id, number"):
                episodes.setdefault(run, []).append(number)
    for run, numbers in episodes.items():
        if numbers != list(range(1, len(numbers) + 1)):
            faults.append(f"run {run} has the episodes {numbers}")
    newest = len(episodes[max(episodes)]) if episodes else 0
    if last is not None and newest != last:
        faults.append(f"{newest} episodes of {last} are recorded in the end")
    if has_run(folder) and (known := CheckpointStore(folder / "checkpoints").load("latest").episode) > newest:
        faults.append(f"the checkpoint counts {known} episodes, the record {newest}")
    return faults

"""Ctrl-C and `kill` at every moment: one line, exit code 130 or 143, no process left behind, nothing lost."""

from __future__ import annotations

import random
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.stopped_programs import (
    PHASES,
    Moment,
    faults_of_training,
    faults_when_stopped,
    started,
    stopped_at_random,
    wait_until,
)

INT, TERM = signal.SIGINT, signal.SIGTERM
_seed = time.time_ns() % 1_000_000
"""Another one in every run of the tests; a failure says it."""


@pytest.mark.parametrize(
    ("phase", "latest_s", "number", "to_group"),
    [
        ("start-up", 1.0, INT, True),
        ("start-up", 3.0, INT, False),
        ("start-up", 3.0, TERM, True),
        ("evaluation", 0.5, INT, True),
        ("play", 0.5, TERM, True),
        ("end", 0.2, INT, True),
    ],
)
def test_a_training_is_stopped_at_any_moment(
    tmp_path: Path, phase: str, latest_s: float, number: signal.Signals, to_group: bool
) -> None:
    after_s = random.Random(_seed).uniform(0.0, latest_s)
    moment = Moment(phase, after_s, number, to_group)
    assert faults_of_training(tmp_path, moment) == [], f"{moment}, seed {_seed}"


@pytest.mark.nightly
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("trial", range(12))
def test_a_training_is_stopped_at_very_many_moments(tmp_path: Path, phase: str, trial: int) -> None:
    assert stopped_at_random(tmp_path, _seed + trial, phase) == [], f"seed {_seed + trial}"


@pytest.mark.parametrize(
    ("arguments", "after_s"),
    [
        (("team", "train", "plan_path_two_policy", "--dir", "team"), 6.0),
        (("--help",), 0.3),
    ],
)
def test_a_command_is_stopped_with_one_line(tmp_path: Path, arguments: tuple[str, ...], after_s: float) -> None:
    command = [sys.executable, "-m", "trainer.commands.command_line", *arguments]
    moment = Moment("start-up", random.Random(_seed).uniform(0.0, after_s), INT, True)
    assert faults_when_stopped(command, tmp_path, moment) == [], f"{moment}, seed {_seed}"


@pytest.mark.parametrize("number", [INT, TERM])
def test_a_signal_while_python_takes_its_modules_down_changes_nothing(tmp_path: Path, number: signal.Signals) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        """
import os, time
from trainer.commands.program import run_program

class TakesLong:
    def __del__(self, write=os.write, wait=time.sleep):
        write(1, b"taken down")
        wait(1.0)

def work():
    global left_to_the_end
    left_to_the_end = TakesLong()
    return 0

run_program(work)
""",
        encoding="utf-8",
    )
    with started([sys.executable, str(program)], tmp_path) as child:
        assert wait_until(lambda folder, _: (folder / "out.txt").read_text() == "taken down", tmp_path, child)
        child.send_signal(number)
        assert child.wait(30.0) == 0

"""A worker that is lost is replaced by one that goes on where it was: the run is that of one in which nobody died."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv, Outcome
from tests.test_fleet import Ones, always, small_fleet, trained
from trainer.fleet import keepsake, worker_past
from trainer.fleet.workbench import Workbench

RUN: dict[str, Any] = {
    "llm_model": "pocket",
    "env_class": "tests.test_lost_workers:Mortal",
    "max_steps_per_episode": 80,
    "final_milestone": None,
    "learner": {"rollout_steps": 16, "minibatch_size": 32, "epochs": 1},
}


class Mortal(EnhancedPyBoyPokemonCrystalEnv):
    """An env that kills its process once at a given step of its own."""

    grave: Path | None = None
    last_step = 0
    steps = 0

    def advance(self, action: int | np.int64, render: bool | None = None) -> Outcome:
        self.steps += 1
        if self.grave is not None and self.steps == self.last_step:
            with contextlib.suppress(FileExistsError):  # of several workers that come here at once, one dies
                self.grave.touch(exist_ok=False)
                os.kill(os.getpid(), signal.SIGKILL)
        return super().advance(action, render)


class Strange(Mortal):
    """An env that presses something else now and then, once a worker was lost."""

    def advance(self, action: int | np.int64, render: bool | None = None) -> Outcome:
        is_strange = self.grave is not None and self.grave.exists() and self.steps % 7 == 3
        return super().advance(7 if is_strange else action, render)


def equal(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(("last_step", "most_tasks"), [(130, 16), (130, 2)])
def test_a_lost_worker_costs_no_step(
    last_step: int,
    most_tasks: int,
    tmp_path: Path,
    undisturbed: tuple[dict[str, Any], dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(worker_past, "MOST_TASKS", most_tasks)
    monkeypatch.setattr(worker_past, "KEEPSAKE_SHARE", 0.0)
    monkeypatch.setattr(Mortal, "grave", tmp_path / "grave")
    monkeypatch.setattr(Mortal, "last_step", last_step)
    recorded, weights = trained(tmp_path / "run", **RUN)
    assert caplog.text.count("took its place") == 1 and "anew" not in caplog.text
    assert recorded == undisturbed[0]
    assert equal(weights, undisturbed[1])


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """Rows and weights of the run in which nobody dies."""
    recorded, weights = trained(tmp_path_factory.mktemp("undisturbed") / "run", **RUN)
    assert len(recorded["episodes"]) == 6
    return recorded, weights


def test_where_a_game_does_not_come_out_alike_it_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker_past, "MOST_TASKS", 2)
    monkeypatch.setattr(Mortal, "grave", tmp_path / "grave")
    monkeypatch.setattr(Mortal, "last_step", 130)
    recorded, _ = trained(tmp_path / "run", **{**RUN, "env_class": "tests.test_lost_workers:Strange"})
    assert "and came to another state of the game): its games begin anew" in caplog.text
    assert [row["number"] for row in recorded["episodes"]] == [1, 2, 3, 4, 5, 6]


@dataclass(frozen=True)
class Chain:
    """A job of a session: it adds to a sum what the broker says, and its worker may die of it once."""

    grave: Path
    dies: bool = False
    can_be_written: bool = True
    session: int = 1

    def play(self, bench: Workbench) -> tuple[int, int]:
        first, lock = bench.kept.get("sum", 0), None if self.can_be_written else threading.Lock()
        bench.kept |= {"sum": first + bench.ask("more"), "lock": lock}
        if self.dies and not self.grave.exists():
            self.grave.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        bench.kept["sum"] += 100 * bench.ask("more")
        return first, bench.kept["sum"]

    def keepsake(self, bench: Workbench) -> bytes:
        return keepsake.dump(bench.kept, {})

    def recall(self, bench: Workbench, kept: bytes) -> None:
        bench.kept = keepsake.load(kept, {})


@pytest.mark.parametrize("most_tasks", [2, 16])
def test_a_worker_in_the_place_of_another_is_told_what_that_one_was_told(
    most_tasks: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_past, "MOST_TASKS", most_tasks)
    with small_fleet(workers=1) as fleet:
        broker = Ones()
        grave = tmp_path / "grave"
        for place, dies in enumerate([False, False, False, True, False]):
            assert fleet.play([Chain(grave, dies)], broker, always) == [(101 * place, 101 * (place + 1))]
        assert grave.exists() and not broker.again
        assert broker.answers == 10, "no question was asked twice"
        assert fleet.play([Chain(grave, session=2)], broker, always) == [(505, 606)], "the worker is the same"
        grave.unlink()
        assert fleet.play([Chain(grave, True, session=3)], broker, always) == [(0, 101)], "of older sessions it is not"


def test_what_cannot_be_written_down_begins_anew_and_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker_past, "MOST_TASKS", 1)
    with small_fleet(workers=1) as fleet:
        broker = Ones()
        job = Chain(tmp_path / "grave", can_be_written=False)
        assert [fleet.play([job], broker, always) for _ in range(3)] == [[(0, 101)], [(101, 202)], [(202, 303)]]
        assert caplog.text.count("cannot be written down: should a worker be lost, its games begin anew") == 1
        assert fleet.play([Chain(tmp_path / "grave", dies=True)], broker, always) == [(0, 101)]
        assert broker.again == [0]

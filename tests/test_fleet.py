"""Workers play, the learner learns: what comes of it depends neither on who is fast nor on who dies."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv, Outcome
from core.exceptions import ClosedEnvironmentError, ConfigurationError, TrainingError
from tests.test_one_loop import rows
from tests.utils import FERNVALE, MARK, create_test_trainer
from trainer.fleet.blueprint import Blueprint
from trainer.fleet.local_fleet import LocalFleet
from trainer.fleet.workbench import Workbench
from trainer.play.episode_starts import EpisodeStarts
from trainer.settings import Settings

SMALL: dict[str, Any] = {"lanes": 4, "workers": 2, "eval_episodes": 0}


@dataclass(frozen=True)
class Sums:
    """A job that adds a number to what the worker has kept, and asks the broker for another."""

    number: int
    steps: int = 0

    def play(self, bench: Workbench) -> tuple[int, Any, bool, int]:
        known = bench.kept.get("sum")
        bench.kept["sum"] = (known or 0) + self.number + bench.ask("more")
        played, goes_on = 0, True
        while goes_on and played < self.steps:
            time.sleep(0.001)
            played += 1
            goes_on = bench.note(1, 0)
        return bench.kept["sum"], bench.news, known is None, played


class Dies:
    """A job that its worker dies of, the first `times` that anybody plays it."""

    def __init__(self, graves: Path, times: int) -> None:
        self.graves, self.times = graves, times

    def play(self, bench: Workbench) -> int:
        if len(list(self.graves.iterdir())) < self.times:
            (self.graves / str(os.getpid())).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return bench.number


class Sleeps(Dies):
    """A job that its worker never comes back from."""

    def play(self, bench: Workbench) -> int:
        if len(list(self.graves.iterdir())) < self.times:
            (self.graves / str(os.getpid())).touch()
            time.sleep(600)
        return bench.number


class Fails:
    """A job with an error in it."""

    def play(self, bench: Workbench) -> int:
        raise ValueError(f"worker {bench.number} cannot count")


class Ones:
    """A broker that says 1, later and from another thread."""

    def __init__(self) -> None:
        self.again: list[int] = []
        self.answers = 0

    def answer(self, worker: int, asked: Any, reply: Callable[[Any], None]) -> None:
        assert asked == "more"
        self.answers += 1
        threading.Timer(0.01 * (2 - worker), lambda: reply(1)).start()

    def begin_again(self, worker: int, deaths: int) -> None:
        self.again.append(worker)


def small_env(lane: int) -> EnhancedPyBoyPokemonCrystalEnv:
    return EnhancedPyBoyPokemonCrystalEnv(str(FERNVALE), observation_type="state", max_steps=40)


def small_fleet(workers: int = 2, **arguments: Any) -> LocalFleet:
    return LocalFleet(Blueprint(Settings(rom_path=FERNVALE), small_env, 2, workers), **arguments)


def always(_steps: int, _games: int) -> bool:
    return True


def test_jobs_are_played_side_by_side_with_what_was_broadcast_and_kept() -> None:
    with small_fleet() as fleet:
        assert fleet.play([Sums(1), Sums(10)], Ones(), always) == [(2, None, True, 0), (11, None, True, 0)]
        fleet.broadcast({"all": "know"})
        told = {"all": "know"}
        assert fleet.play([Sums(2), Sums(20)], Ones(), always) == [(5, told, False, 0), (32, told, False, 0)]
        with pytest.raises(ConfigurationError, match="1 jobs for 2 workers"):
            fleet.play([Sums(1)], Ones(), always)
        processes = fleet.worker_processes()
    with pytest.raises(ClosedEnvironmentError, match="the fleet is closed"):
        fleet.play([Sums(1), Sums(1)], Ones(), always)
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
    with pytest.raises(ConfigurationError, match="3 workers for 2 lanes"):
        small_fleet(workers=3)


def test_a_halted_job_says_how_far_it_came() -> None:
    seen: list[int] = []

    def until_some(steps: int, _games: int) -> bool:
        seen.append(steps)
        return sum(seen) < 100

    with small_fleet() as fleet:
        results = fleet.play([Sums(1, 100_000), Sums(1, 100_000)], Ones(), until_some)
        assert all(0 < played < 100_000 for _, _, _, played in results)
        assert sum(played for _, _, _, played in results) == sum(seen), "every step was told"
        assert fleet.play([Sums(1, 3), Sums(1, 3)], Ones(), always)[0][3] == 3, "an old halt is not for the next job"


def test_a_worker_that_dies_or_hangs_is_replaced_and_plays_its_job_again(tmp_path: Path) -> None:
    with small_fleet(answer_timeout_s=3.0) as fleet:
        before = fleet.worker_processes()
        fleet.play([Sums(1), Sums(1)], Ones(), always)
        for number, job in enumerate((Dies, Sleeps)):
            graves, broker = tmp_path / str(number), Ones()
            graves.mkdir()
            assert fleet.play([job(graves, 0), job(graves, 1)], broker, always) == [0, 1]
            assert set(broker.again) <= {0, 1} and len(broker.again) == 1
        kept = fleet.play([Sums(1), Sums(1)], Ones(), always)
        assert [is_new for _, _, is_new, _ in kept].count(True) == 1 or fleet.worker_processes() != before
        assert not set(fleet.worker_processes()) >= set(before)


def test_workers_that_keep_dying_and_errors_end_the_play_and_the_next_one_begins_anew(tmp_path: Path) -> None:
    with small_fleet(workers=1) as fleet:
        with pytest.raises(TrainingError, match=r"worker 0 \(lanes 0-1\).* was killed by SIGKILL, and 2 new ones"):
            fleet.play([Dies(tmp_path, 9)], Ones(), always)
        assert fleet.play([Sums(1)], Ones(), always)[0][0] == 2
        with pytest.raises(TrainingError, match=r"worker 0 .* failed:\n(.*\n)+ValueError: worker 0 cannot count"):
            fleet.play([Fails()], Ones(), always)
        assert fleet.play([Sums(1)], Ones(), always)[0][0] == 2


class Uneven(EnhancedPyBoyPokemonCrystalEnv):
    """An env that takes its time now and then."""

    longest_s = 0.0

    def advance(self, action: int | np.int64, render: bool | None = None) -> Outcome:
        if self.longest_s and random.random() < 0.05:
            time.sleep(random.random() * self.longest_s)
        return super().advance(action, render)


def trained(folder: Path, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The rows and the weights of a small run."""
    trainer = create_test_trainer(temp_dir=folder, **{**SMALL, **changes})
    try:
        trainer.train(**{**trainer.settings.train_arguments(), "total_episodes": 6})
        return rows(folder / "decisions.db"), {name: one.numpy() for name, one in trainer.learner.tensors().items()}
    finally:
        trainer.close()


def test_rows_and_weights_do_not_depend_on_who_is_fast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes: dict[str, Any] = {"llm_model": "pocket", "env_class": "tests.test_fleet:Uneven"}
    one, weights = trained(tmp_path / "one", **changes)
    monkeypatch.setattr(Uneven, "longest_s", 0.02)
    other, other_weights = trained(tmp_path / "other", **changes)
    assert one == other and len(one["episodes"]) == 6
    assert all(np.array_equal(weights[name], other_weights[name]) for name in weights)
    third, _ = trained(tmp_path / "third", **changes, seed=5)
    assert third != one


def test_a_killed_worker_costs_no_episode(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    trainer = create_test_trainer(temp_dir=tmp_path, **SMALL, max_steps_per_episode=70)
    killed: list[int] = []

    def kill(_trainer: Any, episode: int, _metrics: Any) -> None:
        if episode in (2, 4):
            killed.append(trainer.env.worker_processes()[episode // 4])  # type: ignore[union-attr]
            os.kill(killed[-1], signal.SIGKILL)

    trainer.register_callback("episode_end", kill)
    summary = trainer.train(**{**trainer.settings.train_arguments(), "total_episodes": 6})
    trainer.close()
    assert len(killed) == 2 and caplog.text.count("took its place") >= 1
    recorded = rows(tmp_path / "decisions.db")["episodes"]
    assert sorted(row["number"] for row in recorded) == [1, 2, 3, 4, 5, 6]
    assert summary["total_steps"] == 6 * 70


class Deadly(EnhancedPyBoyPokemonCrystalEnv):
    """An env that kills its process in the fifth step of the game that comes there first, if it is played alike."""

    grave: Path
    pressed: tuple[int, ...] = ()

    def restart(self, *, seed: int | None = None, **arguments: Any) -> Any:
        self.pressed = (seed or 0,)
        return super().restart(seed=seed, **arguments)

    def advance(self, action: int | np.int64, render: bool | None = None) -> Outcome:
        self.pressed = (*self.pressed, int(action))
        if len(self.pressed) == 6:
            if not self.grave.exists():
                self.grave.write_text(str(self.pressed))
            if self.grave.read_text() == str(self.pressed):
                os.kill(os.getpid(), signal.SIGKILL)
        return super().advance(action, render)


def test_a_game_that_kills_its_worker_again_is_played_with_other_dice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Deadly, "grave", tmp_path / "grave", raising=False)
    changes = {"agent_mode": "rl_only", "env_class": "tests.test_fleet:Deadly", "workers": 1}
    recorded, _ = trained(tmp_path / "run", **changes)
    assert caplog.text.count("took its place") == 2
    assert [row["number"] for row in recorded["episodes"]] == [1, 2, 3, 4, 5, 6]


def test_workers_take_starts_of_their_own_and_none_is_left_out() -> None:
    starts = EpisodeStarts()
    first, second = (iter(supply or ()) for supply in starts.share_out(2))
    taken = [[next(first), next(first), next(first)], [next(second)]]
    assert taken == [[0, 2, 4], [1]]
    starts.settle(taken)
    starts.finish_start(2)
    assert starts.state_dict() == {"next": 5, "again": [0, 1, 4, 3]}
    first, second = (iter(supply or ()) for supply in starts.share_out(2))
    assert [next(first), next(first), next(second)] == [3, 5, 6]
    resumed = EpisodeStarts()
    resumed.load_state_dict(starts.state_dict())
    (only,) = resumed.share_out(1)
    assert [start for start, _ in zip(only or (), range(6), strict=False)] == [0, 1, 4, 3, 5, 6]
    starts.drop_running()
    assert starts.state_dict()["again"] == [0, 1, 4, 3]


@pytest.mark.parametrize("cluster", ["local", "auto", "ray://head:10001"])
def test_workers_elsewhere_need_an_extra_before_anything_is_made(
    tmp_path: Path, cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)  # an import then finds none, whether it is installed or not
    with pytest.raises(ConfigurationError, match="'ray' is not installed, it comes with the extra 'ray'"):
        create_test_trainer(temp_dir=tmp_path, cluster=cluster)
    assert {path.name for path in tmp_path.iterdir()} <= {"config.json", MARK}

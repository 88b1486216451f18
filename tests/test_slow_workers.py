"""A worker that is slow is not waited for without end, and what it plays is not lost."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv, Outcome
from core.exceptions import ConfigurationError
from tests.test_fleet import Ones, always, small_fleet, trained
from trainer.fleet import stragglers
from trainer.fleet.workbench import Workbench
from trainer.play.episode_starts import EpisodeStarts, StartSupply


@dataclass(frozen=True)
class Stops:
    """A job in which a worker stops until somebody lets it go on."""

    stops: bool

    def play(self, bench: Workbench) -> tuple[int, bool]:
        if self.stops:
            os.kill(os.getpid(), signal.SIGSTOP)
        return bench.number, self.stops


@pytest.fixture
def no_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A straggler is one from the first moment on."""
    monkeypatch.setattr(stragglers, "LEAST_PATIENCE_S", 0.0)


def test_a_stopped_worker_is_left_behind_and_its_result_comes_later(
    no_moment: None, caplog: pytest.LogCaptureFixture
) -> None:
    with small_fleet() as fleet:
        assert fleet.play([Stops(False), Stops(True)], Ones(), always, patience=2.0) == [(0, False), None]
        assert fleet.late == {1} and caplog.text.count("worker 1 (lanes 1-1) is not done after") == 1
        with pytest.raises(ConfigurationError, match=r"no jobs for the workers \[0\]: only one that is late gets none"):
            fleet.play([None, None], Ones(), always, patience=2.0)
        assert fleet.play([Stops(False), None], Ones(), always, patience=2.0) == [(0, False), None]
        os.kill(fleet.worker_processes()[1], signal.SIGCONT)
        assert fleet.play([Stops(False), None], Ones(), always) == [(0, False), (1, True)], "without patience it waits"
        assert not fleet.late
        fleet.play([Stops(False), Stops(True)], Ones(), always, patience=2.0)
        stopped = fleet.worker_processes()[1]
        assert fleet.play([Stops(False)] * 2, Ones(), always) == [(0, False), (1, False)], "a new one has its place"
        assert fleet.worker_processes()[1] != stopped
        assert caplog.text.count("is not done after") == 2, "each is told of once"


class Throttled(EnhancedPyBoyPokemonCrystalEnv):
    """An env that is slow at first in one worker, the one that gets to play before the others."""

    mark: Path | None = None
    slow_steps = 60

    def advance(self, action: int | np.int64, render: bool | None = None) -> Outcome:
        if self.mark is not None and self.slow_steps:
            with contextlib.suppress(FileExistsError), self.mark.open("x") as file:
                file.write(str(os.getpid()))
            if self.mark.read_text() == str(os.getpid()):
                self.slow_steps -= 1
                time.sleep(0.05)
        return super().advance(action, render)


def test_a_training_goes_on_without_a_slow_worker_and_loses_none_of_its_games(
    no_moment: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Throttled, "mark", tmp_path / "mark")
    recorded, weights = trained(
        tmp_path / "run",
        env_class="tests.test_slow_workers:Throttled",
        llm_model="none",
        max_steps_per_episode=80,
        final_milestone=None,
        learner={"rollout_steps": 16, "minibatch_size": 32, "epochs": 1},
        straggler_factor=2.0,
    )
    assert "they go on without it, and it comes in later" in caplog.text
    assert [row["number"] for row in recorded["episodes"]] == [1, 2, 3, 4, 5, 6]
    assert len({row["seed"] for row in recorded["beginnings"]}) == 6, "no game was played twice"
    assert all(np.isfinite(one).all() for one in weights.values())


def test_what_a_late_worker_may_have_taken_is_given_to_nobody_else() -> None:
    starts = EpisodeStarts()
    starts.share_out(3)
    starts.settle([[0, 3], [1], [2]])
    assert starts.state_dict() == {"next": 4, "again": [0, 1, 2, 3]}
    assert starts.share_out(3) == [StartSupply((), 4, 3), StartSupply((), 5, 3), StartSupply((), 6, 3)]
    starts.settle([[4], None, []])
    assert starts.share_out(3) == [StartSupply((), 6, 3), None, StartSupply((), 7, 3)]
    starts.settle([[6], None, [7]])
    assert starts.state_dict() == {"next": 8, "again": [0, 1, 2, 3, 4, 5, 6, 7]}, "a resumed run plays 5 again"
    assert starts.share_out(3) == [StartSupply((), 9, 3), None, StartSupply((), 10, 3)], "8 is the late one's"
    starts.settle([[9], [8], [10]])
    assert starts.share_out(3)[0] == StartSupply((5,), 11, 3), "it had no use for 5"

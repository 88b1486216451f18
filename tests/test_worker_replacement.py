"""Workers die of real signals here; the run must go on, lose nothing that can be kept, and say what it lost."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv, Outcome
from core.exceptions import TrainingError
from core.vector_env import StartPoint, VectorEnv, VectorStep
from tests.game_states import ROM_PATH
from tests.test_vector_env import assert_same, choose, make_env

LANES = 4


def play(deaths: dict[int, list[int]], steps: int = 30) -> list[VectorStep]:
    """Random play in which some workers are killed before some steps."""
    dice = np.random.default_rng(11)
    with VectorEnv(make_env, LANES, 2) as env:
        step = env.reset(list(range(LANES)))
        seen = [step]
        for number in range(steps):
            for worker in deaths.get(number, []):
                os.kill(env.worker_processes()[worker], signal.SIGKILL)
            step = env.step(choose(step, dice))
            seen.append(step)
    return seen


def test_a_killed_worker_is_replaced_and_nothing_changes(caplog: pytest.LogCaptureFixture) -> None:
    deaths = {0: [1], 12: [0], 13: [0], 20: [0, 1]}
    hurt = play(deaths)
    for left, right in zip(play({}), hurt, strict=True):
        assert_same(left, right)
        assert not right.lost_steps.any()
    replaced = {number: [one.worker for one in hurt[number + 1].replacements] for number in deaths}
    assert replaced == deaths
    (first,) = hurt[1].replacements
    assert first.cause == "was killed by SIGKILL" and first.new_process != first.old_process
    assert first.replayed_lanes == (2, 3) and not first.lost_lanes and first.seconds > 0
    assert len(caplog.records) == sum(map(len, deaths.values()))
    assert "was killed by SIGKILL" in caplog.text and "nothing is lost" in caplog.text


def test_death_in_the_middle_of_a_step_of_a_half() -> None:
    with VectorEnv(make_env, LANES, 2) as env, VectorEnv(make_env, LANES, 2) as unhurt:
        for vector in (env, unhurt):
            vector.reset([0, 1, 2, 3])
            vector.step([5, 5, 5, 5])
        os.kill(env.worker_processes()[1], signal.SIGSTOP)  # so that it cannot have answered before it dies
        env.send(1, [7, 7])
        os.kill(env.worker_processes()[1], signal.SIGKILL)
        hurt = env.receive(1)
        assert len(hurt.replacements) == 1
        assert np.array_equal(hurt.ram, unhurt.step([8, 8, 7, 7]).ram[2:])


def test_a_worker_that_dies_at_a_reset_keeps_its_other_lanes() -> None:
    single = make_env(0)
    single.restart(seed=0)
    for button in (5, 5, 7):
        single.advance(button)
    start = StartPoint(single.save_state())
    single.close()
    with VectorEnv(make_env, LANES, 2) as env, VectorEnv(make_env, LANES, 2) as unhurt:
        steps = []
        for vector in (env, unhurt):
            vector.reset([0, 1, 2, 3])
            vector.step([5, 5, 5, 5])
            vector.reset_lane(1, 17, start)
            vector.step([5, 5, 5, 5])
            if vector is env:
                os.kill(env.worker_processes()[0], signal.SIGKILL)
            steps.append((vector.reset_lane(0, 9), vector.step([6, 6, 6, 6])))
        for left, right in zip(*steps, strict=True):
            assert_same(left, right)
        assert steps[0][0].replacements[0].replayed_lanes == (1,)


class Mortal(EnhancedPyBoyPokemonCrystalEnv):
    """An env whose process dies at one button, as if the emulator crashed there."""

    deadly = 3
    grave: Path | None = None
    """Where deaths are counted; None for those that always die."""

    def advance(self, action: int | np.int64, render: bool | None = None) -> Outcome:
        if action == self.deadly and (self.grave is None or len(list(self.grave.iterdir())) < 2):
            if self.grave is not None:
                (self.grave / str(os.getpid())).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().advance(action, render)


def mortal_env(lane: int) -> EnhancedPyBoyPokemonCrystalEnv:
    return Mortal(ROM_PATH, observation_type="state", max_steps=40)


def test_an_episode_that_kills_its_worker_again_is_lost_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Mortal, "grave", tmp_path)
    with VectorEnv(mortal_env, LANES, 2) as env:
        env.reset([0, 1, 2, 3])
        env.step([5, 5, 5, 5])
        before = env.step([5, 5, 5, 5])
        step = env.step([5, 5, 3, 5])
        assert [one.lost_lanes for one in step.replacements] == [(), (2, 3)]
        assert step.lost_steps.tolist() == [0, 0, 2, 2]
        assert step.truncated.tolist() == [False, False, True, True] and not step.terminated.any()
        assert not step.rewards[2:].any() and not step.reward_parts[2:].any()
        assert np.array_equal(step.ram[2:], before.ram[2:]), "what was last seen stands"
        assert step.episode_steps.tolist() == [3, 3, 2, 2]
        env.reset_lane(2, 2)
        after = env.reset_lane(3, 3)
        assert after.episode_steps.tolist() == [3, 3, 0, 0] and not after.lost_steps.any()
        assert env.step([5, 5, 5, 5]).episode_steps.tolist() == [4, 4, 1, 1]


def test_workers_that_keep_dying_end_the_training() -> None:
    env = VectorEnv(mortal_env, 2, 1)
    env.reset([0, 1])
    env.step([5, 5])
    with pytest.raises(TrainingError, match=r"worker 0 .*lanes 0-1.* was killed by SIGKILL, and 2 new ones"):
        env.step([3, 5])
    env.close()


class Sleeper(EnhancedPyBoyPokemonCrystalEnv):
    """An env that never comes back from one button, the first time that anybody presses it."""

    bed: Path

    def advance(self, action: int | np.int64, render: bool | None = None) -> Outcome:
        if action == 3 and not self.bed.exists():
            self.bed.touch()
            time.sleep(600)
        return super().advance(action, render)


def test_a_worker_that_hangs_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sleeper, "bed", tmp_path / "bed", raising=False)
    with (
        VectorEnv(lambda lane: Sleeper(ROM_PATH, observation_type="state"), 2, 2, answer_timeout_s=3.0) as env,
        VectorEnv(make_env, 2, 2) as unhurt,
    ):
        for vector in (env, unhurt):
            vector.reset([0, 1])
            vector.step([5, 5])
        asleep = env.worker_processes()[1]
        step = env.step([5, 3])
        (replacement,) = step.replacements
        assert replacement.cause == "did not answer for 3 s" and replacement.old_process == asleep
        assert replacement.replayed_lanes == (1,) and not step.lost_steps.any()
        assert np.array_equal(step.ram, unhurt.step([5, 3]).ram)
        with pytest.raises(ProcessLookupError):
            os.kill(asleep, 0)


def test_a_worker_that_dies_while_it_starts_ends_the_making_with_the_reason() -> None:
    def doomed(lane: int) -> EnhancedPyBoyPokemonCrystalEnv:
        if os.getpid() != main_process:
            os.kill(os.getpid(), signal.SIGKILL)
        return make_env(lane)

    main_process = os.getpid()
    with pytest.raises(TrainingError, match="worker 0 was killed by SIGKILL while it started"):
        VectorEnv(doomed, 2, 2)


class Delayed(EnhancedPyBoyPokemonCrystalEnv):
    """An env whose games come out otherwise in processes that begin after `frames` was changed."""

    frames = 0

    def advance(self, action: int | np.int64, render: bool | None = None) -> Outcome:
        self._console.wait(self.frames)
        return super().advance(action, render)


def test_a_game_that_comes_out_otherwise_is_not_passed_off_as_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    with VectorEnv(lambda lane: Delayed(ROM_PATH, observation_type="state"), 2, 2) as env:
        env.reset([0, 1])
        for _ in range(10):
            env.step([7, 7])
        monkeypatch.setattr(Delayed, "frames", 3)
        os.kill(env.worker_processes()[0], signal.SIGKILL)
        step = env.step([7, 7])
        assert step.replacements[0].lost_lanes == (0,)
        assert step.lost_steps.tolist() == [10, 0] and step.truncated.tolist() == [True, False]

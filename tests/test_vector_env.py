"""The vector env: the same games with any number of workers, and a clear message when one dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.lanes.vector_env import LEAVE_TIMEOUT_S, StartPoint, VectorEnv, VectorStep
from core.exceptions import ConfigurationError, TrainingError
from tests.game_states import ROM_PATH


def make_env(lane: int) -> EnhancedPyBoyPokemonCrystalEnv:
    return EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state", max_steps=40)


def choose(step: VectorStep, dice: np.random.Generator) -> np.ndarray:
    return np.array([dice.choice(np.flatnonzero(mask)) for mask in step.masks])


def play(workers: int, lanes: int = 4, steps: int = 60) -> list[VectorStep]:
    """Random play with a reset of every lane that ends, the k-th episode of a lane with seed 100 * k + lane."""
    dice = np.random.default_rng(11)
    episodes = [1] * lanes
    with VectorEnv(make_env, lanes, workers) as env:
        step = env.reset(list(range(lanes)))
        seen = [step]
        for _ in range(steps):
            step = env.step(choose(step, dice))
            seen.append(step)
            for lane in np.flatnonzero(step.done):
                step = env.reset_lane(int(lane), 100 * episodes[lane] + int(lane))
                episodes[lane] += 1
                seen.append(step)
    return seen


def assert_same(left: VectorStep, right: VectorStep) -> None:
    for name in ("masks", "rewards", "terminated", "truncated", "ram", "reward_parts", "milestones", "episode_steps"):
        assert np.array_equal(getattr(left, name), getattr(right, name)), name
    for key in left.observations:
        assert np.array_equal(left.observations[key], right.observations[key]), key


def test_same_trajectories_with_one_two_and_four_workers() -> None:
    one = play(1)
    for workers in (2, 4):
        other = play(workers)
        assert len(other) == len(one)
        for left, right in zip(one, other, strict=True):
            assert_same(left, right)


def test_a_lane_plays_like_a_single_env() -> None:
    single = make_env(0)
    dice = np.random.default_rng(3)
    with VectorEnv(make_env, 2, 2) as env:
        step = env.reset([5, 6])
        single.restart(seed=6)
        for _ in range(39):
            actions = choose(step, dice)
            step = env.step(actions)
            outcome = single.advance(int(actions[1]))
            assert step.game_state(1) == outcome.state == env.game_state(1)
            assert step.rewards[1] == pytest.approx(outcome.reward)
            assert np.array_equal(step.masks[1], outcome.mask)
            view = single.policy_observation()
            assert all(np.array_equal(step.observations[key][1], view[key]) for key in view)
            assert step.reward_parts[1].sum() == pytest.approx(outcome.reward, abs=1e-6)
            assert set(step.reached(1)) == set(single.milestones)
    single.close()


def test_reset_lane_leaves_the_others_alone_and_old_steps_stay() -> None:
    with VectorEnv(make_env, 3, 2) as env:
        step = env.reset([1, 2, 3])
        for _ in range(5):
            step = env.step([5, 6, 7])
        kept = step.ram.copy()
        after = env.reset_lane(1, 9)
        assert np.array_equal(step.ram, kept), "an earlier step is the receiver's own"
        assert np.array_equal(after.ram[[0, 2]], kept[[0, 2]])
        assert after.episode_steps.tolist() == [5, 0, 5]
        assert not after.rewards[1] and not after.done[1]


def test_shapes_and_names() -> None:
    with VectorEnv(make_env, 2, 1) as env:
        step = env.reset([0, 1])
        for key, space in env.policy_space.spaces.items():
            assert step.observations[key].shape == (2, *space.shape) and step.observations[key].dtype == space.dtype
            assert all(space.contains(row) for row in step.observations[key])
        assert step.ram.shape == (2, 8320) and step.masks.shape == (2, 9)
        assert step.reward_parts.shape == (2, len(step.reward_names))
        assert step.milestones.shape == (2, len(step.milestone_names))
        assert step.lanes == 2


def test_an_error_in_a_worker_is_told_with_its_traceback() -> None:
    class Failing(EnhancedPyBoyPokemonCrystalEnv):
        def _calculate_reward(self, current_state, previous_state, action):  # type: ignore[no-untyped-def]
            raise ArithmeticError("no reward today")

    env = VectorEnv(lambda lane: Failing(ROM_PATH, observation_type="state"), 2, 2)
    env.reset([0, 1])
    with pytest.raises(TrainingError, match=r"(?s)worker 0 \(lanes 0-0\) failed.*no reward today"):
        env.step([8, 8])
    env.close()


def test_halves_in_flight_play_the_same_games() -> None:
    dice = np.random.default_rng(5)
    plan = dice.integers(0, 9, (30, 4))
    with VectorEnv(make_env, 4, 2) as env:
        env.reset([0, 1, 2, 3])
        whole = [env.step(actions) for actions in plan]
        env.reset([0, 1, 2, 3])
        assert env.halves == (range(2), range(2, 4))
        seen: list[list[VectorStep]] = [[], []]
        for half, lanes in enumerate(env.halves):
            env.send(half, plan[0, lanes.start : lanes.stop])
        for number in range(1, len(plan) + 1):
            for half, lanes in enumerate(env.halves):
                seen[half].append(env.receive(half))
                if number < len(plan):
                    env.send(half, plan[number, lanes.start : lanes.stop])
        for step, first, second in zip(whole, *seen, strict=True):
            assert (first.first_lane, second.first_lane) == (0, 2)
            assert np.array_equal(step.ram, np.concatenate((first.ram, second.ram)))
            assert np.array_equal(step.rewards, np.concatenate((first.rewards, second.rewards)))
        assert env.game_state(3) == second.game_state(1)


def test_a_lane_is_reset_while_the_other_half_plays() -> None:
    with VectorEnv(make_env, 4, 2) as env:
        env.reset([0, 1, 2, 3])
        env.send(0, [5, 5])
        after = env.reset_lane_of_half(3, 8)
        assert after.lanes == 2 and after.first_lane == 2
        for forbidden in (
            lambda: env.step([8] * 4),
            lambda: env.reset_lane(3, 1),
            lambda: env.reset_lane_of_half(0, 1),
            lambda: env.send(0, [8, 8]),
        ):
            with pytest.raises(ConfigurationError, match="half 0 is playing"):
                forbidden()
        assert env.receive(0).episode_steps.tolist() == [1, 1]
        with pytest.raises(ConfigurationError, match="nothing was sent to half 0"):
            env.receive(0)
        assert env.step([8] * 4).episode_steps.tolist() == [2, 2, 1, 1]


def test_an_episode_begins_at_a_save_state() -> None:
    single = make_env(0)
    single.restart(seed=0)
    for button in (5, 5, 7, 7):
        single.advance(button)
    start = StartPoint(single.save_state(), (single.tracker.milestones[5].id,))
    there = single.restart(seed=4, options={"start_state": start.state, "reached": start.reached})
    with VectorEnv(make_env, 3, 2) as env:
        env.reset([0, 1, 2])
        step = env.reset_lane(2, 4, start)
        assert step.game_state(2) == there and step.game_state(1) != there
        assert set(step.reached(2)) == set(single.milestones) and step.milestones[2, 5]
        assert env.reset_lane(2, 4).game_state(2) != there, "a start point counts for one episode"
        with pytest.raises(ConfigurationError, match="has 7 bytes"):
            env.reset_lane(0, 1, StartPoint(b"foreign"))
    single.close()


@pytest.mark.parametrize(("lanes", "workers"), [(0, 0), (2, 3), (2, 0)])
def test_impossible_numbers(lanes: int, workers: int) -> None:
    with pytest.raises(ConfigurationError, match=f"{workers} workers for {lanes} lanes"):
        VectorEnv(make_env, lanes, workers)


def test_wrong_actions_and_seeds() -> None:
    with VectorEnv(make_env, 2, 1) as env:
        with pytest.raises(ConfigurationError, match="3 seeds for 2 lanes"):
            env.reset([1, 2, 3])
        env.reset([1, 2])
        for actions in ([1], [1, 9], [-1, 0]):
            with pytest.raises(ConfigurationError, match="2 integers from 0 to 8"):
                env.step(actions)
        env.step([8, 8])


def has_ended(process: int) -> bool:
    """Whether a process is gone or only a zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to look at processes")
@pytest.mark.parametrize("pipe_is_kept", [False, True], ids=["alone", "another child keeps the pipes open"])
def test_workers_end_when_the_main_process_is_killed(pipe_is_kept: bool) -> None:
    program = (
        "from tests.test_vector_env import make_env\n"
        "from core.env.lanes.vector_env import VectorEnv\n"
        "import os, time\n"
        "env = VectorEnv(make_env, 4, 2); env.reset([0, 1, 2, 3])\n"
        f"other = os.fork() if {pipe_is_kept} else -1\n"
        "if other: print(other, *env.worker_processes(), flush=True)\n"
        "time.sleep(60)\n"
    )
    root = Path(__file__).resolve().parent.parent
    main = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", program], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert main.stdout is not None
    other, *workers = [int(number) for number in main.stdout.readline().split()]
    assert len(workers) == 2 and not any(map(has_ended, workers))
    main.kill()
    main.wait()
    deadline = time.monotonic() + 10
    while not all(map(has_ended, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    if pipe_is_kept:
        assert not has_ended(other)
        os.kill(other, signal.SIGKILL)
    assert all(map(has_ended, workers))


def test_close_ends_workers_whose_pipes_another_process_has_inherited() -> None:
    """A child of the main process that is not a worker (of a library's pool, say) keeps the pipes' ends open."""
    env = VectorEnv(make_env, 2, 1)
    other = os.fork()
    if other == 0:
        time.sleep(60)
        os._exit(0)
    try:
        started = time.monotonic()
        env.close()
        assert time.monotonic() - started < LEAVE_TIMEOUT_S / 2, "nobody had to be killed"
    finally:
        os.kill(other, signal.SIGKILL)
        os.waitpid(other, 0)


def test_close_ends_the_workers_and_may_be_repeated() -> None:
    env = VectorEnv(make_env, 2, 2)
    workers = env.worker_processes()
    env.close()
    env.close()
    assert all(has_ended(worker) for worker in workers)

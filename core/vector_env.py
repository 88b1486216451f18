"""Many games at once: few forked workers, several emulators each, one shared block of memory, one byte per step.

Nothing is pickled: workers write observations, masks, rewards and RAM into shared rows, and the main process copies the
rows out (about 10 microseconds for 16 lanes), so a `VectorStep` stays valid. There is no automatic reset: whoever
trains resets finished lanes with `reset_lane`, after having used their last observation. Lanes are seeded one by one,
so a trajectory does not depend on how many workers share the lanes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from core.exceptions import ConfigurationError, TrainingError
from core.game.ram import RamSnapshot
from core.game.rewards import REWARD_NAMES
from core.game.state import GameState, RomTables
from core.lane_arrays import LaneArrays
from core.lane_worker import DONE, RESET, STEP, MakeEnv, run_worker
from core.vocabulary import ACTION_COUNT

LEAVE_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True)
class VectorStep:
    """All lanes after a step or reset. Every array has a leading lane axis and belongs to the receiver.

    `ram` is what `GameState` decodes; `reward_parts` has one column per name of `reward_names`; `milestones` one per
    name of `milestone_names`, true when reached in this episode.
    """

    observations: dict[str, NDArray[Any]]
    masks: NDArray[np.bool_]
    rewards: NDArray[np.float32]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    ram: NDArray[np.uint8]
    reward_parts: NDArray[np.float32]
    milestones: NDArray[np.bool_]
    episode_steps: NDArray[np.int32]
    reward_names: tuple[str, ...]
    milestone_names: tuple[str, ...]
    rom: RomTables = field(repr=False)
    _states: dict[int, GameState] = field(default_factory=dict, repr=False)

    @property
    def lanes(self) -> int:
        """Number of games."""
        return len(self.rewards)

    @property
    def done(self) -> NDArray[np.bool_]:
        """Lanes whose episode has ended, one way or the other."""
        return self.terminated | self.truncated

    def game_state(self, lane: int) -> GameState:
        """The game of one lane, decoded when asked and kept."""
        state = self._states.get(lane)
        if state is None:
            state = self._states[lane] = GameState(RamSnapshot.from_array(self.ram[lane]), self.rom)
        return state

    def reached(self, lane: int) -> tuple[str, ...]:
        """Milestones of one lane, in the order of the list."""
        return tuple(name for name, there in zip(self.milestone_names, self.milestones[lane], strict=True) if there)


@dataclass
class _Worker:
    """A worker as the main process sees it."""

    number: int
    lanes: range
    process: int
    commands: int
    answers: int


class VectorEnv:
    """Several lanes of the env in worker processes. Use as a context manager, or call `close`."""

    def __init__(self, make_env: MakeEnv, lanes: int, workers: int) -> None:
        """Fork the workers; each builds its own envs with `make_env(lane)`.

        `make_env(0)` is also called once here, for the spaces and so that its start state is made only once.
        Raises `ConfigurationError` for impossible numbers and whatever `make_env` raises.
        """
        if not 1 <= workers <= lanes:
            raise ConfigurationError(
                f"{workers} workers for {lanes} lanes: there must be 1 to as many workers as lanes"
            )
        if not hasattr(os, "fork"):
            raise ConfigurationError("this system cannot fork processes; several lanes need Linux, macOS or WSL")
        probe = make_env(0)
        try:
            self.policy_space: spaces.Dict = probe.policy_space
            self.rom: RomTables = probe.rom
            self.milestone_names = tuple(milestone.id for milestone in probe.tracker.milestones)
            self.max_steps = probe.max_steps
        finally:
            probe.close()
        self.action_space = spaces.Discrete(ACTION_COUNT)
        self.lanes = lanes
        self.reward_names = REWARD_NAMES
        self._arrays = LaneArrays(lanes, workers, self.policy_space, len(REWARD_NAMES), len(self.milestone_names))
        self._workers: list[_Worker] = []
        self._last: VectorStep | None = None
        bounds = [lanes * number // workers for number in range(workers + 1)]
        try:
            for number in range(workers):
                self._workers.append(self._fork(number, range(bounds[number], bounds[number + 1]), make_env))
            for worker in self._workers:
                self._await(worker)
        except BaseException:
            self.close()
            raise
        self._worker_of = {lane: worker for worker in self._workers for lane in worker.lanes}

    def reset(self, seeds: Sequence[int]) -> VectorStep:
        """Begin an episode in every lane, lane i with seeds[i]."""
        if len(seeds) != self.lanes:
            raise ConfigurationError(f"{len(seeds)} seeds for {self.lanes} lanes: give one for each")
        self._arrays.seeds[:] = seeds
        self._arrays.must_reset[:] = True
        return self._round(RESET, self._workers)

    def reset_lane(self, lane: int, seed: int) -> VectorStep:
        """Begin an episode in one lane; the other rows of the answer are as they were."""
        self._arrays.seeds[lane] = seed
        self._arrays.must_reset[lane] = True
        return self._round(RESET, [self._worker_of[lane]])

    def step(self, actions: NDArray[np.int64] | Sequence[int]) -> VectorStep:
        """Play one action in every lane; `actions` has shape (lanes,) with values 0 to 8."""
        chosen = np.asarray(actions, dtype=np.int64)
        if chosen.shape != (self.lanes,) or chosen.min() < 0 or chosen.max() >= ACTION_COUNT:
            raise ConfigurationError(
                f"actions {chosen.tolist()}: there must be {self.lanes} integers from 0 to {ACTION_COUNT - 1}"
            )
        self._arrays.actions[:] = chosen
        return self._round(STEP, self._workers)

    def game_state(self, lane: int) -> GameState:
        """The game of one lane after the last step or reset. Raises `RuntimeError` before the first reset."""
        if self._last is None:
            raise RuntimeError("the vector env was not reset yet: call reset() first")
        return self._last.game_state(lane)

    def worker_processes(self) -> tuple[int, ...]:
        """Process ids of the workers, in order."""
        return tuple(worker.process for worker in self._workers)

    def close(self) -> None:
        """Let the workers go; one that does not leave within five seconds is killed."""
        workers, self._workers = self._workers, []
        for worker in workers:
            os.close(worker.commands)
        deadline = time.monotonic() + LEAVE_TIMEOUT_S
        for worker in workers:
            os.close(worker.answers)
            while not _has_left(worker.process):
                if time.monotonic() > deadline:
                    os.kill(worker.process, signal.SIGKILL)
                    os.waitpid(worker.process, 0)
                    break
                time.sleep(0.002)

    def __enter__(self) -> VectorEnv:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _fork(self, number: int, lanes: range, make_env: MakeEnv) -> _Worker:
        command_read, command_write = os.pipe()
        answer_read, answer_write = os.pipe()
        process = os.fork()
        if process == 0:
            # Otherwise a later worker would keep an earlier one's command pipe open until it has ended itself.
            for other in self._workers:
                os.close(other.commands)
                os.close(other.answers)
            os.close(command_write)
            os.close(answer_read)
            run_worker(number, lanes, make_env, self._arrays, command_read, answer_write)
        os.close(command_read)
        os.close(answer_write)
        return _Worker(number, lanes, process, command_write, answer_read)

    def _round(self, command: bytes, workers: Sequence[_Worker]) -> VectorStep:
        for worker in workers:
            try:
                os.write(worker.commands, command)
            except BrokenPipeError:
                self._report_death(worker)
        for worker in workers:
            self._await(worker)
        self._last = self._copy()
        return self._last

    def _await(self, worker: _Worker) -> None:
        answer = os.read(worker.answers, 1)
        if answer == DONE:
            return
        if answer:
            raise TrainingError(
                f"worker {worker.number} (lanes {worker.lanes.start}-{worker.lanes.stop - 1}) failed:\n"
                f"{self._arrays.read_error(worker.number)}"
            )
        self._report_death(worker)

    def _report_death(self, worker: _Worker) -> NoReturn:
        how = "ended"
        with contextlib.suppress(ChildProcessError):
            _, status = os.waitpid(worker.process, 0)
            code = os.waitstatus_to_exitcode(status)
            how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        raise TrainingError(
            f"worker {worker.number} (process {worker.process}, lanes {worker.lanes.start}-{worker.lanes.stop - 1}) "
            f"{how}. If the system killed it, memory may have run out: use fewer lanes. Resume from the last checkpoint"
        )

    def _copy(self) -> VectorStep:
        arrays = self._arrays
        return VectorStep(
            observations={key: array.copy() for key, array in arrays.observations.items()},
            masks=arrays.masks.copy(),
            rewards=arrays.rewards.copy(),
            terminated=arrays.terminated.copy(),
            truncated=arrays.truncated.copy(),
            ram=arrays.ram.copy(),
            reward_parts=arrays.reward_parts.copy(),
            milestones=arrays.milestones.copy(),
            episode_steps=arrays.episode_steps.copy(),
            reward_names=self.reward_names,
            milestone_names=self.milestone_names,
            rom=self.rom,
        )


def _has_left(process: int) -> bool:
    """Whether a child has ended; it is then no zombie any more."""
    try:
        return os.waitpid(process, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return True

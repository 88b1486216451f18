"""Many games at once: few forked workers, several emulators each, one shared block of memory, one byte per step.

Nothing is pickled: workers write observations, masks, rewards and RAM into shared rows, and the main process copies the
rows out (about 10 microseconds for 16 lanes), so a `VectorStep` stays valid. There is no automatic reset: whoever
trains resets finished lanes with `reset_lane`, after having used their last observation. Lanes are seeded one by one,
so a trajectory does not depend on how many workers share the lanes.

A worker that dies (killed for memory, a fault in the emulator) or hangs is replaced at once. The new one plays the
episodes of its lanes again from the save states in which they began, so the run goes on as if nothing had happened;
where that fails, the episode ends and the step says how much was lost.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Collection, Sequence
from typing import Final

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from core.env.lanes.checked_orders import checked_actions, checked_seed
from core.env.lanes.held_signals import signals_held
from core.env.lanes.inline_worker import InlineWorker
from core.env.lanes.lane_arrays import LaneArrays
from core.env.lanes.lane_history import LaneHistory, StartPoint
from core.env.lanes.lane_process import WorkerProcess, start_worker
from core.env.lanes.lane_rows import AS_IT_WAS, Axis, LaneRows, arrays_of
from core.env.lanes.lane_worker import DONE, RESET, STEP, MakeEnv
from core.env.lanes.vector_step import VectorStep, WorkerReplacement
from core.env.lifetime import Uncopied
from core.exceptions import ClosedEnvironmentError, ConfigurationError, TrainingError
from core.game.ram import RAM_SIZE
from core.game.state import GameState, RomTables
from core.vocabulary import ACTION_COUNT

__all__ = ["StartPoint", "VectorEnv", "VectorStep", "WorkerReplacement"]

LEAVE_TIMEOUT_S: Final = 5.0
ANSWER_TIMEOUT_S: Final = 120.0
"""A step of a worker's lanes takes milliseconds, a reset into a battery save some seconds."""
START_TIMEOUT_S: Final = 120.0
"""A start forks, and loads the ROM in each lane: seconds on a machine that has much else to do."""
REPLAY_TIMEOUT_S: Final = 0.05
"""Beyond that, for each action that a new worker plays again."""
MAX_REPLACEMENTS: Final = 2
"""In one step and worker: the first new worker plays the episodes again, the second begins them anew."""
logger = logging.getLogger(__name__)


class VectorEnv(Uncopied):
    """Several lanes of the env in worker processes. Use as a context manager, or call `close`.

    `step` plays all lanes. To keep the workers busy while actions are being chosen, play the two `halves` in turn:
    `send(0, actions)`, `send(1, actions)`, then again and again `receive(half)`, choose, `send(half, actions)`.
    After `close`, whatever would play raises `ClosedEnvironmentError`.
    """

    def __init__(self, make_env: MakeEnv, lanes: int, workers: int, answer_timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        """Fork the workers; each builds its own envs with `make_env(lane)`.

        A worker that is silent for `answer_timeout_s` after a command counts as hung: it is killed and replaced; one
        that starts has `START_TIMEOUT_S` at least.
        `make_env(0)` is also called once here, for the spaces and so that its start state is made only once.
        Raises `ConfigurationError` for impossible numbers and whatever `make_env` raises.
        """
        if not 1 <= workers <= lanes:
            raise ConfigurationError(
                f"{workers} workers for {lanes} lanes: there must be 1 to as many workers as lanes"
            )
        if not hasattr(os, "fork"):
            logger.info("this system cannot fork processes: all lanes are played in this one, one after the other")
        probe = make_env(0)
        try:
            self.policy_space: spaces.Dict = probe.policy_space
            self.rom: RomTables = probe.rom
            self.milestone_names = tuple(milestone.id for milestone in probe.tracker.milestones)
            self.max_steps = probe.max_steps
            state_bytes = len(probe.save_state())
        finally:
            probe.close()
        self.action_space = spaces.Discrete(ACTION_COUNT)
        self.lanes = lanes
        self.reward_names = probe.memory.names
        sizes = {
            Axis.ACTIONS: ACTION_COUNT,
            Axis.REWARDS: len(self.reward_names),
            Axis.MILESTONES: len(self.milestone_names),
            Axis.RAM: RAM_SIZE,
            Axis.SAVE_STATE: state_bytes,
        }
        self._arrays = LaneArrays(lanes, workers, self.policy_space, sizes)
        self._make_env = make_env
        self._answer_timeout_s = answer_timeout_s
        self._workers: list[WorkerProcess | InlineWorker] = []
        self._histories: dict[int, LaneHistory] = {}
        self._lost_steps: dict[int, int] = {}
        self._hung: dict[int, float] = {}
        """Processes that did not answer in time and are still there, and the seconds that they had."""
        self._replacements: list[WorkerReplacement] = []
        bounds = [lanes * number // workers for number in range(workers + 1)]
        middle = (workers + 1) // 2
        self._halves = (range(middle), range(middle, workers)) if workers > 1 else (range(1),)
        self.halves = tuple(range(bounds[half.start], bounds[half.stop]) for half in self._halves)
        """The lanes of each half; one half only where there is one worker."""
        self._last: list[VectorStep | None] = [None] * len(self.halves)
        self._in_flight: dict[int, list[int]] = {}
        self.closed = False
        try:
            for number in range(workers):
                own = range(bounds[number], bounds[number + 1])
                with signals_held():
                    self._workers.append(start_worker(number, own, make_env, self._arrays, {}))
            for worker in tuple(self._workers):
                if not self._has_answered(worker, starting=True):
                    self._workers.remove(worker)  # `close` has nothing to close of one that is buried
                    raise TrainingError(f"worker {worker.number} {self._bury(worker)} while it started")
        except BaseException:
            self.close()
            raise

    # all lanes at once

    def reset(self, seeds: Sequence[int]) -> VectorStep:
        """Begin an episode in every lane, lane i with seeds[i]."""
        if len(seeds) != self.lanes:
            raise ConfigurationError(f"{len(seeds)} seeds for {self.lanes} lanes: give one for each")
        self._refuse_in_flight("reset")
        self._reset({lane: LaneHistory(seed, None) for lane, seed in enumerate(map(checked_seed, seeds))})
        return self._collect(range(self.lanes))

    def reset_lane(self, lane: int, seed: int, start: StartPoint | None = None) -> VectorStep:
        """Begin an episode in one lane, at `start` or as the env itself would; the other rows are as they were."""
        self._refuse_in_flight("reset_lane")
        self._reset({self._checked_lane(lane): LaneHistory(checked_seed(seed), start)})
        return self._collect(range(self.lanes))

    def step(self, actions: NDArray[np.int64] | Sequence[int]) -> VectorStep:
        """Play one action in every lane; `actions` has shape (lanes,) with values 0 to 8."""
        self._refuse_in_flight("step")
        chosen = self._write_actions(actions, range(self.lanes))
        self._play(STEP, range(len(self._workers)))
        return self._collect(range(self.lanes), chosen)

    # half of them in flight

    def send(self, half: int, actions: NDArray[np.int64] | Sequence[int]) -> None:
        """Let one half play an action per lane, and return at once. `receive` gives what came of it."""
        self._refuse_closed()
        if half in self._in_flight:
            raise ConfigurationError(f"half {half} is playing already: receive it first")
        self._in_flight[half] = self._write_actions(actions, self.halves[half])
        for number in self._halves[half]:
            self._workers[number].send(STEP)

    def receive(self, half: int) -> VectorStep:
        """Await what was sent; the rows of that half only."""
        self._refuse_closed()
        if half not in self._in_flight:
            raise ConfigurationError(f"nothing was sent to half {half}: send it actions first")
        self._await(STEP, self._halves[half])
        return self._collect(self.halves[half], self._in_flight.pop(half))

    def reset_lane_of_half(self, lane: int, seed: int, start: StartPoint | None = None) -> VectorStep:
        """`reset_lane` while the other half may be playing; the rows of the lane's half."""
        self._refuse_closed()
        half = self._half_of(self._checked_lane(lane))
        if half in self._in_flight:
            raise ConfigurationError(f"half {half} is playing: receive it before resetting its lane {lane}")
        self._reset({lane: LaneHistory(checked_seed(seed), start)})
        return self._collect(self.halves[half])

    def game_state(self, lane: int) -> GameState:
        """The game of one lane after the last step or reset. Raises `RuntimeError` before the first reset."""
        last = self._last[self._half_of(self._checked_lane(lane))]
        if last is None:
            raise RuntimeError("the vector env was not reset yet: call reset() first")
        return last.game_state(lane - last.first_lane)

    def worker_processes(self) -> tuple[int, ...]:
        """Process ids of the workers, in order."""
        return tuple(worker.process for worker in self._workers)

    def close(self) -> None:
        """Let the workers go; one that does not leave within five seconds is killed."""
        self.closed = True
        self._in_flight.clear()
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.close_commands()
        deadline_s = time.monotonic() + LEAVE_TIMEOUT_S
        for worker in workers:
            worker.await_end(deadline_s)

    def __enter__(self) -> VectorEnv:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # commands and answers

    def _write_actions(self, actions: NDArray[np.int64] | Sequence[int], lanes: range) -> list[int]:
        if not self._histories:
            raise ConfigurationError("the vector env was not reset yet: call reset() first")
        given = checked_actions(actions, len(lanes))
        chosen: list[int] = given.tolist()
        self._arrays.orders.actions[lanes.start : lanes.stop] = given
        return chosen

    def _reset(self, beginnings: dict[int, LaneHistory]) -> None:
        """Begin episodes in some lanes, which become their new histories when it is done."""
        orders = self._arrays.orders
        for lane, beginning in beginnings.items():
            orders.seeds[lane] = beginning.seed
            orders.has_start_state[lane] = beginning.start is not None
            if beginning.start is not None:
                self._write_start(lane, beginning.start)
            self._histories.pop(lane, None)
            self._lost_steps.pop(lane, None)
        orders.must_reset[list(beginnings)] = True
        concerned = [worker.number for worker in self._workers if any(lane in beginnings for lane in worker.lanes)]
        self._play(RESET, concerned, beginnings)
        self._histories.update(beginnings)

    def _write_start(self, lane: int, start: StartPoint) -> None:
        room = self._arrays.orders.start_states.shape[1]
        if len(start.state) != room:
            raise ConfigurationError(
                f"the start state for lane {lane} has {len(start.state)} bytes, save states of this game have {room}: "
                "take one that was made with this ROM and this PyBoy"
            )
        self._arrays.orders.start_states[lane] = np.frombuffer(start.state, dtype=np.uint8)
        self._arrays.orders.start_reached[lane] = [name in start.reached for name in self.milestone_names]

    def _play(self, command: bytes, workers: Sequence[int], resetting: Collection[int] = ()) -> None:
        for number in workers:
            self._workers[number].send(command)
        self._await(command, workers, resetting)

    def _await(self, command: bytes, workers: Sequence[int], resetting: Collection[int] = ()) -> None:
        """Hear all workers; replace those that died, and let the new ones do what the old ones were told."""
        for number in workers:
            tries = 0
            while not self._has_answered(self._workers[number]):
                tries += 1
                if self._replace(number, tries):
                    own = self._workers[number].lanes
                    self._arrays.orders.must_reset[[lane for lane in resetting if lane in own]] = True
                    self._workers[number].send(command)

    def _has_answered(
        self, worker: WorkerProcess | InlineWorker, replayed_actions: int = 0, starting: bool = False
    ) -> bool:
        """False when the worker has died or hangs. Raises `TrainingError` for an error in its Python code."""
        limit_s = max(self._answer_timeout_s, START_TIMEOUT_S) if starting else self._answer_timeout_s
        limit_s += REPLAY_TIMEOUT_S * replayed_actions
        answer = worker.hear(limit_s)
        if answer is None:
            self._hung[worker.process] = limit_s
            return False
        if answer and answer != DONE:
            raise TrainingError(
                f"worker {worker.number} (lanes {worker.lanes.start}-{worker.lanes.stop - 1}) failed:\n"
                f"{self._arrays.read_error(worker.number)}"
            )
        return answer == DONE

    # when a worker dies

    def _bury(self, worker: WorkerProcess | InlineWorker) -> str:
        """Clear a dead or hung worker away; how it ended."""
        if worker.process not in self._hung:
            return worker.bury()
        limit_s = self._hung.pop(worker.process)
        worker.kill()
        worker.bury()
        return f"did not answer for {limit_s:.0f} s"

    def _replace(self, number: int, tries: int) -> bool:
        """Put a new worker in the place of a dead one and bring its lanes to where they were; whether it lives.

        From the second try on, the episodes are begun anew: playing them again is what the new worker may die of.
        """
        noticed_s = time.monotonic()
        old = self._workers[number]
        cause = self._bury(old)
        if tries > MAX_REPLACEMENTS:
            self._workers.remove(old)
            self.close()  # the rows of its lanes would stay as they were
            raise TrainingError(
                f"worker {number} (process {old.process}, lanes {old.lanes.start}-{old.lanes.stop - 1}) {cause}, and "
                f"{MAX_REPLACEMENTS} new ones did not live either. If the system killed them, memory may have run "
                "out: use fewer lanes. Resume from the last checkpoint"
            )
        histories = {lane: self._histories[lane] for lane in old.lanes if lane in self._histories}
        for lane, history in histories.items():
            last, row = self._last_seen(lane)
            history.ram = last.ram[row].tobytes()
            if tries > 1 and history.actions:
                self._lose(lane)
        with signals_held():
            new = self._workers[number] = start_worker(number, old.lanes, self._make_env, self._arrays, histories)
        if not self._has_answered(new, sum(len(history.actions) for history in histories.values()), starting=True):
            return False
        for lane in histories:
            if not self._arrays.orders.replayed[lane] and lane not in self._lost_steps:
                self._lose(lane)
        lost = tuple(lane for lane in histories if lane in self._lost_steps)
        replayed = tuple(lane for lane in histories if lane not in lost)
        seconds = time.monotonic() - noticed_s
        replacement = WorkerReplacement(number, cause, old.process, new.process, replayed, lost, seconds)
        self._replacements.append(replacement)
        logger.warning("%s", replacement)
        return True

    def _lose(self, lane: int) -> None:
        """The lane's episode begins anew in its worker; the next step tells how much was lost."""
        actions = self._histories[lane].actions
        self._lost_steps[lane] = max(1, len(actions))
        actions.clear()

    def _end_lost(self, lane: int) -> None:
        """Let the lane's row be the last one that is known, and its episode end there."""
        last, row = self._last_seen(lane)
        for key, array in self._arrays.observations.items():
            array[lane] = last.observations[key][row]
        for name, array in arrays_of(LaneRows).items():
            value = getattr(last, name)[row] if array.when_lost is AS_IT_WAS else array.when_lost
            getattr(self._arrays.rows, name)[lane] = value

    # what is handed out

    def _collect(self, lanes: range, actions: list[int] | None = None) -> VectorStep:
        """Copy the rows of some lanes, after `actions` were played there or, without them, after a reset."""
        lost_steps = np.zeros(len(lanes), dtype=np.int32)
        if actions is not None:
            for lane, action in zip(lanes, actions, strict=True):
                self._histories[lane].actions.append(action)
                if lane in self._lost_steps:
                    self._end_lost(lane)
                    lost_steps[lane - lanes.start] = self._lost_steps.pop(lane)
        arrays, rows = self._arrays, slice(lanes.start, lanes.stop)
        replacements, self._replacements = tuple(self._replacements), []
        step = VectorStep(
            **arrays.copy_rows(rows),
            observations={key: array[rows].copy() for key, array in arrays.observations.items()},
            lost_steps=lost_steps,
            reward_names=self.reward_names,
            milestone_names=self.milestone_names,
            rom=self.rom,
            replacements=replacements,
            first_lane=lanes.start,
        )
        for half, own in enumerate(self.halves):
            if own.start in lanes:
                self._last[half] = step
        return step

    def _half_of(self, lane: int) -> int:
        return next(half for half, lanes in enumerate(self.halves) if lane in lanes)

    def _last_seen(self, lane: int) -> tuple[VectorStep, int]:
        """The last step that told of a lane, and the lane's row in it."""
        last = self._last[self._half_of(lane)]
        assert last is not None, "a lane with a history has been seen"
        return last, lane - last.first_lane

    def _checked_lane(self, lane: int) -> int:
        if lane not in range(self.lanes):
            raise ConfigurationError(f"there is no lane {lane!r}: the lanes are 0 to {self.lanes - 1}")
        return lane

    def _refuse_closed(self) -> None:
        if self.closed:
            raise ClosedEnvironmentError("the vector env is closed: its workers are gone; make a new one")

    def _refuse_in_flight(self, what: str) -> None:
        self._refuse_closed()
        if self._in_flight:
            raise ConfigurationError(
                f"{what} concerns all lanes while half {min(self._in_flight)} is playing: receive it first"
            )

"""A worker process of the vector env: several emulators, stepped one after the other at one byte's command.

It talks through two pipes. The main process writes one byte ("s": step all lanes, "r": reset the lanes that are
marked, "q": leave), the worker answers with one ("." done, "!" an error lies in shared memory). When the main process
ends, however it ends, the command pipe closes and the worker leaves; where another child of the main process keeps the
pipe open, the worker notices that it has become an orphan.
"""

from __future__ import annotations

import gc
import logging
import os
import select
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from core.env.lanes.held_signals import ignore_signals
from core.env.lanes.lane_arrays import LaneArrays
from core.env.lanes.lane_history import LaneHistory
from core.env.lanes.lane_rows import LaneRows, arrays_of
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv, Outcome

STEP: Final = b"s"
RESET: Final = b"r"
LEAVE: Final = b"q"
DONE: Final = b"."
FAILED: Final = b"!"
ORPHAN_LOOK_S: Final = 2.0
"""How often a worker without a command looks whether the main process is still there."""
MakeEnv = Callable[[int], EnhancedPyBoyPokemonCrystalEnv]


class LaneWorker:
    """The emulators of one worker and the rows they write."""

    def __init__(self, number: int, lanes: range, make_env: MakeEnv, arrays: LaneArrays) -> None:
        self.number = number
        self.arrays = arrays
        self.envs = {lane: make_env(lane) for lane in lanes}
        self._views = {lane: {key: array[lane] for key, array in arrays.observations.items()} for lane in self.envs}
        self._columns = [
            (getattr(arrays.rows, name), array.of)
            for name, array in arrays_of(LaneRows).items()
            if array.of is not None
        ]

    def step(self) -> None:
        """Play the action of every lane."""
        for lane, env in self.envs.items():
            outcome = env.advance(int(self.arrays.orders.actions[lane]))
            self._write(lane, env, outcome)

    def reset_marked(self) -> None:
        """Reset the lanes that are marked, each with its seed."""
        orders = self.arrays.orders
        for lane, env in self.envs.items():
            if not orders.must_reset[lane]:
                continue
            orders.must_reset[lane] = False
            options: dict[str, Any] | None = None
            if orders.has_start_state[lane]:
                ids = [milestone.id for milestone in env.tracker.milestones]
                reached = tuple(ids[place] for place in np.flatnonzero(orders.start_reached[lane]))
                options = {"start_state": orders.start_states[lane].tobytes(), "reached": reached}
            state = env.restart(seed=int(orders.seeds[lane]), options=options)
            self._write(lane, env, Outcome(state, 0.0, (), env.action_masks(), False, False))

    def replay(self, histories: Mapping[int, LaneHistory]) -> None:
        """Bring each lane to where its history ends, and mark in `replayed` whether RAM agrees with what it was.

        Where it does not, the episode begins anew. Rows stay as they are: new ones come with the next command only.
        """
        for lane, history in histories.items():
            env, start = self.envs[lane], history.start
            options = start.reset_options if start else None
            state = env.restart(seed=history.seed, options=options)
            for action in history.actions:
                state = env.advance(action).state
            self.arrays.orders.replayed[lane] = is_same = state.snapshot.data == history.ram
            if not is_same:
                env.restart(seed=history.seed, options=options)

    def close(self) -> None:
        """Stop the emulators."""
        for env in self.envs.values():
            env.close()

    def _write(self, lane: int, env: EnhancedPyBoyPokemonCrystalEnv, outcome: Outcome) -> None:
        env.write_policy_view(self._views[lane])
        for column, of in self._columns:
            column[lane] = of(env, outcome)


def run_worker(
    number: int,
    lanes: range,
    make_env: MakeEnv,
    arrays: LaneArrays,
    commands: int,
    answers: int,
    histories: Mapping[int, LaneHistory],
) -> None:
    """The life of a worker after the fork; never returns. `commands` and `answers` are file descriptors."""
    ignore_signals()
    log_apart()
    main_process, waiting = os.getppid(), select.poll()
    waiting.register(commands, select.POLLIN)
    status = 1
    try:
        worker = LaneWorker(number, lanes, make_env, arrays)
        gc.freeze()  # what came with the fork is not garbage: never walk it, never copy its pages
        worker.replay(histories)
        os.write(answers, DONE)
        while (command := _next_command(commands, waiting, main_process)) not in (LEAVE, b""):
            if command == STEP:
                worker.step()
            else:
                worker.reset_marked()
            os.write(answers, DONE)
        worker.close()
        status = 0
    except BrokenPipeError:
        pass  # the main process is gone: nobody is left to tell
    except BaseException:
        arrays.write_error(number, traceback.format_exc())
        os.write(answers, FAILED)
    finally:
        os._exit(status)  # neither the main process's exit handlers nor its buffers are ours


def log_apart() -> None:
    """Send log records to standard error, through a stream of the worker's own. Another thread of the main process may
    have held the lock of a handler or of `sys.stderr` when the worker was forked: nobody would ever let go of its copy.
    """
    handler = logging.StreamHandler(os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace"))
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    for logger in (logging.getLogger(), *logging.Logger.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            logger.handlers.clear()
    logging.getLogger().addHandler(handler)


def _next_command(commands: int, waiting: select.poll, main_process: int) -> bytes:
    """The next one-byte command; empty when the main process is gone."""
    while not waiting.poll(ORPHAN_LOOK_S * 1000):
        if os.getppid() != main_process:
            return b""
    return os.read(commands, 1)

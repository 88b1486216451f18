"""A worker that is no process: its lanes are played in the main process, for systems that cannot fork (Windows).

It obeys the same commands as a forked one, and the rows are the same, bit for bit; only nothing is played side by side.
A fault of its emulator is a fault of the main process.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from core.env.lanes.lane_arrays import LaneArrays
from core.env.lanes.lane_history import LaneHistory
from core.env.lanes.lane_worker import DONE, RESET, STEP, LaneWorker, MakeEnv


class InlineWorker:
    """Stands where a `WorkerProcess` stands; a command is carried out when it is given."""

    def __init__(
        self, number: int, lanes: range, make_env: MakeEnv, arrays: LaneArrays, histories: Mapping[int, LaneHistory]
    ) -> None:
        """Builds the envs. Raises whatever `make_env` raises."""
        self.number = number
        self.lanes = lanes
        self.process: Final = os.getpid()
        self._worker: LaneWorker | None = LaneWorker(number, lanes, make_env, arrays)
        self._worker.replay(histories)

    def send(self, command: bytes) -> None:
        """Carry a command out. Raises what the env raises: there is no process in between."""
        assert self._worker is not None, "the worker was let go"
        if command == STEP:
            self._worker.step()
        elif command == RESET:
            self._worker.reset_marked()

    def hear(self, limit_s: float) -> bytes | None:
        """The answer is there already."""
        del limit_s
        return DONE

    def kill(self) -> None:
        """There is no process to end."""

    def bury(self) -> str:
        """It ends with the main process."""
        return "ended"

    def close_commands(self) -> None:
        """Stop the emulators."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()

    def await_end(self, deadline_s: float) -> None:
        """It has ended."""
        del deadline_s

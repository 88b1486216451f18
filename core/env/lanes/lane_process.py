"""A worker process as the main process holds it: forked, commanded through one pipe, heard through another."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.env.lanes.child_process import await_end_of, end_of
from core.env.lanes.inline_worker import InlineWorker
from core.env.lanes.lane_arrays import LaneArrays
from core.env.lanes.lane_history import LaneHistory
from core.env.lanes.lane_worker import LEAVE, MakeEnv, run_worker

LOOK_S: Final = 1.0
"""Silence is counted in looks of this length, so that the time in which a machine sleeps counts as one of them."""
_open_pipes: set[int] = set()
"""Our ends of all workers' pipes, of every vector env of this process. A worker forked later closes the copies that it
inherits: else it would keep another worker's command pipe open after the main process is gone."""


@dataclass(frozen=True, slots=True)
class WorkerProcess:
    """A running worker. `commands` and `answers` are file descriptors."""

    number: int
    lanes: range
    process: int
    commands: int
    answers: int
    silence: select.poll
    """Watches `answers`."""

    def send(self, command: bytes) -> None:
        """Give a one-byte command. A dead worker shows when its answer is awaited, not here."""
        try:
            os.write(self.commands, command)
        except BrokenPipeError:
            return

    def hear(self, limit_s: float) -> bytes | None:
        """Await the one-byte answer; empty when the worker has died, None when it was silent for `limit_s`."""
        left_s = limit_s
        while left_s > 0:
            look_s = min(LOOK_S, left_s)
            if self.silence.poll(look_s * 1000):
                return os.read(self.answers, 1)
            left_s -= look_s
        return None

    def kill(self) -> None:
        """End a worker that does not answer."""
        os.kill(self.process, signal.SIGKILL)

    def bury(self) -> str:
        """Close the pipes of a worker that has died and say how it ended."""
        self.close_commands()
        self._close_answers()
        return end_of(self.process)

    def close_commands(self) -> None:
        """Let the worker go. Told so it leaves even where another process has inherited the pipe and keeps it open."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self.commands, LEAVE)
        _open_pipes.discard(self.commands)
        os.close(self.commands)

    def await_end(self, deadline_s: float) -> None:
        """Wait for a worker that was let go; kill it at the deadline (a time of `time.monotonic`)."""
        self._close_answers()
        await_end_of(self.process, deadline_s)

    def _close_answers(self) -> None:
        _open_pipes.discard(self.answers)
        os.close(self.answers)


def start_worker(
    number: int, lanes: range, make_env: MakeEnv, arrays: LaneArrays, histories: Mapping[int, LaneHistory]
) -> WorkerProcess | InlineWorker:
    """Fork a worker, with signals held (`signals_held`) until the caller keeps what this returns; where the system
    cannot fork, make one that plays in this process.

    The worker plays `histories` of its lanes again, if there are any, and answers when it is ready.

    A replacement is forked from a main process that may have threads by then. That is safe here, because the worker
    only runs the emulator and numpy: it never logs to a handler of the main process, and never touches torch.
    """
    if not hasattr(os, "fork"):
        return InlineWorker(number, lanes, make_env, arrays, histories)
    command_read, command_write = os.pipe()
    answer_read, answer_write = os.pipe()
    process = os.fork()
    if process == 0:
        for descriptor in (*_open_pipes, command_write, answer_read):
            os.close(descriptor)
        run_worker(number, lanes, make_env, arrays, command_read, answer_write, histories)
    os.close(command_read)
    os.close(answer_write)
    _open_pipes.update((command_write, answer_read))
    silence = select.poll()
    silence.register(answer_read, select.POLLIN)
    return WorkerProcess(number, lanes, process, command_write, answer_read, silence)

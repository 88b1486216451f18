"""A worker of a `LocalFleet`: a forked process, and the two ends of the line to it."""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import threading
import traceback
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, Final

from core.env.lanes.child_process import await_end_of, end_of
from core.env.lanes.held_signals import ignore_signals
from core.env.lanes.lane_worker import log_apart
from trainer.fleet.messages import Failed
from trainer.fleet.plan import FleetPlan
from trainer.fleet.workbench import Workbench

ORPHAN_LOOK_S: Final = 2.0
"""How often a worker that waits looks whether the driver is still there."""
_our_ends: set[Connection] = set()
"""Of the lines to all workers of this process. A worker forked later closes the copies that it inherits: else it would
keep another worker's line open after the driver is gone."""


@dataclass(slots=True, eq=False)
class LocalWorker:
    """A running worker as the driver holds it."""

    number: int
    process: int
    line: Connection
    silent_s: float = 0.0
    """For how long nothing was heard of it, while it was not waiting for the driver."""
    waits: bool = False
    """For a reply."""
    _sending: threading.Lock = field(default_factory=threading.Lock)

    def send(self, message: Any) -> None:
        """Gives a message, from any thread. A dead worker shows when it is heard, not here."""
        with self._sending, contextlib.suppress(OSError):
            self.line.send(message)

    def hear(self) -> Any | None:
        """The message that is there; None when the worker has died instead."""
        self.silent_s = 0.0
        try:
            return self.line.recv()
        except (EOFError, OSError):
            return None

    def kill(self) -> None:
        """Ends a worker that does not answer."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process, signal.SIGKILL)

    def bury(self) -> str:
        """Clears a dead worker away and says how it ended."""
        self.let_go()
        return end_of(self.process)

    def let_go(self) -> None:
        """Closes the line: the worker leaves."""
        with self._sending:
            _our_ends.discard(self.line)
            self.line.close()

    def await_end(self, deadline_s: float) -> None:
        """Waits for a worker that was let go; kills it at the deadline (a time of `time.monotonic`)."""
        await_end_of(self.process, deadline_s)


def start_worker(number: int, plan: FleetPlan) -> LocalWorker:
    """Forks a worker, with signals held (`signals_held`) until the caller keeps what this returns.

    It says `Ready` when what it plays with is made. Threads of this process that compute should rest meanwhile: what
    they hold in that moment is held for ever in the worker.
    """
    ours, theirs = Pipe()
    process = os.fork()
    if process == 0:
        for line in (*_our_ends, ours):
            line.close()
        _run(number, plan, theirs)
    theirs.close()
    _our_ends.add(ours)
    return LocalWorker(number, process, ours)


def _run(number: int, plan: FleetPlan, connection: Connection) -> None:
    """The life of a worker after the fork; never returns."""
    ignore_signals()
    log_apart()
    status = 1
    try:
        gc.freeze()  # what came with the fork is not garbage: never walk it, never copy its pages
        Workbench(number, plan, PipeLine(connection)).serve(os.getpid())
        status = 0
    except (EOFError, BrokenPipeError):
        pass  # the driver is gone, or has let the worker go: nobody is left to tell
    except BaseException:
        with contextlib.suppress(OSError):
            connection.send(Failed(traceback.format_exc()))
    finally:
        os._exit(status)  # neither the driver's exit handlers nor its buffers are ours


class PipeLine:
    """A worker's end of the line (`trainer.fleet.workbench.Line`)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._driver = os.getppid()
        self._incoming = select.poll()
        self._incoming.register(connection.fileno(), select.POLLIN)

    def send(self, message: Any) -> None:
        """Raises BrokenPipeError when the driver is gone."""
        self._connection.send(message)

    def receive(self) -> Any:
        """Waits for the next message. Raises EOFError when the driver is gone, also where another process has inherited
        its end and keeps it open."""
        while not self._incoming.poll(ORPHAN_LOOK_S * 1000):
            if os.getppid() != self._driver:
                raise EOFError
        return self._connection.recv()

    def has_message(self) -> bool:
        """Whether `receive` would return at once, or raise."""
        return bool(self._incoming.poll(0)) or os.getppid() != self._driver

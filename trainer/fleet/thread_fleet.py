"""The fleet of a system without fork (Windows): its workers are threads of this process, and share one core.

They play what the processes of a `LocalFleet` would play, in the same order of everything, so the decisions are the
same. A thread cannot be killed: one that hangs is left behind.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from trainer.fleet.driven_fleet import ANSWER_TIMEOUT_S, DrivenFleet
from trainer.fleet.messages import Failed
from trainer.fleet.plan import FleetPlan
from trainer.fleet.queue_line import QueueLine
from trainer.fleet.workbench import Workbench

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class ThreadWorker:
    """A running worker as the driver holds it (`trainer.fleet.driven_fleet.FleetWorker`)."""

    number: int
    line: QueueLine
    thread: threading.Thread
    process: int = field(default_factory=os.getpid)
    silent_s: float = 0.0
    waits: bool = False

    def send(self, message: Any) -> None:
        """Gives a message, from any thread."""
        self.line.from_driver.put(message)

    def has_said(self) -> bool:
        """Whether `hear` has something to hear."""
        return not self.line.to_driver.empty()

    def hear(self) -> Any | None:
        """The message that is there; None when the worker has left instead."""
        self.silent_s = 0.0
        return self.line.to_driver.get()

    def kill(self) -> None:
        """Asks it to leave: nobody can end a thread."""
        self.let_go()

    def bury(self) -> str:
        """Says how it ended."""
        return "ended" if not self.thread.is_alive() else "hangs, and is left behind"

    def let_go(self) -> None:
        """Tells it to leave when it next listens."""
        self.line.from_driver.put(None)

    def await_end(self, deadline_s: float) -> None:
        """Waits for it until the deadline (a time of `time.monotonic`)."""
        self.thread.join(max(0.0, deadline_s - time.monotonic()))


class ThreadFleet(DrivenFleet[ThreadWorker]):
    """Workers in threads of this process (`trainer.fleet.fleet.Fleet`)."""

    def __init__(self, plan: FleetPlan, answer_timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        """Starts the threads. Raises what `make_env` raises."""
        self._spoken = threading.Condition()
        log.info("this system cannot fork processes: all lanes are played in this one, and use one core")
        super().__init__(plan, answer_timeout_s)

    def _start(self, number: int) -> ThreadWorker:
        line = QueueLine(self._tell)
        name = f"fleet worker {number}"
        thread = threading.Thread(target=_run, args=(number, self.plan, line), name=name, daemon=True)
        thread.start()
        return ThreadWorker(number, line, thread)

    def _tell(self) -> None:
        """Wakes the driver, who may be waiting for a word."""
        with self._spoken:
            self._spoken.notify_all()

    def _said(self, workers: Sequence[ThreadWorker], timeout_s: float) -> set[int]:
        with self._spoken:
            self._spoken.wait_for(lambda: any(worker.has_said() for worker in workers), timeout_s)
        return {worker.number for worker in workers if worker.has_said()}


def _run(number: int, plan: FleetPlan, line: QueueLine) -> None:
    """The life of a worker."""
    try:
        Workbench(number, plan, line).serve(os.getpid())
    except EOFError:
        pass  # let go in the middle of a question
    except BaseException:
        line.send(Failed(traceback.format_exc()))
    line.send(None)  # it has left

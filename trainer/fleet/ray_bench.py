"""A worker of a `RayFleet` on its node: the class that the driver makes an actor of. Imports Ray."""

from __future__ import annotations

import gc
import os
import platform
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import ray  # type: ignore[import-not-found]

from core.env.lanes.lane_worker import log_apart
from trainer.fleet.messages import Failed, Task
from trainer.fleet.plan import Parcel
from trainer.fleet.queue_line import QueueLine
from trainer.fleet.software import Software
from trainer.fleet.workbench import Workbench

GIVE: Final = "give"
HEAR: Final = "hear"
"""Concurrency groups of an actor, one thread each."""


class RayBench:
    """Serves in one thread of the actor, while two others take and hand out messages, each in their order.

    Ray calls a method of each of its concurrency groups at a time: `give` and `hear` have one of their own.
    When the driver is gone, Ray ends the actor.
    """

    def __init__(self) -> None:
        self._line = QueueLine()

    def about(self, libraries: Sequence[str]) -> tuple[Software, str, str, int]:
        """The versions of what runs here, the name of the node and its id in the cluster, and the process id."""
        return Software.here(libraries), platform.node(), ray.get_runtime_context().get_node_id(), os.getpid()

    def serve(self, number: int, parcel: Parcel) -> None:
        """The worker's life; returns when it is let go."""
        log_apart()
        try:
            with tempfile.TemporaryDirectory(prefix="crystal_worker_") as folder:
                plan = parcel.unpack(Path(folder))
                gc.collect()
                gc.freeze()  # what was imported is not garbage: never walk it
                Workbench(number, plan, self._line).serve(os.getpid())
        except BaseException:
            self._line.send(Failed(traceback.format_exc()))

    # said here and not in each call, which Ray Client cannot
    @ray.method(concurrency_group=GIVE)
    def give(self, message: Any, news: bytes) -> None:
        """A message of the driver; None lets the worker go. `news` are those of a task, sent once to every node."""
        self._line.from_driver.put(replace(message, news=news) if isinstance(message, Task) else message)

    @ray.method(concurrency_group=HEAR)
    def hear(self) -> Any:
        """The worker's next message, as soon as there is one."""
        return self._line.to_driver.get()

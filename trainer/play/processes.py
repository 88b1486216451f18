"""Games played in processes beside this one, which leave when it does."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from typing import Self, TypeVar

from core.env.lanes.held_signals import ignore_signals, signals_held

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


class PlayingProcesses:
    """So many processes, for one lot of tasks after the other. A context: they end with it."""

    def __init__(self, workers: int) -> None:
        self._pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_belong_to_parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def map(self, work: Callable[[_Task], _Result], tasks: Iterable[_Task]) -> Iterator[_Result]:
        """What `work` makes of each task, in their order."""
        with signals_held():  # processes start here; they hold signals, too, until they ignore them
            return self._pool.map(work, tasks)


def map_in_processes(work: Callable[[_Task], _Result], tasks: Iterable[_Task], workers: int) -> Iterator[_Result]:
    """What `work` makes of each task, in their order, in processes of their own."""
    with PlayingProcesses(workers) as processes:
        yield from processes.map(work, tasks)


def _belong_to_parent() -> None:
    """Signals are the main process's to handle. A pool's process waits for work for ever when the main one is gone: its
    siblings keep the pipe open."""
    ignore_signals()
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()

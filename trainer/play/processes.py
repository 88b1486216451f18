"""Games played in processes beside this one, which leave when it does."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from typing import TypeVar

from core.env.lanes.held_signals import ignore_signals, signals_held

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


def map_in_processes(work: Callable[[_Task], _Result], tasks: Iterable[_Task], workers: int) -> Iterator[_Result]:
    """What `work` makes of each task, in their order."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_belong_to_parent) as pool:
        with signals_held():  # processes start here; they hold signals, too, until they ignore them
            results = pool.map(work, tasks)
        yield from results


def _belong_to_parent() -> None:
    """Signals are the main process's to handle. A pool's process waits for work for ever when the main one is gone: its
    siblings keep the pipe open."""
    ignore_signals()
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()

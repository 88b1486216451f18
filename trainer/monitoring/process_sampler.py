"""Samples this process every second: its memory and its share of the processor."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import psutil


def memory_mb() -> float:
    """Memory that this process holds now (resident set size)."""
    return psutil.Process().memory_info().rss / 1e6


class ProcessSampler:
    """Calls `take` with `memory_mb` and `cpu_share` (1.0 is one core) every `interval_s`, on a thread of its own."""

    def __init__(self, interval_s: float, take: Callable[[dict[str, float]], None]) -> None:
        self._interval_s = interval_s
        self._take = take
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="process-sampler", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop sampling."""
        self._stopping.set()
        self._thread.join()

    def _sample(self) -> None:
        wall, cpu = time.monotonic(), time.process_time()
        while not self._stopping.wait(self._interval_s):
            wall_now, cpu_now = time.monotonic(), time.process_time()
            self._take({"memory_mb": memory_mb(), "cpu_share": (cpu_now - cpu) / (wall_now - wall)})
            wall, cpu = wall_now, cpu_now

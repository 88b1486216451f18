"""A thread that computes beside processes that leave no core free takes its time from all of them alike.

Two emulators on two cores and a learner beside them: the system's scheduler moves one of three busy threads only about
every tenth of a second, so the learner shares the core of one emulator for most of its update. That emulator is late,
and the other one waits for it. So the thread goes on where it has computed least, at every halt. It is not held there:
where a core falls idle, the system may still move it.
"""

from __future__ import annotations

import contextlib
import os
import time


class CoreTurns:
    """Of one thread, which calls it. Does nothing on systems that do not let a thread name its core (not Linux)."""

    def __init__(self) -> None:
        self._spent_s: dict[int, float] = {}
        """Processor time on each core since `begin`, as far as the system has not moved the thread meanwhile."""
        self._core: int | None = None
        self._since_s = 0.0

    def begin(self) -> None:
        """What was computed so far counts no more: the others have waited for each other since."""
        self._core = None
        if hasattr(os, "sched_getaffinity"):
            self._spent_s = dict.fromkeys(sorted(os.sched_getaffinity(0)), 0.0)
        self.go_on()

    def go_on(self) -> None:
        """Moves the thread to the core on which it has computed least."""
        if len(self._spent_s) < 2:
            return
        now_s = time.thread_time()
        if self._core is not None:
            self._spent_s[self._core] += now_s - self._since_s
        self._since_s = now_s
        self._core = min(self._spent_s, key=self._spent_s.__getitem__)
        with contextlib.suppress(OSError):  # the cores of a container may have changed
            os.sched_setaffinity(0, {self._core})
            os.sched_setaffinity(0, self._spent_s)

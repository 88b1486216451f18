"""Threads that wait for answers, so that the emulators do not.

The threads of `concurrent.futures` keep a program from ending until the last answer is there. These are daemons, so a
hanging server cannot keep it.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Workers(Generic[Answer]):
    """A few threads that run the submitted calls in order."""

    def __init__(self, threads: int, waiting_at_most: int) -> None:
        self._waiting: queue.Queue[tuple[Future[Answer], Callable[[], Answer]] | None]
        self._waiting = queue.Queue(maxsize=waiting_at_most)
        self._threads = [
            threading.Thread(target=self._work, name=f"language-model-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, answer: Callable[[], Answer]) -> Future[Answer] | None:
        """Call `answer` in a thread; None when too many calls wait already."""
        future: Future[Answer] = Future()
        try:
            self._waiting.put_nowait((future, answer))
        except queue.Full:
            return None
        return future

    def close(self) -> None:
        """Cancel the waiting calls and let each thread end after its present call."""
        while True:
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                break
            if item is not None:
                item[0].cancel()
        for _ in self._threads:
            self._waiting.put(None)

    def _work(self) -> None:
        while (item := self._waiting.get()) is not None:
            future, answer = item
            try:
                future.set_result(answer())
            except BaseException as error:
                future.set_exception(error)  # the caller that waits for the answer gets the error

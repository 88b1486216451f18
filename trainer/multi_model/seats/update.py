"""When the weights of all models move: beside the play of the next segment, or in turn."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from trainer.multi_model.weights import WeightUpdate


class WeightUpdates:
    """Of one session.

    Beside the play, the policies that play are one update behind, as everywhere (`agents/learning/overlapped_learner`).
    A language model that learns here answers here, too, so its updates are made in turn.
    """

    def __init__(self, *, beside_play: bool) -> None:
        self.beside_play = beside_play
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="learner")
        self._running: Future[WeightUpdate] | None = None

    def begin(self, update: Callable[[], WeightUpdate]) -> None:
        """Begins one beside the play."""
        self._running = self._threads.submit(update)

    def finish(self) -> WeightUpdate | None:
        """Waits for the one under way; what it did, None where there is none. Raises what it has raised."""
        running, self._running = self._running, None
        return None if running is None else running.result()

    def wait(self) -> None:
        """Returns when none is under way."""
        if self._running is not None:
            self._running.exception()

    def close(self) -> None:
        """Waits, and ends the thread."""
        self._threads.shutdown()

"""The line between a driver and a worker that is a thread of the same process."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from typing import Any


class QueueLine:
    """Both ends (`trainer.fleet.workbench.Line` is the worker's). None from the driver lets the worker go."""

    def __init__(self, told: Callable[[], object] = lambda: None) -> None:
        """`told` is called after each message to the driver, in the worker's thread."""
        self.from_driver: SimpleQueue[Any] = SimpleQueue()
        self.to_driver: SimpleQueue[Any] = SimpleQueue()
        self._told = told

    def send(self, message: Any) -> None:
        """Leaves it for the driver."""
        self.to_driver.put(message)
        self._told()

    def receive(self) -> Any:
        """Waits for the next message. Raises EOFError when the driver has let the worker go."""
        message = self.from_driver.get()
        if message is None:
            raise EOFError
        return message

    def has_message(self) -> bool:
        """Whether `receive` would return at once, or raise."""
        return not self.from_driver.empty()

"""What any fleet is made from: how many workers there are, and what each of them plays with.

A `Blueprint` is the plan of workers that hold emulators; workers that hold language models have another. Jobs are
played by workers of the plan that they were written for.
"""

from __future__ import annotations

from typing import Protocol


class Furnishings(Protocol):
    """What a worker plays with."""

    def close(self) -> None:
        """Lets it go."""
        ...


class FleetPlan(Protocol):
    """The same in all workers of a fleet."""

    @property
    def workers(self) -> int:
        """How many there are."""
        ...

    def name_of(self, worker: int) -> str:
        """A worker as the log calls it."""
        ...

    def furnish(self, worker: int) -> Furnishings:
        """What that worker plays with, made in the process that plays."""
        ...

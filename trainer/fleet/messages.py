"""What the driver of a run and a worker of its fleet send each other. All of it can be pickled.

driver -> worker    Task, Reply, Halt; then the end of the line
worker -> driver    Ready; then for each task any number of Inquiry and Tally, and one Done or Failed
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Task:
    """Play this now."""

    number: int
    """Each call of `Fleet.play` has one."""
    news: bytes
    """What was last broadcast, pickled once for all workers; empty before the first broadcast."""
    job: bytes
    """The worker's `Job`, pickled."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to the question that the worker waits for."""

    value: Any


@dataclass(frozen=True, slots=True)
class Halt:
    """End the task of this number after the present step, and send what came of it so far."""

    number: int


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker has made its environments."""

    process: int
    """Its process id on its machine."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """The worker waits for a `Reply` of the run's broker."""

    asked: Any


@dataclass(frozen=True, slots=True)
class Tally:
    """How far the task is: what was played since the last tally. Also the sign that the worker lives."""

    steps: int
    """Of all its lanes together."""
    games: int
    """That ended."""


@dataclass(frozen=True, slots=True)
class Done:
    """The task is done."""

    result: bytes
    """What the job gave, pickled."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An error in the worker's Python code; it has left."""

    traceback: str

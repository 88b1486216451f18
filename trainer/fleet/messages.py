"""What the driver of a run and a worker of its fleet send each other. All of it can be pickled.

driver -> worker    Task, Reply, Halt; then the end of the line
worker -> driver    Ready; then for each task any number of Inquiry and Tally, and one Done or Failed; Forgotten, where
                    a task came with a past that it cannot go on from
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PlayedTask:
    """A task that a worker has played, with all that it was told meanwhile: enough to play it again alike."""

    news: bytes
    job: bytes
    replies: tuple[Any, ...]
    """The broker's answers, in the order of the questions."""


@dataclass(frozen=True, slots=True)
class Past:
    """What a worker had done that is gone, for the one in its place."""

    keepsake: bytes | None
    """What it remembered after some task, see `trainer.fleet.workbench.SessionJob`; None: nothing yet."""
    tasks: tuple[PlayedTask, ...]
    """That it has played since, in order."""
    replies: tuple[Any, ...]
    """What it was told in the task that it did not finish."""


@dataclass(frozen=True, slots=True)
class Task:
    """Play this now."""

    number: int
    """Each call of `Fleet.play` has one."""
    news: bytes
    """What was last broadcast, pickled once for all workers; empty before the first broadcast."""
    job: bytes
    """The worker's `Job`, pickled."""
    keeps: bool = False
    """A keepsake is to be sent with the result."""
    past: Past | None = None
    """What comes before, for a worker in the place of another."""


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
    """The worker has made what it plays with."""

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
    keepsake: bytes | None = None
    """What the worker remembers now, where the task asked for it and it can be written."""
    play_s: float = 0.0
    """Processor time that the task took."""
    keepsake_s: float = 0.0
    """Processor time that the keepsake took."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The past of the task does not come out as it was: the worker plays the task as one that knows of nothing."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """An error in the worker's Python code; it has left."""

    traceback: str

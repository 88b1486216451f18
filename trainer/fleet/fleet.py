"""The seam between what plays and what learns: a fleet of workers that play what they are told.

A worker holds the emulators of its lanes and everything that decides in them, or language models and the worlds that
they play in (`trainer.fleet.plan`). The driver of a run broadcasts what all
go by (weights, calibration, strategy), gives each worker a job, and gets one result from each. What only the driver has
(decision record, language model, archive) workers ask of its `Broker` while they play.

`LocalFleet` has its workers in processes of this machine. Another engine (of a cluster) keeps the same promises:

- The result of a job depends on the job, the last broadcast, the jobs before it and the broker's answers; never on how
  fast the worker is. Results come in the order of the workers.
- A worker that dies, hangs or is lost with its machine is replaced; the new one is given the same job. A job that goes
  on from others (`trainer.fleet.workbench.SessionJob`) comes with all that was told to the lost worker: the new one
  remembers, plays again what that one played since, and goes on. Where that does not come out alike, and where two
  workers have died of one job, it knows nothing of earlier jobs (`Workbench.kept` is empty), and its result says so. No
  other worker is disturbed.
- A worker leaves when the driver ends, however it ends.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Protocol, Self, TypeVar

from gymnasium import spaces

from core.game.state import RomTables
from trainer.fleet.blueprint import Blueprint
from trainer.fleet.plan import FleetPlan
from trainer.fleet.workbench import Job

Result = TypeVar("Result")
GoesOn = Callable[[int, int], bool]
"""Told of so many more steps and ended games, over all workers; False halts the play. Called at least once a second."""


class Broker(Protocol):
    """Answers what workers ask while they play."""

    def answer(self, worker: int, asked: Any, reply: Callable[[Any], None]) -> None:
        """Calls `reply` once with the answer, now or later, from any thread. `answer` itself is called in the driver's
        thread, and holds up all workers while it runs."""
        ...

    def begin_again(self, worker: int, deaths: int) -> None:
        """The worker was replaced, for the `deaths`-th time, and plays its job as one that knows of nothing: what it
        has asked so far counts as not asked."""
        ...


class Fleet(ABC):
    """Workers that were made from a plan. A context manager, or call `close`."""

    plan: FleetPlan
    lanes: int
    """Of all workers; a fleet that holds no emulators has neither this nor the next three."""
    policy_space: spaces.Dict
    rom: RomTables
    milestone_names: tuple[str, ...]
    before_replacement: Callable[[], object]
    """Called before a worker is replaced: the place to wait for threads that compute."""

    @property
    def blueprint(self) -> Blueprint:
        """The plan of a fleet that holds emulators."""
        assert isinstance(self.plan, Blueprint), "only who opened a fleet of emulators asks for their blueprint"
        return self.plan

    @property
    @abstractmethod
    def late(self) -> frozenset[int]:
        """The workers that are still playing what they were given in an earlier call of `play`."""

    @abstractmethod
    def broadcast(self, news: object) -> None:
        """What all workers go by from their next job on (`Workbench.news`). It is pickled now."""

    @abstractmethod
    def play(
        self,
        jobs: Sequence[Job[Result] | None],
        broker: Broker,
        goes_on: GoesOn,
        patience: float | None = None,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> list[Result | None]:
        """Gives worker i `jobs[i]`, calls `meanwhile` and returns the results, in that order, when all are there.

        With `patience` it waits, once half of the workers are done, no longer than so many times the median of what
        those took. Who is late then has None for its result and goes on; it gets no job (None) in the next call, which
        does not wait for it, and gives its result if it is there. A worker that is late and gets a job is replaced.
        Which workers are late depends on how fast they are.

        After `goes_on` has said False, workers end their jobs early; their results say how far they came. When this
        raises, jobs are lost; the next call begins with new workers. Raises ConfigurationError for another number of
        jobs, TrainingError for an error in a worker's code and where workers die again and again.
        """

    @abstractmethod
    def worker_processes(self) -> tuple[int, ...]:
        """Process ids of the workers on their machines, in order."""

    @abstractmethod
    def close(self) -> None:
        """Lets the workers go. `play` then raises ClosedEnvironmentError."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

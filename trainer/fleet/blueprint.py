"""The plan of a fleet that holds emulators: how each lane's environment is made, and which lanes each worker holds."""

from __future__ import annotations

from dataclasses import dataclass

from core.env.lanes.lane_worker import MakeEnv
from core.exceptions import ConfigurationError
from trainer.fleet.worker_lanes import WorkerLanes
from trainer.settings import Settings


@dataclass(frozen=True, slots=True)
class Blueprint:
    """Everything that a worker needs to begin with (`trainer.fleet.plan.FleetPlan`)."""

    settings: Settings
    make_env: MakeEnv
    """Makes the environment of a lane, in the process that plays in it."""
    lanes: int
    workers: int

    def __post_init__(self) -> None:
        """Raises ConfigurationError for impossible numbers."""
        if not 1 <= self.workers <= self.lanes:
            raise ConfigurationError(
                f"{self.workers} workers for {self.lanes} lanes: there must be 1 to as many workers as lanes"
            )

    def lanes_of(self, worker: int) -> range:
        """The lanes that a worker holds; together the workers hold all, in order."""
        return range(self.lanes * worker // self.workers, self.lanes * (worker + 1) // self.workers)

    def name_of(self, worker: int) -> str:
        """A worker as the log calls it."""
        lanes = self.lanes_of(worker)
        return f"worker {worker} (lanes {lanes.start}-{lanes.stop - 1})"

    def furnish(self, worker: int) -> WorkerLanes:
        """The emulators of a worker's lanes."""
        return WorkerLanes([self.make_env(lane) for lane in self.lanes_of(worker)])

"""The plan of a fleet that holds emulators: how each lane's environment is made, and which lanes each worker holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Final, Protocol, runtime_checkable

from core.env.lanes.lane_worker import MakeEnv
from core.exceptions import ConfigurationError
from trainer.fleet.worker_lanes import WorkerLanes
from trainer.settings import Settings

ROM_NAME: Final = "game.gbc"
START_NAME: Final = "start"


@runtime_checkable
class MovableMaker(Protocol):
    """A maker of environments that can be told where its files lie on another machine."""

    def with_settings(self, settings: Settings) -> MakeEnv:
        """The same with other settings."""
        ...


@dataclass(frozen=True, slots=True)
class Blueprint:
    """Everything that a worker needs to begin with (`trainer.fleet.plan.FleetPlan`)."""

    libraries: ClassVar[tuple[str, ...]] = ("pyboy", "numpy", "torch", "stable-baselines3", "sb3-contrib")

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

    def pack(self) -> BlueprintParcel:
        """Reads ROM and start state. Raises ConfigurationError where its environments cannot leave this machine."""
        if not isinstance(self.make_env, MovableMaker):
            raise ConfigurationError(
                f"{self.make_env!r} makes environments on this machine only: a cluster needs one with with_settings, "
                "such as trainer.run.environments.environment_factory gives"
            )
        start = self.settings.start_state
        return BlueprintParcel(
            self, self.make_env, self.settings.rom_path.read_bytes(), None if start is None else start.read_bytes()
        )


@dataclass(frozen=True, slots=True)
class BlueprintParcel:
    """A blueprint with the contents of its files (`trainer.fleet.plan.Parcel`)."""

    blueprint: Blueprint
    make_env: MovableMaker
    """The blueprint's own."""
    rom: bytes
    start_state: bytes | None

    def unpack(self, folder: Path) -> Blueprint:
        """Writes the files into a folder of this machine; the blueprint that reads them there."""
        settings = self.blueprint.settings
        rom_path = folder / ROM_NAME
        rom_path.write_bytes(self.rom)
        start_path = None
        if self.start_state is not None and settings.start_state is not None:
            start_path = folder / f"{START_NAME}{settings.start_state.suffix}"
            start_path.write_bytes(self.start_state)
        changes = {"rom_path": rom_path, "start_state": start_path, "start_cache": None, "headless": True}
        moved = settings.model_copy(update=changes)
        return replace(self.blueprint, settings=moved, make_env=self.make_env.with_settings(moved))

"""What travels to a worker on another machine: the bytes of the files that it plays from, and what must be alike there.

No file of the driver is needed on a node: the ROM and a start state go along, and are written into a folder of the
worker's own. The product itself is installed there, and has to be the driver's, with its Python and its libraries: two
versions would play two games.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from core.env.lanes.lane_worker import MakeEnv
from core.exceptions import ConfigurationError
from trainer.fleet.blueprint import Blueprint
from trainer.fleet.plan import FleetPlan
from trainer.settings import Settings

ROOT: Final = Path(__file__).resolve().parent.parent.parent
ROOMS: Final = ("core", "agents", "trainer")
"""Whose code and data a worker runs."""
LIBRARIES: Final = ("pyboy", "numpy", "torch", "stable-baselines3", "sb3-contrib")
DIGEST_LETTERS: Final = 12
ROM_NAME: Final = "game.gbc"
START_NAME: Final = "start"


@runtime_checkable
class MovableMaker(Protocol):
    """A maker of environments that can be told where its files lie on another machine."""

    def with_settings(self, settings: Settings) -> MakeEnv:
        """The same with other settings."""
        ...


class Parcel(Protocol):
    """A plan with the contents of its files. It can be pickled."""

    def unpack(self, folder: Path) -> FleetPlan:
        """Writes the files into a folder of this machine; the plan that reads them there."""
        ...


@runtime_checkable
class TravellingPlan(Protocol):
    """A plan without emulators, for workers on other machines."""

    libraries: tuple[str, ...]
    """That have to be the driver's there, beside Python and the product."""

    def pack(self) -> Parcel:
        """Reads its files. Raises ConfigurationError where it cannot leave this machine."""
        ...


def parcel_of(plan: FleetPlan) -> Parcel:
    """What travels to a worker. Raises ConfigurationError where the plan cannot leave this machine."""
    if isinstance(plan, Blueprint):
        return Shipment.of(plan)
    assert isinstance(plan, TravellingPlan), "every other plan can travel"
    return plan.pack()


def libraries_of(plan: FleetPlan) -> tuple[str, ...]:
    """The libraries that a worker of this plan plays with."""
    return plan.libraries if isinstance(plan, TravellingPlan) else LIBRARIES


@dataclass(frozen=True, slots=True)
class Shipment:
    """A blueprint with the contents of its files."""

    blueprint: Blueprint
    rom: bytes
    start_state: bytes | None

    @classmethod
    def of(cls, blueprint: Blueprint) -> Shipment:
        """Reads the files. Raises ConfigurationError where a blueprint cannot leave this machine."""
        settings = blueprint.settings
        if not isinstance(blueprint.make_env, MovableMaker):
            raise ConfigurationError(
                f"{blueprint.make_env!r} makes environments on this machine only: a cluster needs one with "
                "with_settings, such as trainer.run.environments.environment_factory gives"
            )
        start = None if settings.start_state is None else settings.start_state.read_bytes()
        return cls(blueprint, settings.rom_path.read_bytes(), start)

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
        make_env = self.blueprint.make_env
        assert isinstance(make_env, MovableMaker), "Shipment.of has seen to it"
        return replace(self.blueprint, settings=moved, make_env=make_env.with_settings(moved))


@dataclass(frozen=True, slots=True)
class Software:
    """What has to be the same on all machines of a fleet: by name, the version."""

    versions: Mapping[str, str]

    @classmethod
    def here(cls, libraries: Sequence[str] = LIBRARIES) -> Software:
        """Of this process."""
        versions = {name: _version(name) for name in libraries}
        return cls({"Python": platform.python_version(), **versions, "crystal-hybrid": product_digest()})

    def difference(self, driver: Software) -> str | None:
        """What is other than the driver's, in words; None where nothing is."""
        lines = (
            f"{name} {self.versions.get(name)} (the driver: {version})"
            for name, version in driver.versions.items()
            if self.versions.get(name) != version
        )
        return ", ".join(lines) or None


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "not installed"


@cache
def product_digest() -> str:
    """The first letters of the SHA-256 of the product's code and data as it is installed here."""
    digest = hashlib.sha256()
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            if path.suffix in (".py", ".json"):
                digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:DIGEST_LETTERS]

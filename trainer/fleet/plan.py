"""What any fleet is made from: how many workers there are, and what each of them plays with.

A `Blueprint` is the plan of workers that hold emulators; workers that hold language models have another. Jobs are
played by workers of the plan that they were written for. To a worker on another machine the plan travels as a parcel.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Protocol


class Furnishings(Protocol):
    """What a worker plays with."""

    def close(self) -> None:
        """Lets it go."""
        ...


class FleetPlan(Protocol):
    """The same in all workers of a fleet."""

    libraries: ClassVar[tuple[str, ...]]
    """Those that have to be the driver's on a worker's machine, beside Python and the product."""

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

    def pack(self) -> Parcel:
        """Reads its files. Raises ConfigurationError where it cannot leave this machine."""
        ...


class Parcel(Protocol):
    """A plan with the contents of its files. It can be pickled, and no file of the driver is needed to unpack it."""

    def unpack(self, folder: Path) -> FleetPlan:
        """Writes the files into a folder of this machine; the plan that reads them there."""
        ...

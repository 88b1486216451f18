"""What has to be the driver's on the machine of every worker: the product, its Python and the libraries that play.

The product itself is installed there; two versions would play two games.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent
ROOMS: Final = ("core", "agents", "trainer")
"""Whose code and data a worker runs."""
DIGEST_LETTERS: Final = 12


@dataclass(frozen=True, slots=True)
class Software:
    """What has to be the same on all machines of a fleet: by name, the version."""

    versions: Mapping[str, str]

    @classmethod
    def here(cls, libraries: Sequence[str]) -> Software:
        """Of this process; the libraries are those of a plan (`trainer.fleet.plan.FleetPlan`)."""
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

"""The head of a checkpoint: what it is, of which episode, and the sums of its files and of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.exceptions import CheckpointError
from trainer.checkpoints.bounded_json import MOST_HEAD_BYTES, json_of, read_bounded, sum_of
from trainer.checkpoints.own_names import NUMBERED

FORMAT: Final = "crystal-hybrid checkpoint"
FORMAT_VERSION: Final = 1
MANIFEST: Final = "manifest.json"
OWN_SUM: Final = "sha256"
"""Key of the manifest's own sum, over all its other keys. Checkpoints of earlier versions have none."""


class FileSum(BaseModel):
    """What a file of the checkpoint must be."""

    model_config = ConfigDict(frozen=True, strict=True)

    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=0, lt=2**63)]


class Manifest(BaseModel):
    """The keys that a reader needs; others are for people."""

    model_config = ConfigDict(frozen=True, strict=True)

    episode: Annotated[int, Field(ge=0, lt=2**63)]
    rom_sha1: str
    settings: dict[str, Any]
    files: dict[str, FileSum]


def with_own_sum(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest as it is written: with the sum of its content."""
    return {**manifest, OWN_SUM: sum_of(manifest)}


def read_manifest(path: Path) -> Manifest:
    """The head of the checkpoint in the folder `path`. Raises CheckpointError, and nothing else, for all that is not
    one that this program wrote."""
    damaged = f"checkpoint {path} is damaged"
    try:
        data = read_bounded(path / MANIFEST, MOST_HEAD_BYTES)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} is no checkpoint: it has no {MANIFEST}") from error
    except OSError as error:
        raise CheckpointError(f"{damaged}: {MANIFEST} cannot be read ({error})") from error
    stated = json_of(data, f"{damaged}: {MANIFEST} cannot be read")
    if not isinstance(stated, dict) or stated.get("format") != FORMAT:
        raise CheckpointError(f"{path} is of another program: its {MANIFEST} does not say {FORMAT!r}")
    if stated.get("version") != FORMAT_VERSION:
        raise CheckpointError(
            f"checkpoint {path} has format version {str(stated.get('version'))[:20]}, this program reads "
            f"{FORMAT_VERSION}; use the version of the program that wrote it"
        )
    own_sum = stated.pop(OWN_SUM, None)
    if own_sum is not None and own_sum != sum_of(stated):
        raise CheckpointError(f"{damaged}: {MANIFEST} was changed after it was written")
    try:
        manifest = Manifest.model_validate(stated)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise CheckpointError(f"{damaged}: {MANIFEST}: {place}: {first['msg'].lower()}") from error
    named = NUMBERED.fullmatch(path.name)
    if named is not None and int(named[2]) != manifest.episode:
        raise CheckpointError(
            f"{damaged}: its name says episode {int(named[2])}, its {MANIFEST} {manifest.episode}; rename it back"
        )
    return manifest

"""Checkpoints on disk: folders that are whole or not there, that say what they are, and that run no code when read.

A checkpoint is a folder with `manifest.json`, `state.json` (numbers and random states) and `weights.safetensors`. It is
written under a temporary name, flushed to the disk and renamed, so `kill -9` at any moment leaves the last good one.
`checkpoint_NNNNNN` are kept and pruned, `resume_NNNNNN` is replaced after every episode, `best_model` by evaluations.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import os
import platform
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from core.exceptions import CheckpointError
from core.whole_files import written_aside
from trainer.checkpoints.bounded_json import MOST_STATE_BYTES, MOST_WEIGHT_BYTES, json_of, read_bounded
from trainer.checkpoints.damage import damage_is_said
from trainer.checkpoints.durable_files import flush_directory, write_durably
from trainer.checkpoints.manifest import FORMAT, FORMAT_VERSION, MANIFEST, read_manifest, with_own_sum
from trainer.checkpoints.own_names import (
    NUMBERED,
    PREVIOUS,
    STEPPED_ASIDE,
    UNFINISHED,
    folder_of,
    holds_only,
    remove,
    remove_in_one_step,
)
from trainer.checkpoints.renamed_keys import with_todays_names

log = logging.getLogger(__name__)

STATE = "state.json"
WEIGHTS = "weights.safetensors"
LATEST = "latest"
BEST_MODEL = "best_model"
LONGEST_NAME = 100
"""Bytes of `latest` that are read."""
SUMMARY_FILES = ("training_summary.json",)
FILES = (MANIFEST, STATE, WEIGHTS)
"""All that a checkpoint's folder holds."""
PROGRAM = "crystal-hybrid"
LIBRARIES = ("torch", "safetensors", "numpy", "gymnasium", "stable-baselines3", "sb3-contrib", "pyboy")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a checkpoint holds."""

    episode: int
    """Finished episodes; the run goes on with the next number."""
    state: dict[str, Any]
    """JSON-able: counters, random states, curriculum, strategy, arbitration."""
    tensors: dict[str, torch.Tensor]
    rom_sha1: str
    settings: dict[str, Any]
    """JSON-able settings of the run, for people and for comparison."""


class CheckpointStore:
    """The checkpoints of one run in one directory."""

    def __init__(self, directory: str | Path, keep: int = 5) -> None:
        """Makes nothing. Raises ConfigurationError for "" as the directory."""
        self.directory = folder_of("save_dir", directory)
        self.keep = keep

    # -- writing -----------------------------------------------------------------------------------------------

    def save_checkpoint(self, snapshot: Snapshot) -> Path:
        """Writes a kept checkpoint, points `latest` to it and removes kept ones beyond the newest `keep`."""
        path = self.directory / f"checkpoint_{snapshot.episode:06d}"
        with _writing(path):
            self._write(path, snapshot)
            self._point_latest_to(path)
            for old in self._numbered("checkpoint")[: -self.keep]:
                remove_in_one_step(old, FILES)
        return path

    def save_resume_point(self, snapshot: Snapshot) -> Path:
        """Writes the resume point, points `latest` to it and removes the one before."""
        path = self.directory / f"resume_{snapshot.episode:06d}"
        with _writing(path):
            self._write(path, snapshot)
            self._point_latest_to(path)
            for old in self._numbered("resume"):
                if old != path:
                    remove_in_one_step(old, FILES)
        return path

    def save_best_model(self, snapshot: Snapshot) -> Path:
        """Writes or replaces `best_model`. A kill between the two renames leaves the one before as `best_model.old`."""
        path = self.directory / BEST_MODEL
        with _writing(path):
            self._write(path, snapshot)
        return path

    def check_room(self) -> None:
        """Raises CheckpointError when something of the user's own stands where a run would write."""
        for name in (BEST_MODEL, f"{BEST_MODEL}.old"):
            self._refuse_foreign(self.directory / name)
        for name in (LATEST, *SUMMARY_FILES):
            if (self.directory / name).is_dir():
                raise CheckpointError(
                    f"{self.directory / name} is a folder, and a run would write a file of that name; move it, or "
                    "choose another save_dir"
                )

    def tidy(self, new_run: bool) -> None:
        """Before a run writes: removes what a kill left half-written and, for a new run, sets an older one aside.

        An older run's checkpoints move to `previous_NNN`, so nothing is lost and nothing is mixed. Names that this
        program does not make are left alone, and so are folders that hold other files than a checkpoint's.
        """
        if not self.directory.is_dir():
            return
        for path in sorted(self.directory.iterdir()):
            aside = STEPPED_ASIDE.fullmatch(path.name)
            if aside is not None and _is_checkpoint(path):
                final = self.directory / aside[1]
                if path.name == f"{final.name}.old" and not final.exists():
                    path.rename(final)  # killed between the two renames of `_put_in_place`
                else:
                    remove(path, FILES)
            elif UNFINISHED.fullmatch(path.name):
                remove(path, FILES)
        if new_run and self.has_run():
            self._set_aside()

    def _set_aside(self) -> None:
        numbers = [int(match[1]) for path in self.directory.iterdir() if (match := PREVIOUS.fullmatch(path.name))]
        aside = self.directory / f"previous_{1 + max(numbers, default=0):03d}"
        aside.mkdir()
        (self.directory / LATEST).unlink(missing_ok=True)
        names = [path.name for kind in ("checkpoint", "resume") for path in self._numbered(kind)]
        for name in [*names, BEST_MODEL, *SUMMARY_FILES]:
            if (self.directory / name).exists():
                (self.directory / name).rename(aside / name)
        log.info("an earlier run was in %s; it is now in %s", self.directory, aside)

    def _write(self, final: Path, snapshot: Snapshot) -> None:
        temporary = final.with_name(f".{final.name}.{os.getpid()}.writing")
        files = {
            STATE: json.dumps(snapshot.state, allow_nan=False).encode(),
            WEIGHTS: save({key: tensor.contiguous() for key, tensor in snapshot.tensors.items()}),
        }
        manifest: dict[str, Any] = {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "episode": snapshot.episode,
            "rom_sha1": snapshot.rom_sha1,
            "settings": snapshot.settings,
            "python": platform.python_version(),
            "libraries": _library_versions(),
            "files": {
                file: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for file, data in files.items()
            },
        }
        self.directory.mkdir(parents=True, exist_ok=True)
        if temporary.exists():
            remove(temporary, FILES)
        temporary.mkdir()
        head = json.dumps(with_own_sum(manifest), indent=2).encode()
        for file, data in {**files, MANIFEST: head}.items():
            write_durably(temporary / file, data)
        flush_directory(temporary)
        self._put_in_place(temporary, final)

    def _put_in_place(self, temporary: Path, final: Path) -> None:
        """A folder cannot replace a full folder in one step, so one of the same name steps aside first."""
        aside = final.with_name(final.name + ".old")
        is_replaced = final.exists()
        if is_replaced:
            self._refuse_foreign(final)
            self._refuse_foreign(aside)
            if aside.exists():
                remove(aside, FILES)
            final.rename(aside)
        temporary.rename(final)
        flush_directory(self.directory)
        if is_replaced:
            remove(aside, FILES)

    def _refuse_foreign(self, path: Path) -> None:
        if path.exists() and not _is_checkpoint(path):
            raise CheckpointError(
                f"{path} is in the way: it is no checkpoint, and would be replaced by one. Move it, or choose another "
                "save_dir"
            )

    def _point_latest_to(self, path: Path) -> None:
        with written_aside(self.directory / LATEST) as aside:
            write_durably(aside, path.name.encode() + b"\n")
        flush_directory(self.directory)

    # -- reading -----------------------------------------------------------------------------------------------

    def find(self, wanted: str | Path) -> Path:
        """The folder of "latest", "best_model", a name in this directory, or a path. Raises CheckpointError."""
        if str(wanted) == LATEST:
            return self._latest()
        for path in (self.directory / wanted, Path(wanted)):
            if path.is_dir():
                return path
        raise CheckpointError(f"Checkpoint not found: {wanted} is neither a folder nor in {self.directory}")

    def load(self, wanted: str | Path, rom_sha1: str | None = None) -> Snapshot:
        """Reads and checks a checkpoint. Raises CheckpointError that says what is wrong and which older one is good."""
        path = self.find(wanted)
        try:
            return read_checkpoint(path, rom_sha1)
        except CheckpointError as error:
            older = self._next_good_before(path, rom_sha1)
            offer = f"the next older good one is {older.name}" if older else "there is no older good one"
            raise CheckpointError(f"{error}; {offer}") from error

    def has_run(self) -> bool:
        """True when a run has left checkpoints here."""
        return bool(self._numbered("checkpoint") or self._numbered("resume"))

    def _latest(self) -> Path:
        pointer = self.directory / LATEST
        if pointer.is_file():
            with pointer.open("rb") as file:
                name = file.read(LONGEST_NAME).decode("utf-8", "replace").strip()
            if not NUMBERED.fullmatch(name):
                log.warning("%s says %r, which is no name of a checkpoint; the newest one is taken", pointer, name)
            elif (self.directory / name).is_dir():
                return self.directory / name
        # The pointer moves right after the folder is in place; a kill between the two leaves a newer folder or none.
        candidates = sorted(self._numbered("checkpoint") + self._numbered("resume"), key=_number)
        if not candidates:
            raise CheckpointError(
                f"Checkpoint not found: {self.directory} holds no checkpoint; train first (crystal-agent train, "
                "without --resume), or name one that lies elsewhere"
            )
        return candidates[-1]

    def _numbered(self, kind: str) -> list[Path]:
        """Folders of one kind, oldest first."""
        if not self.directory.is_dir():
            return []
        found = [
            path
            for path in self.directory.iterdir()
            if (match := NUMBERED.fullmatch(path.name)) and match[1] == kind and _is_checkpoint(path)
        ]
        return sorted(found, key=_number)

    def _next_good_before(self, path: Path, rom_sha1: str | None) -> Path | None:
        everything = sorted(self._numbered("checkpoint") + self._numbered("resume"), key=_number, reverse=True)
        limit = _number(path) if NUMBERED.fullmatch(path.name) else float("inf")
        for candidate in everything:
            if candidate.resolve() == path.resolve() or _number(candidate) > limit:
                continue
            try:
                read_checkpoint(candidate, rom_sha1)
            except CheckpointError:
                continue
            return candidate
        return None


@contextmanager
def _writing(path: Path) -> Generator[None]:
    """Says what kept a checkpoint from being written."""
    try:
        yield
    except OSError as error:
        raise CheckpointError(
            f"checkpoint {path} cannot be written: {error}; free space or choose another save_dir"
        ) from error


def read_checkpoint(path: Path, rom_sha1: str | None = None) -> Snapshot:
    """The checkpoint in the folder `path`, every byte checked against its manifest; of ROM `rom_sha1` when given.

    Raises CheckpointError, and nothing else, for whatever is not one that this program wrote.
    """
    manifest = read_manifest(path)
    data = {}
    for name, most_bytes in ((STATE, MOST_STATE_BYTES), (WEIGHTS, MOST_WEIGHT_BYTES)):
        wanted = manifest.files.get(name)
        if wanted is None:
            raise CheckpointError(f"checkpoint {path} is damaged: its manifest does not list {name}")
        try:
            data[name] = read_bounded(path / name, most_bytes)
        except OSError as error:
            raise CheckpointError(f"checkpoint {path} is damaged: {name} cannot be read ({error})") from error
        seen = hashlib.sha256(data[name]).hexdigest()
        if seen != wanted.sha256:
            raise CheckpointError(
                f"checkpoint {path} is damaged: {name} has {len(data[name])} bytes with SHA-256 {seen[:12]}..., "
                f"the manifest says {wanted.bytes} bytes with {wanted.sha256[:12]}..."
            )
    if rom_sha1 is not None and manifest.rom_sha1 != rom_sha1:
        raise CheckpointError(
            f"checkpoint {path} was made with the ROM of SHA-1 {manifest.rom_sha1}, this run plays {rom_sha1}; "
            "use the same rom_path or another save_dir"
        )
    with damage_is_said(f"checkpoint {path}"):
        state = with_todays_names(json_of(data[STATE], f"checkpoint {path} is damaged: {STATE}"))
        settings = with_todays_names(manifest.settings)
        try:
            tensors = load(data[WEIGHTS])
        except SafetensorError as error:
            raise CheckpointError(f"checkpoint {path} is damaged: {error}") from error
    if not isinstance(state, dict):
        raise CheckpointError(f"checkpoint {path} is damaged: {STATE} holds no object")
    return Snapshot(manifest.episode, state, tensors, manifest.rom_sha1, settings)


def _is_checkpoint(path: Path) -> bool:
    """Whether a folder of a checkpoint's name is one, whole or damaged, and not something of the user's own."""
    return path.is_dir() and ((path / MANIFEST).is_file() or holds_only(path, FILES))


def _number(path: Path) -> int:
    match = NUMBERED.fullmatch(path.name)
    assert match is not None, path
    return int(match[2])


@functools.cache
def _library_versions() -> dict[str, str]:
    """Versions for people who read a manifest; asking for them costs milliseconds, so once is enough."""
    return {PROGRAM: program_version(), **{name: metadata.version(name) for name in LIBRARIES}}


def program_version() -> str:
    """The version of this program, for people who read a manifest or a report."""
    try:
        return metadata.version(PROGRAM)
    except metadata.PackageNotFoundError:
        return "run from its source folder"

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
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from core.exceptions import CheckpointError
from trainer.checkpoints.durable_files import flush_directory, remove_folder, write_durably
from trainer.checkpoints.renamed_keys import with_todays_names

log = logging.getLogger(__name__)

FORMAT = "crystal-hybrid checkpoint"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
STATE = "state.json"
WEIGHTS = "weights.safetensors"
LATEST = "latest"
BEST_MODEL = "best_model"
SUMMARY_FILES = ("training_summary.json",)
NUMBERED = re.compile(r"(checkpoint|resume)_(\d{6,})")
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

    def __init__(self, directory: Path, keep: int = 5) -> None:
        self.directory = directory
        self.keep = keep

    # -- writing -----------------------------------------------------------------------------------------------

    def save_checkpoint(self, snapshot: Snapshot) -> Path:
        """Writes a kept checkpoint, points `latest` to it and removes kept ones beyond the newest `keep`."""
        path = self._write(f"checkpoint_{snapshot.episode:06d}", snapshot)
        self._point_latest_to(path)
        for old in self._numbered("checkpoint")[: -self.keep]:
            remove_folder(old)
        return path

    def save_resume_point(self, snapshot: Snapshot) -> Path:
        """Writes the resume point, points `latest` to it and removes the one before."""
        path = self._write(f"resume_{snapshot.episode:06d}", snapshot)
        self._point_latest_to(path)
        for old in self._numbered("resume"):
            if old != path:
                remove_folder(old)
        return path

    def save_best_model(self, snapshot: Snapshot) -> Path:
        """Writes or replaces `best_model`. A kill between the two renames leaves the one before as `best_model.old`."""
        return self._write(BEST_MODEL, snapshot)

    def tidy(self, new_run: bool) -> None:
        """Before a run writes: removes what a kill left half-written and, for a new run, sets an older one aside.

        An older run's checkpoints move to `previous_NNN`, so nothing is lost and nothing is mixed.
        """
        if not self.directory.is_dir():
            return
        best, best_aside = self.directory / BEST_MODEL, self.directory / f"{BEST_MODEL}.old"
        if best_aside.exists() and not best.exists():
            best_aside.rename(best)
        for path in [*self.directory.glob(".*.writing"), *self.directory.glob("*.old")]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if new_run and self.has_run():
            self._set_aside()

    def _set_aside(self) -> None:
        number = 1 + sum(1 for _ in self.directory.glob("previous_*"))
        aside = self.directory / f"previous_{number:03d}"
        aside.mkdir()
        (self.directory / LATEST).unlink(missing_ok=True)
        names = [path.name for kind in ("checkpoint", "resume") for path in self._numbered(kind)]
        for name in [*names, BEST_MODEL, *SUMMARY_FILES]:
            if (self.directory / name).exists():
                (self.directory / name).rename(aside / name)
        log.info("an earlier run was in %s; it is now in %s", self.directory, aside)

    def _write(self, name: str, snapshot: Snapshot) -> Path:
        final = self.directory / name
        temporary = self.directory / f".{name}.{os.getpid()}.writing"
        files = {
            STATE: json.dumps(snapshot.state, allow_nan=False).encode(),
            WEIGHTS: save({key: tensor.contiguous() for key, tensor in snapshot.tensors.items()}),
        }
        manifest = {
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
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            if temporary.exists():
                shutil.rmtree(temporary)
            temporary.mkdir()
            for file, data in {**files, MANIFEST: json.dumps(manifest, indent=2).encode()}.items():
                write_durably(temporary / file, data)
            flush_directory(temporary)
            self._put_in_place(temporary, final)
        except OSError as error:
            raise CheckpointError(
                f"checkpoint {final} cannot be written: {error}; free space or choose another save_dir"
            ) from error
        return final

    def _put_in_place(self, temporary: Path, final: Path) -> None:
        """A folder cannot replace a full folder in one step, so one of the same name steps aside first."""
        aside = final.with_name(final.name + ".old")
        if final.exists():
            if aside.exists():
                shutil.rmtree(aside)
            final.rename(aside)
        temporary.rename(final)
        flush_directory(self.directory)
        if aside.exists():
            shutil.rmtree(aside)

    def _point_latest_to(self, path: Path) -> None:
        temporary = self.directory / f".{LATEST}.{os.getpid()}.writing"
        write_durably(temporary, path.name.encode() + b"\n")
        temporary.replace(self.directory / LATEST)
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
            path = self.directory / pointer.read_text(encoding="utf-8", errors="replace").strip()
            if NUMBERED.fullmatch(path.name) and path.is_dir():
                return path
        # The pointer moves right after the folder is in place; a kill between the two leaves a newer folder or none.
        candidates = sorted(self._numbered("checkpoint") + self._numbered("resume"), key=_number)
        if not candidates:
            raise CheckpointError(f"Checkpoint not found: {self.directory} holds no checkpoint; start without --resume")
        return candidates[-1]

    def _numbered(self, kind: str) -> list[Path]:
        """Folders of one kind, oldest first."""
        if not self.directory.is_dir():
            return []
        found = [
            path
            for path in self.directory.iterdir()
            if (match := NUMBERED.fullmatch(path.name)) and match[1] == kind and path.is_dir()
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


def read_checkpoint(path: Path, rom_sha1: str | None = None) -> Snapshot:
    """The checkpoint in the folder `path`, every byte checked against its manifest; of ROM `rom_sha1` when given."""
    manifest = _read_manifest(path)
    data = {}
    for name in (STATE, WEIGHTS):
        wanted = manifest["files"].get(name)
        if wanted is None:
            raise CheckpointError(f"checkpoint {path} is damaged: its manifest does not list {name}")
        try:
            data[name] = (path / name).read_bytes()
        except OSError as error:
            raise CheckpointError(f"checkpoint {path} is damaged: {name} cannot be read ({error.strerror})") from error
        seen = hashlib.sha256(data[name]).hexdigest()
        if seen != wanted["sha256"]:
            raise CheckpointError(
                f"checkpoint {path} is damaged: {name} has {len(data[name])} bytes with SHA-256 {seen[:12]}..., "
                f"the manifest says {wanted['bytes']} bytes with {wanted['sha256'][:12]}..."
            )
    if rom_sha1 is not None and manifest["rom_sha1"] != rom_sha1:
        raise CheckpointError(
            f"checkpoint {path} was made with the ROM of SHA-1 {manifest['rom_sha1']}, this run plays {rom_sha1}; "
            "use the same rom_path or another save_dir"
        )
    try:
        state = with_todays_names(json.loads(data[STATE]))
        tensors = load(data[WEIGHTS])
    except (json.JSONDecodeError, SafetensorError) as error:
        raise CheckpointError(f"checkpoint {path} is damaged: {error}") from error
    return Snapshot(manifest["episode"], state, tensors, manifest["rom_sha1"], manifest["settings"])


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((path / MANIFEST).read_bytes())
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} is no checkpoint: it has no {MANIFEST}") from error
    except (OSError, ValueError) as error:
        raise CheckpointError(f"checkpoint {path} is damaged: {MANIFEST} cannot be read ({error})") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise CheckpointError(f"{path} is of another program: its {MANIFEST} does not say {FORMAT!r}")
    if manifest.get("version") != FORMAT_VERSION:
        raise CheckpointError(
            f"checkpoint {path} has format version {manifest.get('version')!r}, this program reads {FORMAT_VERSION}; "
            "use the version of the program that wrote it"
        )
    missing = {"episode", "rom_sha1", "settings", "files"} - manifest.keys()
    if missing or not isinstance(manifest["files"], Mapping):
        raise CheckpointError(
            f"checkpoint {path} is damaged: its manifest lacks {', '.join(sorted(missing)) or 'files'}"
        )
    return manifest


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

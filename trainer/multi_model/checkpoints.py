"""Checkpoints of a multi-model training, in the documented form, whole or not there at all.

    <dir>/multimodel_ep_<N>_<ms>/           kept: every `save_interval` episodes, the newest `max_checkpoints` of them
    <dir>/final_multimodel_ep_<N>_<ms>/     kept too: written by `shutdown`
    <dir>/resume_multimodel_ep_<N>_<ms>/    after every episode, in the place of the one before

Each holds `metadata.json` (for people), `state.json` (random states, records, pending experience),
`model_weights/<model>.safetensors` (weights and optimizer moments) and, when kept, `lora_weights/<model>/` (adapters in
PEFT's format). It is written aside, flushed and renamed, so a kill at any moment leaves the last good one. A run prunes
its own checkpoints only.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from core.exceptions import CheckpointError, CheckpointNotFoundError
from trainer.checkpoints.durable_files import flush_directory, remove_folder, write_durably
from trainer.checkpoints.renamed_keys import with_todays_names

DEFAULT_DIRECTORY = "./checkpoints/multimodel"
METADATA, STATE, WEIGHTS, ADAPTERS = "metadata.json", "state.json", "model_weights", "lora_weights"
KEEP_ALL = -1
_NAME = re.compile(r"(final_|resume_|)multimodel_ep_(\d+)_(\d+)")
_KINDS = ("resume_", "", "final_")
"""Of the same moment, the later one in this list counts as newer."""


@dataclass(frozen=True, slots=True)
class TrainingCheckpoint:
    """The metadata of one checkpoint."""

    checkpoint_id: str
    timestamp: float
    """Unix time."""
    episode: int
    """Finished episodes; a run that loads it goes on with the next."""
    model_states: dict[str, dict[str, Any]]
    global_metrics: dict[str, Any]
    """`total_episodes`, `training_time` (seconds), `avg_cooperation`."""
    config: dict[str, Any]
    files: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each file that a resume reads."""


@dataclass(frozen=True, slots=True)
class SavedTraining:
    """A checkpoint's whole content."""

    metadata: TrainingCheckpoint
    state: dict[str, Any]
    tensors: dict[str, dict[str, torch.Tensor]]


class MultiModelCheckpoints:
    """The checkpoints of one training."""

    def __init__(self, directory: Path, keep: int) -> None:
        self.directory = directory
        self.keep = keep
        self._mine: set[str] = set()

    def save(
        self,
        kind: str,
        episode: int,
        tensors: Mapping[str, Mapping[str, torch.Tensor]],
        state: Mapping[str, Any],
        about: Callable[[str, float], TrainingCheckpoint],
        save_adapters: Callable[[Path], None] | None = None,
    ) -> str:
        """Writes one, prunes, returns its id. `kind` is "resume_", "" or "final_"; `about(id, time)` describes it."""
        stamp_ms = time.time_ns() // 1_000_000
        newest = max((_place(name)[0] for name in _names(self.directory)), default=0)
        stamp_ms = max(stamp_ms, newest + 1)
        name = f"{kind}multimodel_ep_{episode}_{stamp_ms}"
        files = {STATE: json.dumps(state, allow_nan=False).encode()}
        for model_id, table in tensors.items():
            files[f"{WEIGHTS}/{model_id}.safetensors"] = save({key: t.contiguous() for key, t in table.items()})
        metadata = asdict(about(name, stamp_ms / 1000))
        metadata["files"] = {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
        files[METADATA] = json.dumps(metadata, indent=2, allow_nan=False).encode()
        temporary = self.directory / f".{name}.writing"
        try:
            (temporary / WEIGHTS).mkdir(parents=True)
            for path, data in files.items():
                write_durably(temporary / path, data)
            if save_adapters is not None:
                save_adapters(temporary / ADAPTERS)
            flush_directory(temporary)
            temporary.rename(self.directory / name)
            flush_directory(self.directory)
        except OSError as error:
            raise CheckpointError(
                f"checkpoint {self.directory / name} cannot be written: {error}; free space or choose another "
                "checkpoint_dir"
            ) from error
        self._mine.add(name)
        self._prune()
        return name

    def load(self, checkpoint_id: str) -> SavedTraining:
        """Reads and checks one; what is in the directory then counts as this run's. Raises CheckpointError."""
        saved = read_checkpoint(self.directory, checkpoint_id)
        self._mine = set(_names(self.directory))
        return saved

    def mine(self) -> list[str]:
        """Ids of this run's, newest first."""
        return [name for name in _names(self.directory) if name in self._mine]

    def tidy(self) -> None:
        """Removes what a kill left half-written."""
        for path in self.directory.glob(".*multimodel_ep_*.*"):
            shutil.rmtree(path)

    def _prune(self) -> None:
        mine = self.mine()
        kept = [name for name in mine if not name.startswith("resume_")]
        surplus = [] if self.keep == KEEP_ALL else kept[self.keep :]
        surplus += [name for name in mine if name.startswith("resume_") and name != mine[0]]
        for name in surplus:
            remove_folder(self.directory / name)
            self._mine.discard(name)


def list_available_checkpoints(checkpoint_dir: str = DEFAULT_DIRECTORY) -> list[str]:
    """Ids of all checkpoints in the directory, newest first; none where the directory does not exist."""
    return _names(Path(checkpoint_dir))


def load_checkpoint_metadata(checkpoint_id: str, checkpoint_dir: str = DEFAULT_DIRECTORY) -> dict[str, Any]:
    """The fields of `TrainingCheckpoint` as a dict. Raises CheckpointNotFoundError (a FileNotFoundError)."""
    return asdict(_metadata(Path(checkpoint_dir), checkpoint_id))


def read_checkpoint(directory: Path, checkpoint_id: str) -> SavedTraining:
    """A checkpoint, every byte checked. Raises CheckpointNotFoundError or CheckpointError."""
    metadata = _metadata(directory, checkpoint_id)
    folder = directory / metadata.checkpoint_id
    data: dict[str, bytes] = {}
    for name, wanted in metadata.files.items():
        try:
            data[name] = (folder / name).read_bytes()
        except OSError as error:
            raise CheckpointError(f"checkpoint {folder} is damaged: {name} cannot be read ({error})") from error
        if hashlib.sha256(data[name]).hexdigest() != wanted:
            raise CheckpointError(f"checkpoint {folder} is damaged: {name} is not what was written; use another one")
    try:
        state = with_todays_names(json.loads(data.pop(STATE)))
        tensors = {Path(name).stem: load(content) for name, content in data.items()}
    except (KeyError, ValueError, SafetensorError) as error:
        raise CheckpointError(f"checkpoint {folder} is damaged: {error}; use another one") from error
    return SavedTraining(metadata, state, tensors)


def _metadata(directory: Path, checkpoint_id: str) -> TrainingCheckpoint:
    names = _names(directory)
    name = names[0] if checkpoint_id == "latest" and names else checkpoint_id
    if name not in names:
        there = f"there are {', '.join(names[:5])}" if names else "there is none"
        raise CheckpointNotFoundError(f"Checkpoint not found: {checkpoint_id} in {directory}; {there}")
    try:
        return TrainingCheckpoint(**json.loads((directory / name / METADATA).read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise CheckpointError(f"checkpoint {directory / name} is damaged: {METADATA}: {error}") from error


def _names(directory: Path) -> list[str]:
    if not directory.is_dir():
        return []
    names = [path.name for path in directory.iterdir() if _NAME.fullmatch(path.name)]
    return sorted(names, key=_place, reverse=True)


def _place(name: str) -> tuple[int, int, int]:
    match = _NAME.fullmatch(name)
    assert match is not None, name
    return int(match[3]), int(match[2]), _KINDS.index(match[1])

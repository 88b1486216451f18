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
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save

from core.exceptions import CheckpointError, CheckpointNotFoundError
from trainer.checkpoints.bounded_json import (
    MOST_HEAD_BYTES,
    MOST_STATE_BYTES,
    MOST_WEIGHT_BYTES,
    json_of,
    read_bounded,
    sum_of,
)
from trainer.checkpoints.damage import damage_is_said
from trainer.checkpoints.durable_files import flush_directory, write_durably
from trainer.checkpoints.own_names import folder_of, remove, remove_in_one_step
from trainer.checkpoints.renamed_keys import with_todays_names

DEFAULT_DIRECTORY = "./checkpoints/multimodel"
METADATA, STATE, WEIGHTS, ADAPTERS = "metadata.json", "state.json", "model_weights", "lora_weights"
KEEP_ALL = -1
ENTRIES = (METADATA, STATE, WEIGHTS, ADAPTERS)
"""All that a checkpoint's folder holds."""
_ID = "(final_|resume_|)multimodel_ep_([0-9]{1,18})_([0-9]{1,18})"
_NAME = re.compile(_ID)
_LEFT_BY_A_KILL = re.compile(rf"\.{_ID}\.(writing|old)")
_FILE = re.compile(rf"{re.escape(STATE)}|{WEIGHTS}/[^/\\]+\.safetensors")
"""What a resume reads. Nothing outside the checkpoint's folder has such a name."""
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
    setting_changes: list[dict[str, Any]] = field(default_factory=list)
    """Settings that a resume has changed: `episode` (the first played with it), `key`, `old` and `new` (JSON)."""
    sha256: str = ""
    """Of all the other fields; "" in checkpoints of earlier versions, which are read without."""


@dataclass(frozen=True, slots=True)
class SavedTraining:
    """A checkpoint's whole content."""

    metadata: TrainingCheckpoint
    state: dict[str, Any]
    tensors: dict[str, dict[str, torch.Tensor]]


class MultiModelCheckpoints:
    """The checkpoints of one training."""

    def __init__(self, directory: Path, keep: int) -> None:
        self.directory = folder_of("checkpoint_dir", directory)
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
        metadata["sha256"] = _own_sum(metadata)
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
        """Removes what a kill left half-written; see `trainer/checkpoints/own_names.py` for what stays."""
        for path in sorted(self.directory.iterdir()) if self.directory.is_dir() else ():
            if _LEFT_BY_A_KILL.fullmatch(path.name) and path.is_dir():
                remove(path, ENTRIES)

    def _prune(self) -> None:
        mine = self.mine()
        kept = [name for name in mine if not name.startswith("resume_")]
        surplus = [] if self.keep == KEEP_ALL else kept[self.keep :]
        surplus += [name for name in mine if name.startswith("resume_") and name != mine[0]]
        for name in surplus:
            remove_in_one_step(self.directory / name, ENTRIES)
            self._mine.discard(name)


def list_available_checkpoints(checkpoint_dir: str = DEFAULT_DIRECTORY) -> list[str]:
    """Ids of all checkpoints in the directory, newest first; none where the directory does not exist."""
    return _names(Path(checkpoint_dir))


def load_checkpoint_metadata(checkpoint_id: str, checkpoint_dir: str = DEFAULT_DIRECTORY) -> dict[str, Any]:
    """The fields of `TrainingCheckpoint` as a dict. Raises CheckpointNotFoundError (a FileNotFoundError)."""
    return asdict(_metadata(Path(checkpoint_dir), checkpoint_id))


def read_checkpoint(directory: Path, checkpoint_id: str) -> SavedTraining:
    """A checkpoint, every byte checked. Raises CheckpointNotFoundError or CheckpointError, whatever it holds."""
    metadata = _metadata(directory, checkpoint_id)
    folder = directory / metadata.checkpoint_id
    data: dict[str, bytes] = {}
    for name, wanted in metadata.files.items():
        try:
            data[name] = read_bounded(folder / name, MOST_STATE_BYTES if name == STATE else MOST_WEIGHT_BYTES)
        except OSError as error:
            raise CheckpointError(f"checkpoint {folder} is damaged: {name} cannot be read ({error})") from error
        if hashlib.sha256(data[name]).hexdigest() != wanted:
            raise CheckpointError(f"checkpoint {folder} is damaged: {name} is not what was written; use another one")
    with damage_is_said(f"checkpoint {folder}"):
        state = with_todays_names(json_of(data.pop(STATE), f"checkpoint {folder} is damaged: {STATE}"))
        try:
            tensors = {Path(name).stem: load(content) for name, content in data.items()}
        except SafetensorError as error:
            raise CheckpointError(f"checkpoint {folder} is damaged: {error}; use another one") from error
    if not isinstance(state, dict):
        raise CheckpointError(f"checkpoint {folder} is damaged: {STATE} holds no object; use another one")
    return SavedTraining(metadata, state, tensors)


def _metadata(directory: Path, checkpoint_id: str) -> TrainingCheckpoint:
    names = _names(directory)
    name = names[0] if checkpoint_id == "latest" and names else checkpoint_id
    if name not in names:
        there = f"there are {', '.join(names[:5])}" if names else "there is none"
        raise CheckpointNotFoundError(f"Checkpoint not found: {checkpoint_id} in {directory}; {there}")
    damaged = f"checkpoint {directory / name} is damaged: {METADATA}"
    try:
        stated = json_of(read_bounded(directory / name / METADATA, MOST_HEAD_BYTES), damaged)
        metadata = TypeAdapter(TrainingCheckpoint).validate_python(stated, strict=False)
    except OSError as error:
        raise CheckpointError(f"{damaged}: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise CheckpointError(f"{damaged}: {'.'.join(map(str, first['loc']))}: {first['msg'].lower()}") from error
    if metadata.sha256 and metadata.sha256 != _own_sum(stated):
        raise CheckpointError(f"{damaged} was changed after it was written; use another one")
    episode = _place(name)[1]
    if metadata.checkpoint_id != name or metadata.episode != episode:
        raise CheckpointError(
            f"{damaged} is of {metadata.checkpoint_id!r:.100}, episode {metadata.episode}: it does not fit its folder"
        )
    for file in metadata.files:
        if not _FILE.fullmatch(file):
            raise CheckpointError(f"{damaged} names a file {file!r:.100}, which is no part of a checkpoint")
    return metadata


def _own_sum(stated: Mapping[str, Any]) -> str:
    return sum_of({key: value for key, value in stated.items() if key != "sha256"})


def _names(directory: Path) -> list[str]:
    if not directory.is_dir():
        return []
    names = [path.name for path in directory.iterdir() if _NAME.fullmatch(path.name)]
    return sorted(names, key=_place, reverse=True)


def _place(name: str) -> tuple[int, int, int]:
    match = _NAME.fullmatch(name)
    assert match is not None, name
    return int(match[3]), int(match[2]), _KINDS.index(match[1])

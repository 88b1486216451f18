"""Damaged files: checkpoints, the record, the cache of answers, the archive of states, adapters.

Each is damaged in a copy of a run that was trained before, which then goes on with the main command. A file that has a
sum is refused whenever its meaning has changed; the others may be used where the damage cannot be seen.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

import torch

from agents.llm.registry import load_text_model
from agents.llm.settings import LocalModelSettings
from core.exceptions import CheckpointError, LLMConnectionError
from tests.campaign.damage import changed, contents, copy_into, damage_file, damage_json
from tests.campaign.samples import EPISODES, quietly_trained, tiny_adapter, tiny_model, trained_run
from trainer.checkpoints.checkpoint import STATE, CheckpointStore
from trainer.checkpoints.manifest import MANIFEST, OWN_SUM, with_own_sum
from trainer.commands.app import app
from trainer.commands.exit_codes import run_reporting_bad_input

SAVED: Final = "resume_000003"


def trial(seed: int, folder: Path) -> list[str]:
    chance = random.Random(seed)
    copy_into(trained_run(), folder)
    return list(FILES.values())[seed % len(FILES)](chance, folder)


def _checkpoint(chance: random.Random, folder: Path) -> list[str]:
    """Bytes of a checkpoint are others: refused, unless they mean the same."""
    path = chance.choice(sorted((folder / "checkpoints" / SAVED).iterdir()))
    done = damage_file(path, chance)
    return _said(done, [*_faults_of_loading(folder), *_faults_of_resume(folder, SAVED)])


def _faults_of_loading(folder: Path) -> list[str]:
    """Before anything goes on: what is loaded is what was saved."""
    try:
        loaded = CheckpointStore(folder / "checkpoints").load(SAVED)
    except CheckpointError:
        return []
    true = CheckpointStore(trained_run() / "checkpoints").load(SAVED)
    same = (loaded.episode, loaded.state, loaded.settings) == (true.episode, true.state, true.settings)
    if same and all(torch.equal(tensor, true.tensors[name]) for name, tensor in loaded.tensors.items()):
        return []
    return ["loaded in silence"]


def _crafted(name: str, chance: random.Random, folder: Path) -> list[str]:
    """A state or a head of somebody's own making, with all sums right: refused, or taken and trained with."""
    path = folder / "checkpoints" / SAVED
    data, done = damage_json((path / name).read_bytes(), chance)
    (path / name).write_bytes(data)
    if name == STATE:
        manifest = json.loads((path / MANIFEST).read_bytes())
        manifest["files"][STATE] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    else:
        try:
            manifest = json.loads(data)
        except (ValueError, RecursionError):
            manifest = None
    if isinstance(manifest, dict):
        manifest.pop(OWN_SUM, None)
        (path / MANIFEST).write_text(json.dumps(with_own_sum(manifest)))
    return _said(f"{name}, sums right, {done}", _faults_of_resume(folder, SAVED))


def _crafted_state(chance: random.Random, folder: Path) -> list[str]:
    return _crafted(STATE, chance, folder)


def _crafted_manifest(chance: random.Random, folder: Path) -> list[str]:
    return _crafted(MANIFEST, chance, folder)


def _latest(chance: random.Random, folder: Path) -> list[str]:
    """The pointer is no more than a hint."""
    return _said(damage_file(folder / "checkpoints" / "latest", chance), _faults_of_resume(folder, "latest"))


def _record(chance: random.Random, folder: Path) -> list[str]:
    """`decisions` commands read it or say what is wrong, and change nothing; a run with it ends with a word."""
    done = damage_file(folder / "decisions.db", chance)
    before, faults = contents(folder), list[str]()
    for command in ("verify", "recent", "patterns", "explain"):
        code, said = _asked("decisions", command, "--db", str(folder / "decisions.db"))
        if (code == 2 and not _is_one_line(said)) or code not in (0, 1, 2):
            faults.append(f"decisions {command} ended with {code}: {said}")
    faults += [f"decisions changed {name}" for name in changed(before, folder)]
    return _said(done, [*faults, *_faults_of_resume(folder, "latest", None)])


def _answers(chance: random.Random, folder: Path) -> list[str]:
    """The cache of answers costs no step; one of another program is refused."""
    done = damage_file(folder / "answers.db", chance)
    return _said(done, _faults_of_resume(folder, "latest"))


def _archive(chance: random.Random, folder: Path) -> list[str]:
    """A state that no archive wrote ends the run with a word, and stays."""
    path = chance.choice(sorted(folder.glob("archive/*/*")))
    done = damage_file(path, chance)
    return _said(done, _faults_of_resume(folder, "latest", str(path.relative_to(folder))))


def _adapter(chance: random.Random, folder: Path) -> list[str]:
    """An adapter is refused in one line, or is put on its model."""
    copy_into(tiny_adapter(), folder / "adapter")
    path = chance.choice(sorted((folder / "adapter").glob("adapter_*")))
    if path.suffix == ".json" and chance.random() < 0.5:
        data, done = damage_json(path.read_bytes(), chance)
        path.write_bytes(data)
    else:
        done = damage_file(path, chance)
    before, faults = contents(folder), list[str]()
    try:
        load_text_model(f"huggingface/{tiny_model()}", local=LocalModelSettings("cpu", adapter=str(folder / "adapter")))
    except LLMConnectionError as error:
        faults += [f"not one line: {error}"] if "\n" in str(error).strip() else []
    return _said(done, [*faults, *(f"changed {name}" for name in changed(before, folder))])


FILES: Final[dict[str, Callable[[random.Random, Path], list[str]]]] = {
    "checkpoint": _checkpoint,
    "crafted state": _crafted_state,
    "crafted manifest": _crafted_manifest,
    "latest": _latest,
    "record": _record,
    "answers": _answers,
    "archive": _archive,
    "adapter": _adapter,
}
"""By what is damaged."""


def _asked(*arguments: str) -> tuple[int, str]:
    """Exit code and standard error of a command of `crystal-agent`; what is raised passes through."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        code = run_reporting_bad_input(lambda: app(list(arguments), standalone_mode=False))
    return code, said.getvalue()


def _is_one_line(said: str) -> bool:
    return said.startswith("error: ") and said.count("\n") == 1


def _said(done: str, faults: list[str]) -> list[str]:
    return [f"{done}: {fault}" for fault in faults]


def _faults_of_resume(folder: Path, checkpoint: str, kept: str | None = "") -> list[str]:
    """The training goes on for an episode, or ends with one line and exit code 2.

    A refused one has changed nothing below `kept`, a path in the folder; None permits all, where the run has begun.
    """
    before = contents(folder)
    code, said = quietly_trained(folder, EPISODES + 1, "--resume", checkpoint)
    if code == 0:
        return []
    faults = [] if code == 2 else [f"exit code {code}: {said}"]
    if not _is_one_line(said):
        faults.append(f"not one line: {said}")
    touched = [name for name in changed(before, folder) if name != "config.json"]  # the trial's own
    if kept is not None and (lost := [name for name in touched if name.startswith(kept)]):
        faults.append(f"refused ({said.strip()}), and changed {', '.join(lost)}")
    return faults

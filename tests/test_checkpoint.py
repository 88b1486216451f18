"""Checkpoints are whole or not there, are checked byte by byte, and name the next good one when they are not good."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from core.exceptions import CheckpointError
from trainer.checkpoints.checkpoint import MANIFEST, STATE, WEIGHTS, CheckpointStore, Snapshot, read_checkpoint

ROM = "0123456789abcdef0123456789abcdef01234567"


def snapshot(episode: int, fill: float = 1.5) -> Snapshot:
    tensors = {"policy.weight": torch.full((3, 2), fill), "adam.step.weight": torch.tensor(4.0)}
    return Snapshot(episode, {"counter": episode, "seeds": [1, 2**63]}, tensors, ROM, {"lanes": 2})


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path / "new" / "run")
    path = store.save_checkpoint(snapshot(7))
    assert path.name == "checkpoint_000007"
    assert sorted(file.name for file in path.iterdir()) == [MANIFEST, STATE, WEIGHTS]
    back = store.load("latest", rom_sha1=ROM)
    assert (back.episode, back.state, back.settings) == (7, {"counter": 7, "seeds": [1, 2**63]}, {"lanes": 2})
    assert torch.equal(back.tensors["policy.weight"], torch.full((3, 2), 1.5))
    assert store.load(path).episode == store.load("checkpoint_000007").episode == 7


def test_old_ones_are_pruned_and_the_resume_point_is_one(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path, keep=2)
    for episode in range(1, 6):
        store.save_resume_point(snapshot(episode))
        store.save_checkpoint(snapshot(episode))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["checkpoint_000004", "checkpoint_000005", "latest", "resume_000005"]


def test_saving_the_same_episode_again_replaces_it(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    store.save_best_model(snapshot(3, fill=1.0))
    store.save_best_model(snapshot(9, fill=2.0))
    assert store.load("best_model").episode == 9
    assert [path.name for path in tmp_path.iterdir()] == ["best_model"]


def test_latest_is_the_newest_of_both_kinds(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    store.save_checkpoint(snapshot(10))
    store.save_resume_point(snapshot(12))
    assert store.load("latest").episode == 12


def test_latest_without_its_pointer(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    store.save_checkpoint(snapshot(999_999))
    store.save_resume_point(snapshot(1_000_000))
    (tmp_path / "latest").unlink()
    assert store.load("latest").episode == 1_000_000, "numbers are compared as numbers, not as text"


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="Checkpoint not found"):
        CheckpointStore(tmp_path / "empty").load("latest")
    with pytest.raises(CheckpointError, match="Checkpoint not found"):
        CheckpointStore(tmp_path).load("checkpoint_000003")


def flip_last_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


def change_manifest(path: Path, **values: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


DAMAGES = {
    "one bit of the weights": (lambda path: flip_last_byte(path / WEIGHTS), f"{WEIGHTS} has"),
    "a cut file": (lambda path: os.truncate(path / STATE, 3), f"{STATE} has 3 bytes"),
    "a lost file": (lambda path: (path / WEIGHTS).unlink(), f"{WEIGHTS} cannot be read"),
    "no manifest": (lambda path: (path / MANIFEST).unlink(), "is no checkpoint"),
    "half a manifest": (lambda path: os.truncate(path / MANIFEST, 40), f"{MANIFEST} cannot be read"),
    "another program": (lambda path: change_manifest(path / MANIFEST, format="x"), "of another program"),
    "a newer format": (lambda path: change_manifest(path / MANIFEST, version=99), "format version 99"),
    "another ROM": (
        lambda path: change_manifest(path / MANIFEST, rom_sha1="f" * 40),
        "made with the ROM of SHA-1 ffff",
    ),
    "an empty list of files": (lambda path: change_manifest(path / MANIFEST, files={}), "does not list"),
    "no episode": (lambda path: change_manifest(path / MANIFEST, files=None), "its manifest lacks files"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_one_is_refused_and_an_older_good_one_named(tmp_path: Path, damage: str) -> None:
    store = CheckpointStore(tmp_path)
    for episode in (3, 6, 9):
        store.save_checkpoint(snapshot(episode))
    flip_last_byte(tmp_path / "checkpoint_000006" / STATE)
    spoil, expected = DAMAGES[damage]
    spoil(tmp_path / "checkpoint_000009")
    with pytest.raises(CheckpointError) as caught:
        store.load("latest", rom_sha1=ROM)
    assert expected in str(caught.value)
    assert "the next older good one is checkpoint_000003" in str(caught.value)


def test_when_nothing_good_is_left_it_says_so(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    flip_last_byte(store.save_checkpoint(snapshot(1)) / WEIGHTS)
    with pytest.raises(CheckpointError, match="there is no older good one"):
        store.load("latest")


def test_weights_are_never_unpickled(tmp_path: Path) -> None:
    """A pickle in place of the weights, with a manifest that fits it, is refused by the reader of safetensors."""
    import hashlib
    import pickle

    path = CheckpointStore(tmp_path).save_checkpoint(snapshot(1))
    data = pickle.dumps({"policy.weight": [1.0]})
    (path / WEIGHTS).write_bytes(data)
    manifest = json.loads((path / MANIFEST).read_text())
    manifest["files"][WEIGHTS] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    (path / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(CheckpointError, match="is damaged"):
        read_checkpoint(path)


WRITER = """
import sys
from pathlib import Path
from tests.test_checkpoint import snapshot
from trainer.checkpoints.checkpoint import CheckpointStore
store = CheckpointStore(Path(sys.argv[1]), keep=2)
for episode in range(1, 100_000):
    store.save_resume_point(snapshot(episode))
    if episode % 3 == 0:
        store.save_checkpoint(snapshot(episode))
        store.save_best_model(snapshot(episode))
    print(episode, flush=True)
"""


def test_a_kill_at_any_moment_leaves_a_good_latest(tmp_path: Path) -> None:
    for kill in range(5):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(0.05 + 0.037 * kill)
        writer.send_signal(signal.SIGKILL)
        said = writer.stdout.read().split()
        writer.wait()
        last_said = int(said[-1]) if said else 1
        found = CheckpointStore(tmp_path).load("latest")
        assert found.episode in (last_said, last_said + 1)
        for path in tmp_path.iterdir():
            if path.is_dir():
                for_next_time = path.name.startswith(".") or path.name.endswith(".old")
                assert for_next_time or read_checkpoint(path).episode > 0
        for path in tmp_path.glob("*_0*"):
            if path.is_dir() and not path.name.startswith("."):
                subprocess.run(["rm", "-r", str(path)], check=True)
        (tmp_path / "latest").unlink()

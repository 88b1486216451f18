"""Checkpoints are whole or not there, are checked byte by byte, and name the next good one when they are not good."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from core.exceptions import CheckpointError, ConfigurationError
from trainer.checkpoints.checkpoint import STATE, WEIGHTS, CheckpointStore, Snapshot, read_checkpoint
from trainer.checkpoints.manifest import MANIFEST, OWN_SUM, with_own_sum

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
    """As a program would that knows of the manifest's own sum."""
    stated = {**json.loads(path.read_text()), **values}
    stated.pop(OWN_SUM, None)
    path.write_text(json.dumps(with_own_sum(stated)))


def edit(path: Path, old: str, new: str) -> None:
    """As a person would who knows of no sum."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def replace_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def forge(path: Path, name: str, data: bytes) -> None:
    """Another file in the checkpoint, with all sums right."""
    (path / name).write_bytes(data)
    files = json.loads((path / MANIFEST).read_text())["files"]
    files[name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    change_manifest(path / MANIFEST, files=files)


def deep(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


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
    "files that are none": (lambda path: change_manifest(path / MANIFEST, files=None), f"{MANIFEST}: files: "),
    "files as a text": (lambda path: change_manifest(path / MANIFEST, files="x"), f"{MANIFEST}: files: "),
    "files without sums": (
        lambda path: change_manifest(path / MANIFEST, files={STATE: {}}),
        "state.json.sha256: field",
    ),
    "another episode": (lambda path: edit(path / MANIFEST, '"episode": 9', '"episode": 6'), "was changed after"),
    "another episode, and its sum": (
        lambda path: change_manifest(path / MANIFEST, episode=6),
        "its name says episode 9",
    ),
    "an episode that is a text": (lambda path: change_manifest(path / MANIFEST, episode="9"), f"{MANIFEST}: episode: "),
    "an episode below 0": (lambda path: change_manifest(path / MANIFEST, episode=-9), f"{MANIFEST}: episode: "),
    "settings as a list": (lambda path: change_manifest(path / MANIFEST, settings=[]), f"{MANIFEST}: settings: "),
    "no object": (lambda path: (path / MANIFEST).write_text("[]"), "of another program"),
    "deep nesting": (lambda path: (path / MANIFEST).write_text("[" * 100_000), "nested too deep"),
    "a number of 5,000 digits": (
        lambda path: edit(path / MANIFEST, '"episode": 9', '"episode": ' + "9" * 5000),
        f"{MANIFEST} cannot be read",
    ),
    "a huge manifest": (lambda path: os.truncate(path / MANIFEST, 2**30), f"{MANIFEST} has 1,073,741,824 bytes"),
    "a pipe": (lambda path: replace_by_pipe(path / MANIFEST), "no regular file"),
    "a state of deep nesting": (lambda path: forge(path, STATE, b"[" * 100_000), "nested too deep"),
    "a state of nearly as deep nesting": (lambda path: forge(path, STATE, deep(900)), "does not fit"),
    "a state with a number of 5,000 digits": (
        lambda path: forge(path, STATE, b'{"counter": ' + b"9" * 5000 + b"}"),
        f"{STATE}: ",
    ),
    "a state that is a list": (lambda path: forge(path, STATE, b"[]"), f"{STATE} holds no object"),
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


def test_a_manifest_without_a_sum_of_its_own_still_loads(tmp_path: Path) -> None:
    """Versions before wrote none."""
    path = CheckpointStore(tmp_path).save_checkpoint(snapshot(4))
    stated = json.loads((path / MANIFEST).read_text())
    del stated[OWN_SUM]
    (path / MANIFEST).write_text(json.dumps(stated))
    assert read_checkpoint(path).episode == 4


@pytest.mark.parametrize("pointer", ["../other/checkpoint_000009", "/etc", "", "checkpoint_9", "../checkpoint_000003"])
def test_latest_never_points_outside(tmp_path: Path, pointer: str) -> None:
    CheckpointStore(tmp_path / "other").save_checkpoint(snapshot(9))
    store = CheckpointStore(tmp_path / "mine")
    store.save_checkpoint(snapshot(3))
    (tmp_path / "mine" / "latest").write_text(pointer)
    assert store.load("latest").episode == 3


def test_when_nothing_good_is_left_it_says_so(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    flip_last_byte(store.save_checkpoint(snapshot(1)) / WEIGHTS)
    with pytest.raises(CheckpointError, match="there is no older good one"):
        store.load("latest")


def test_weights_are_never_unpickled(tmp_path: Path) -> None:
    """A pickle in place of the weights, with a manifest that fits it, is refused by the reader of safetensors."""
    path = CheckpointStore(tmp_path).save_checkpoint(snapshot(1))
    forge(path, WEIGHTS, pickle.dumps({"policy.weight": [1.0]}))
    with pytest.raises(CheckpointError, match="is damaged"):
        read_checkpoint(path)


def lay_out(folder: Path, *paths: str) -> set[str]:
    """Files, and folders that end in "/" with a file of the user's in each."""
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if path.endswith("/"):
            (folder / path).mkdir(parents=True)
            (folder / path / "chapter.txt").write_text("mine")
        else:
            (folder / path).write_text("mine")
    return everything(folder)


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_what_is_the_users_own_stays(tmp_path: Path) -> None:
    """The folder of a run may be a home folder: `"save_dir": "."`."""
    theirs = lay_out(
        tmp_path,
        *("thesis.old/", "notes.old", ".mine.writing", ".mine.1.writing", ".latest.writing", ".x.old/"),
        *("checkpoint_1.old/", "checkpoint_000001.old/", ".resume_000001.old/", ".best_model.7.writing/"),
        *("previous_7/", "previous_mine", "checkpoint_000002/", "checkpoint_12", ".checkpoint_000001.me.writing"),
    )
    store = CheckpointStore(tmp_path, keep=1)
    store.check_room()
    store.tidy(new_run=True)
    for episode in (3, 4):
        store.save_checkpoint(snapshot(episode))
        store.save_resume_point(snapshot(episode))
    store.save_best_model(snapshot(4))
    CheckpointStore(tmp_path).tidy(new_run=True)
    assert everything(tmp_path) >= theirs
    assert (tmp_path / "previous_001" / "best_model" / MANIFEST).is_file()


def test_what_a_kill_left_is_cleared_away(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    store.save_checkpoint(snapshot(1))
    for name in ("checkpoint_000001", "resume_000002", "best_model"):
        shutil.copytree(tmp_path / "checkpoint_000001", tmp_path / f".{name}.123.writing")
        shutil.copytree(tmp_path / "checkpoint_000001", tmp_path / f".{name}.old")
    shutil.copytree(tmp_path / "checkpoint_000001", tmp_path / "checkpoint_000001.old")
    shutil.copytree(tmp_path / "checkpoint_000001", tmp_path / "best_model.old")
    (tmp_path / ".latest.123.writing").write_text("checkpoint_000001")
    store.tidy(new_run=False)
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint_000001", "best_model", "latest"}


def test_an_earlier_run_is_set_aside_under_a_new_name(tmp_path: Path) -> None:
    lay_out(tmp_path, "previous_002/")
    CheckpointStore(tmp_path).save_checkpoint(snapshot(1))
    CheckpointStore(tmp_path).tidy(new_run=True)
    assert (tmp_path / "previous_003" / "checkpoint_000001").is_dir()


@pytest.mark.parametrize("name", ["best_model/", "best_model.old", "latest/", "training_summary.json/"])
def test_what_is_in_the_way_is_said_before_a_run_begins(tmp_path: Path, name: str) -> None:
    theirs = lay_out(tmp_path, name)
    with pytest.raises(CheckpointError, match=r"[Mm]ove it"):
        CheckpointStore(tmp_path).check_room()
    assert everything(tmp_path) == theirs


def test_notes_in_a_checkpoint_are_not_pruned_with_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = CheckpointStore(tmp_path, keep=1)
    (store.save_checkpoint(snapshot(1)) / "notes.txt").write_text("the good one")
    store.save_checkpoint(snapshot(2))
    assert store.load("checkpoint_000001").episode == 1
    assert "not this program's, so it stays" in caplog.text


def test_an_empty_name_is_no_folder() -> None:
    with pytest.raises(ConfigurationError, match="save_dir is empty"):
        CheckpointStore("")


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

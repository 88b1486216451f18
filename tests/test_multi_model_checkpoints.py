"""Checkpoints of many models: their head is as safe as their body, and only what is theirs is removed."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.exceptions import CheckpointError, ConfigurationError
from core_srl import MultiModelConfig, MultiModelTrainer, list_available_checkpoints
from trainer.multi_model.checkpoints import METADATA, STATE, MultiModelCheckpoints, read_checkpoint
from trainer.run.run_lock import refuse_if_running

Head = dict[str, Any]


def trainer_in(folder: Path, episodes: int = 2, **changes: Any) -> MultiModelTrainer:
    values = {"num_models": 2, "model_types": ["small"], "episode_length": 2, "update_frequency": 1}
    return MultiModelTrainer(
        MultiModelConfig(**{**values, "max_episodes": episodes, "checkpoint_dir": str(folder), **changes})
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[MultiModelTrainer, Path]:
    """A trainer that has played two episodes and still has its models, and the folder of its checkpoint."""
    folder = tmp_path_factory.mktemp("models")
    trainer = trainer_in(folder)
    asyncio.run(trainer.train())
    (name,) = list_available_checkpoints(str(folder))
    return trainer, folder / name


def edit(path: Path, change: Callable[[Head], object], knows_the_sum: bool) -> None:
    head = json.loads(path.read_text())
    change(head)
    if knows_the_sum:
        head.pop("sha256", None)
    path.write_text(json.dumps(head))


HEADS: dict[str, tuple[Callable[[Head], object], str]] = {
    "another episode": (lambda head: head.update(episode=1), "does not fit its folder"),
    "another name": (lambda head: head.update(checkpoint_id="../other"), "does not fit its folder"),
    "files as a text": (lambda head: head.update(files="x"), "files: "),
    "a file outside": (lambda head: head["files"].update({"../../passwd": "0"}), "no part of a checkpoint"),
    "an absolute file": (lambda head: head["files"].update({"/etc/passwd": "0"}), "no part of a checkpoint"),
    "no files": (lambda head: head.update(files={}), "state.json"),
    "an unknown key": (lambda head: head.update(model_states="x"), "model_states: "),
    "an episode that is a word": (lambda head: head.update(episode="two"), "episode: "),
    "no states": (lambda head: head.pop("model_states"), "model_states: "),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_was_changed_is_refused(trained: tuple[MultiModelTrainer, Path], name: str) -> None:
    trainer, checkpoint = trained
    change, said = HEADS[name]
    path = checkpoint / METADATA
    text = path.read_text()
    try:
        edit(path, change, knows_the_sum=True)
        with pytest.raises(CheckpointError, match=said.replace(".", r"\.")):
            trainer.load_checkpoint(checkpoint.name)
        path.write_text(text)
        edit(path, lambda head: head["global_metrics"].update(training_time=0.0), knows_the_sum=False)
        with pytest.raises(CheckpointError, match="was changed after it was written"):
            trainer.load_checkpoint(checkpoint.name)
        for data in (b"[" * 100_000, b"[]", b'{"episode": ' + b"9" * 5000 + b"}"):
            path.write_bytes(data)
            with pytest.raises(CheckpointError, match="is damaged"):
                read_checkpoint(checkpoint.parent, checkpoint.name)
    finally:
        path.write_text(text)
    assert trainer.current_episode == 2


STATES: dict[str, Callable[[Head], object]] = {
    "no session": lambda state: state.pop("session"),
    "a session that is a list": lambda state: state.update(session=[]),
    "a session without a model": lambda state: state["session"].popitem(),
    "no metrics": lambda state: state.pop("metrics"),
    "metrics with a word": lambda state: state["metrics"].update(bogus=1),
    "an old version": lambda state: state.update(version=0),
    "no version": lambda state: state.pop("version"),
}


@pytest.mark.parametrize("name", STATES)
def test_a_crafted_state_is_refused_and_nothing_changes(trained: tuple[MultiModelTrainer, Path], name: str) -> None:
    trainer, checkpoint = trained
    head, body = (checkpoint / METADATA).read_bytes(), (checkpoint / STATE).read_bytes()
    before = json.dumps(trainer.session.state_dict())
    state = json.loads(body)
    STATES[name](state)
    data = json.dumps(state).encode()
    try:
        (checkpoint / STATE).write_bytes(data)
        sums = {STATE: hashlib.sha256(data).hexdigest()}
        edit(checkpoint / METADATA, lambda stated: stated["files"].update(sums), knows_the_sum=True)
        with pytest.raises(CheckpointError):
            trainer.load_checkpoint(checkpoint.name)
    finally:
        (checkpoint / METADATA).write_bytes(head)
        (checkpoint / STATE).write_bytes(body)
    assert json.dumps(trainer.session.state_dict()) == before
    refuse_if_running(checkpoint.parent)


def test_a_checkpoint_without_a_sum_of_its_own_still_loads(trained: tuple[MultiModelTrainer, Path]) -> None:
    """Versions before wrote none."""
    trainer, checkpoint = trained
    text = (checkpoint / METADATA).read_text()
    edit(checkpoint / METADATA, lambda head: head.pop("setting_changes"), knows_the_sum=True)
    assert trainer.load_checkpoint(checkpoint.name)
    (checkpoint / METADATA).write_text(text)
    with pytest.raises(CheckpointError, match="another run is writing"):
        refuse_if_running(checkpoint.parent)
    asyncio.run(trainer.train())
    refuse_if_running(checkpoint.parent)


def test_beside_a_training_nobody_loads_or_trains(tmp_path: Path) -> None:
    trainer, other = trainer_in(tmp_path, episodes=3), trainer_in(tmp_path)

    async def train_both() -> None:
        training = asyncio.create_task(trainer.train())
        await asyncio.sleep(0)  # until the first episode is played: a training gives way between episodes
        assert trainer.is_training
        with pytest.raises(CheckpointError, match="another run is writing"):
            other.load_checkpoint("latest")
        with pytest.raises(CheckpointError, match="another run is writing"):
            await other.train()
        await training

    asyncio.run(train_both())
    assert other.load_checkpoint("latest")
    assert other.current_episode == 3


def test_what_is_the_users_own_stays(tmp_path: Path) -> None:
    ours = f".multimodel_ep_3_{10**12}.writing"
    for name in (".my_multimodel_ep_1.notes", ".multimodel_ep_x.y", ".multimodel_ep_1_2.old", ours):
        (tmp_path / name).mkdir()
    (tmp_path / ".multimodel_ep_1_2.old" / "chapter.txt").write_text("mine")
    (tmp_path / ".thesis_multimodel_ep_1_2.old").write_text("mine")
    (tmp_path / ours / STATE).write_text("{}")
    MultiModelCheckpoints(tmp_path, keep=1).tidy()
    assert sorted(os.listdir(tmp_path)) == [
        ".multimodel_ep_1_2.old",
        ".multimodel_ep_x.y",
        ".my_multimodel_ep_1.notes",
        ".thesis_multimodel_ep_1_2.old",
    ]
    with pytest.raises(ConfigurationError, match="checkpoint_dir is empty"):
        MultiModelConfig(checkpoint_dir="")

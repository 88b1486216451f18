"""Checkpoints of many models that an earlier version wrote go on; those of unknown versions are refused in one line."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.exceptions import CheckpointError
from tests.test_multi_model_cartridge import make_trainer, session_of

State = dict[str, Any]


def rewrite(folder: Path, change: Callable[[State], State]) -> str:
    """Changes the state of the only checkpoint in `folder` and its sum; returns the checkpoint's id."""
    (checkpoint,) = folder.glob("*multimodel_ep_*")
    state = change(json.loads((checkpoint / "state.json").read_text()))
    data = json.dumps(state).encode()
    (checkpoint / "state.json").write_bytes(data)
    metadata = json.loads((checkpoint / "metadata.json").read_text())
    metadata["files"]["state.json"] = hashlib.sha256(data).hexdigest()
    metadata.pop("sha256", None)  # checkpoints of that time had no sum over their own head
    (checkpoint / "metadata.json").write_text(json.dumps(metadata))
    return checkpoint.name


def as_version_2(state: State) -> State:
    """The form of the state before games were counted one by one."""
    session = state["session"]
    knowledge = [
        {
            **{key: team[key] for key in ("run", "curriculum", "go_explore", "grounds")},
            "milestones": ["downstairs"],
            "games": team["starts"]["next"],
        }
        for team in session["teams"]
    ]
    old = {"agents": session["seats"], "knowledge": knowledge, "episodes": session["episodes"]}
    return {**state, "version": 2, "session": old}


def trained(folder: Path) -> None:
    """One episode of two models, one game of 32 steps each."""
    trainer = make_trainer(folder, max_episodes=1)
    asyncio.run(trainer.train())
    trainer.session.close()


def test_a_checkpoint_of_version_2_goes_on_with_the_next_games(tmp_path: Path) -> None:
    trained(tmp_path)
    name = rewrite(tmp_path / "run", as_version_2)
    trainer = make_trainer(tmp_path, max_episodes=2)
    assert trainer.load_checkpoint(name)
    (team,) = session_of(trainer).teams
    assert team.tally.episodes == 2 and set(team.tally.milestones) == {"downstairs"}
    asyncio.run(trainer.train())
    asyncio.run(trainer.shutdown())
    with sqlite3.connect(tmp_path / "run" / "decisions.db") as connection:
        assert connection.execute("select number, steps from episodes order by number").fetchall() == [
            (number, 32) for number in range(1, 5)
        ]


@pytest.mark.parametrize("version", [1, 4, None])
def test_an_unknown_version_is_refused_in_one_line(tmp_path: Path, version: int | None) -> None:
    trained(tmp_path)
    name = rewrite(tmp_path / "run", lambda state: {**state, "version": version})
    trainer = make_trainer(tmp_path, max_episodes=2)
    with pytest.raises(CheckpointError, match="reads 2 to 3; use the version of the program that wrote it") as error:
        trainer.load_checkpoint(name)
    assert "\n" not in str(error.value)

"""A saved team replaces a team and nothing else, and a crafted one is refused in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agents.text.rollout_server import SERVED, RolloutServer
from agents.text.small_policy import small_shape
from agents.text.team import TEAM_FILE, Specialisation, Team, build_team, load_team, save_team
from core.exceptions import CheckpointError, ConfigurationError
from core.worlds.builtin.sudoku import Sudoku
from trainer.at_grpo.rollouts import ServedRollouts
from trainer.at_grpo.train import train
from trainer.at_grpo.warm_start import make_warm_policy


@pytest.fixture(scope="module")
def team() -> Team:
    base = make_warm_policy(Sudoku(), small_shape(width=32, layers=1), 1, 0, lambda _: None)
    return build_team(base, Sudoku().roles, Specialisation.SHARED)


def test_a_team_takes_the_place_of_a_team_only(tmp_path: Path, team: Team) -> None:
    (tmp_path / "model_1").mkdir()
    save_team(team, tmp_path / "model_1", {"note": 1})
    save_team(team, tmp_path / "model_1", {"note": 2})
    assert load_team(tmp_path / "model_1")[1] == {"note": 2}
    for name in ("thesis", ".model_2.writing"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "chapter.txt").write_text("mine")
    for name in ("thesis", "model_2"):
        with pytest.raises(CheckpointError, match="is in the way"):
            save_team(team, tmp_path / name, {})
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "mine"
    assert (tmp_path / ".model_2.writing" / "chapter.txt").is_file()


@pytest.mark.parametrize(
    "changes",
    [
        {"policies": "shared"},
        {"policies": ["../../model"]},
        {"policies": []},
        {"player_of": ["tool"]},
        {"specialisation": "hope"},
        {"notes": 7},
        {"format": "another"},
    ],
)
def test_a_crafted_team_is_refused(tmp_path: Path, team: Team, changes: dict[str, Any]) -> None:
    save_team(team, tmp_path / "model_1", {})
    file = tmp_path / "model_1" / TEAM_FILE
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))
    with pytest.raises(CheckpointError):
        load_team(tmp_path / "model_1")


@pytest.mark.parametrize("text", ["[]", "[" * 100_000, "9" * 5000, "{"])
def test_a_team_file_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / TEAM_FILE).write_text(text)
    with pytest.raises(CheckpointError, match=TEAM_FILE):
        load_team(tmp_path)


def test_of_the_served_adapters_only_our_own_are_cleared_away(tmp_path: Path, team: Team) -> None:
    ours = "tool-12-0a1b2c3d"
    assert SERVED.fullmatch(ours)
    for name in (ours, "tool-12-mine", "my-notes-of-today"):
        (tmp_path / name).mkdir()
    ServedRollouts(Sudoku(), RolloutServer("http://127.0.0.1:9"), tmp_path, 0, 1).clear()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my-notes-of-today", "tool-12-mine"]


def test_an_empty_name_is_no_folder() -> None:
    with pytest.raises(ConfigurationError, match="checkpoint_dir is empty"):
        train("plan_path_two_policy", 1, "")

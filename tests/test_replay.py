"""A recorded episode plays again exactly, or it is said why it cannot, or where it is another game."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from pathlib import Path

import imageio_ffmpeg
import pytest
from typer.testing import CliRunner

from core.env.emulator.frame_cost import FIXED_FRAMES
from core.exceptions import ConfigurationError, HistoryError
from core.history.retention import prune
from core.history.store import HistoryStore
from core.history.verify import verify
from tests.history_samples import walk
from tests.utils import create_test_trainer
from trainer.commands.app import app

STEPS = 60


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of five games, some of which begin in the Go-Explore archive."""
    folder = tmp_path_factory.mktemp("run")
    trainer = create_test_trainer(
        episodes=5,
        temp_dir=folder,
        max_steps_per_episode=STEPS,
        eval_interval=0,
        frame_cost="adaptive",
        go_explore={"folder": "archive", "first_share": 1.0, "last_share": 1.0},
    )
    trainer.train(**trainer.settings.train_arguments())
    trainer.close()
    return folder


@pytest.fixture
def record(trained: Path, tmp_path: Path) -> Path:
    """A copy of its record, to be changed."""
    return Path(shutil.copy(trained / "decisions.db", tmp_path / "decisions.db"))


def run(db: Path, *arguments: str, says: str | None = None) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["replay", *arguments, "--db", str(db)], input=says, catch_exceptions=False)
    return done.exit_code, done.output


def change(db: Path, statement: str) -> None:
    with sqlite3.connect(db) as connection:
        assert connection.execute(statement).rowcount > 0
    connection.close()


def test_every_episode_of_a_training_plays_again_exactly(trained: Path) -> None:
    shutil.rmtree(trained / "archive")  # what is needed of it is in the record
    with HistoryStore(trained / "decisions.db", must_exist=True) as store:
        ((begun, states),) = store.connection.execute("select count(*), count(state_sha256) from beginnings").fetchall()
        assert begun == 5 and states >= 2, "no episode began in the archive"
    for number in range(1, 6):
        code, said = run(trained / "decisions.db", str(number), "--show", "none")
        assert code == 0 and f"/{number}: {STEPS} of {STEPS} states compared, all are the recorded ones\n" in said


def test_a_replay_becomes_a_film(trained: Path, tmp_path: Path) -> None:
    code, said = run(trained / "decisions.db", "last", "--record", str(tmp_path / "last.gif"), "--scale", "1")
    assert code == 0 and "all are the recorded ones" in said
    pictures = list(imageio_ffmpeg.read_frames(str(tmp_path / "last.gif")))[1:]
    assert len(pictures) >= STEPS * 16 // 4 > FIXED_FRAMES


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "update decisions set action = (action + 1) % 8 where step = 20 and episode_id = 1",
            r"at step 2[1-9]: the st",
        ),
        ("update decisions set state_hash = 5 where step = 33 and episode_id = 1", "at step 33: the state before "),
        ("update beginnings set seed = seed + 2 where episode_id = 1", "parts from the record at step "),
        (
            "update milestones set step = step + 1 where (episode_id, step) = "
            "(select episode_id, step from milestones order by step limit 1)",
            "milestone [a-z_]+ reached, the record has no milestone",
        ),
    ],
)
def test_a_replay_that_is_another_game_says_where(record: Path, statement: str, message: str) -> None:
    change(record, statement)
    found = [run(record, str(number), "--show", "none") for number in range(1, 6)]
    parted = [said for code, said in found if code == 1]
    assert len(parted) == 1, parted
    assert re.search(message, parted[0])


def test_other_rewards_are_the_same_game(record: Path) -> None:
    change(record, "update decisions set reward = reward + 1 where step < 3 and episode_id = 1")
    code, said = run(record, "1", "--show", "none")
    assert code == 0 and "3 steps paid other rewards" in said


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("delete from beginnings", "its seed was not recorded"),
        ("update beginnings set rom_sha1 = 'abc'", "ROM of SHA-1 abc, this one has .*--rom"),
        ("update beginnings set emulator = 'pyboy-1.0' where state_sha256 is not null", "save state of pyboy-1.0"),
        ('update runs set settings = \'{"mode": "competitive"}\'', "name a --config"),
        (
            "update runs set settings = json_set(settings, '$.env_class', 'os:path')",
            "code of its user's own, os:path, and nothing that a record names is ever run",
        ),
    ],
)
def test_what_cannot_be_played_again_is_refused_with_the_reason(record: Path, statement: str, message: str) -> None:
    change(record, statement)
    with pytest.raises(HistoryError, match=message):
        run(record, "5", "--show", "none")


def test_a_pruned_episode_cannot_be_played_again_and_its_state_goes(record: Path) -> None:
    with HistoryStore(record, must_exist=True) as store:
        prune(store, keep_decisions=0)
        left = store.connection.execute("select count(*) from beginnings").fetchone()
        states = store.connection.execute("select count(*) from beginning_states").fetchone()
        assert left == (1,) and states[0] <= 1
        assert verify(store).ok
    with pytest.raises(HistoryError, match="its decisions were pruned"):
        run(record, "1", "--show", "none")


def test_decisions_of_ones_own_program_have_no_seed(tmp_path: Path) -> None:
    with HistoryStore(tmp_path / "own.db") as store:
        store.commit_episode(store.start_run("own").id, walk(1))
    with pytest.raises(HistoryError, match="decisions that a program recorded itself"):
        run(tmp_path / "own.db", "1")


def test_a_config_takes_the_place_of_the_recorded_settings(trained: Path, record: Path) -> None:
    change(record, "update runs set settings = '{}'")
    config = json.loads((trained / "config.json").read_text())
    other = trained / "other.json"
    other.write_text(json.dumps({**config, "frame_cost": "fixed"}))
    assert run(record, "1", "--show", "none", "--config", str(trained / "config.json"))[0] == 0
    code, said = run(record, "1", "--show", "none", "--config", str(other))
    assert code == 1 and "parts from the record at step" in said


def test_settings_that_a_resume_changed_hold_from_their_episode_on(record: Path) -> None:
    change(record, "update runs set settings = json_set(settings, '$.frame_cost', 'fixed')")
    assert run(record, "4", "--show", "none")[0] == 1
    change(record, """insert into run_changes values (1, 4, 'frame_cost', '"fixed"', '"adaptive"')""")
    assert run(record, "3", "--show", "none")[0] == 1
    assert run(record, "4", "--show", "none")[0] == 0


def test_step_by_step_beside_the_decisions(trained: Path) -> None:
    code, said = run(trained / "decisions.db", "1", "--step", says="\n40\nfly\n\nq\n")
    assert code == 0
    shown = re.findall(rf"step (\d+) of {STEPS}: \w+ [A-Z]+, \d+% sure", said)
    assert shown == ["0", "1", "40", "41"], said
    assert "why: " in said and "'fly' is neither q nor a later step" in said
    with pytest.raises(ConfigurationError, match="--step goes with neither"):
        run(trained / "decisions.db", "1", "--step", "--record", "a.gif")

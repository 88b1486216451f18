"""A run that goes on with other settings says so, and is refused where they cannot fit."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core.exceptions import CheckpointError
from core.history.records import SettingChange
from core.history.store import HistoryStore
from core.history.verify import verify
from core.schema import known_keys
from core_srl import MultiModelConfig, MultiModelTrainer, list_available_checkpoints, load_checkpoint_metadata
from tests.history_samples import walk
from tests.utils import create_test_trainer
from trainer.multi_model.config import FIXED_ON_RESUME, UNNOTED_ON_RESUME
from trainer.settings import Settings
from trainer.settings.resume import FIXED, UNNOTED, setting_changes

LEARNER = {"rollout_steps": 16, "minibatch_size": 16, "epochs": 1, "features_width": 16}


def trained(folder: Path, episodes: int, resume: bool = True, **changes: Any) -> None:
    trainer = create_test_trainer(temp_dir=folder, **{"max_steps_per_episode": 6, "save_interval": 1, **changes})
    try:
        if resume:
            trainer.restore("latest")
        trainer.train(**{**trainer.settings.train_arguments(), "total_episodes": episodes})
    finally:
        trainer.close()


def noted(folder: Path) -> list[tuple[int, str, Any, Any]]:
    with HistoryStore(folder / "decisions.db") as store:
        assert verify(store).ok
        return [
            (episode, change.key, json.loads(change.old), json.loads(change.new))
            for episode, change in store.changes_of(store.find_run().id)
        ]


def test_every_change_is_said_and_noted_with_the_first_episode_that_is_played_with_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trained(tmp_path, 1, resume=False)
    with caplog.at_level(logging.WARNING):
        trained(tmp_path, 2, save_interval=2, log_level="INFO", keep_checkpoints=9)
        assert noted(tmp_path) == []
        assert "other settings" not in caplog.text
        faster = {**LEARNER, "learning_rate": 0.001}
        trained(tmp_path, 3, lanes=3, seed=7, learner=faster, final_milestone="outside", workers=2)
    (line,) = [record.getMessage() for record in caplog.records if "other settings" in record.getMessage()]
    assert line.startswith("from episode 3 on the run has other settings: ")
    expected = [
        (3, "final_milestone", None, "outside"),
        (3, "lanes", 2, 3),
        (3, "learner.learning_rate", 0.0003, 0.001),
        (3, "seed", 0, 7),
        (3, "workers", 1, 2),
    ]
    assert all(f"{key} {json.dumps(old)} -> {json.dumps(new)}" in line for _, key, old, new in expected)
    assert noted(tmp_path) == expected
    trained(tmp_path, 4, lanes=3, seed=8, learner=faster, final_milestone="outside", workers=2)
    assert noted(tmp_path) == [*expected, (4, "seed", 7, 8)]
    again = create_test_trainer(temp_dir=tmp_path, max_steps_per_episode=6)
    again.restore("checkpoint_000002")
    again.close()
    assert noted(tmp_path) == [], "the episodes that they were noted for are played again"


CANNOT_FIT: dict[str, Mapping[str, Any]] = {
    "learner.features_width": {"learner": {**LEARNER, "features_width": 8}},
    "observation_type": {"observation_type": "screen"},
}


def test_what_cannot_fit_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    trained(tmp_path, 2, resume=False)
    for key, changes in CANNOT_FIT.items():
        other = create_test_trainer(temp_dir=tmp_path, **changes)
        with pytest.raises(CheckpointError, match="cannot go on with these settings") as caught:
            other.restore("checkpoint_000001")
        assert key in str(caught.value)
        assert other.run.entry is None
        other.close()
    with HistoryStore(tmp_path / "decisions.db") as store:
        assert store.last_episode_number(store.find_run().id) == 2


def test_the_table_names_settings_that_there_are() -> None:
    for name in (*FIXED, *UNNOTED):
        *sections, key = name.split(".")
        assert key in known_keys(Settings, sections), name
    assert FIXED.keys().isdisjoint(UNNOTED)
    known = MultiModelConfig().as_dict()
    assert {*FIXED_ON_RESUME, *UNNOTED_ON_RESUME} <= known.keys()


def test_keys_of_another_version_are_no_change() -> None:
    assert setting_changes({"gone": 1, "seed": 1, "learner": {"epochs": 4}}, {"seed": 1, "learner": {"new": 2}}) == []
    assert setting_changes({"go_explore": None}, {"go_explore": {"folder": "a"}}) == [
        SettingChange("go_explore", "null", '{"folder": "a"}')
    ]


# -- the record ----------------------------------------------------------------------------------------------------


def test_verify_reports_holes_in_the_numbers_of_a_run(tmp_path: Path) -> None:
    with HistoryStore(tmp_path / "decisions.db") as store:
        run = store.start_run("broken")
        for number in (1, 2, 3, 4, 5, 6, 7):
            store.commit_episode(run.id, walk(number, steps=20))
        other = store.start_run("whole")
        store.commit_episode(other.id, walk(1, steps=20))
        assert verify(store).ok
        for number in (1, 4, 5):
            taken_out = walk(number, steps=20)
            store.replace_episode(run.id, taken_out)
            (row,) = store.connection.execute("select id from episodes where run_id = 1 and number = ?", (number,))
            store._transact(lambda connection, row=row: store._delete(connection, row[0]))
        assert verify(store).problems == (
            "run broken: episode 1 is missing",
            "run broken: episodes 4 to 5 are missing",
        )


def test_a_run_that_goes_on_in_a_new_record_has_no_hole(tmp_path: Path) -> None:
    with HistoryStore(tmp_path / "decisions.db") as store:
        run = store.start_run("moved")
        store.go_on_after(run.id, 40, ())
        for number in (41, 42):
            store.commit_episode(run.id, walk(number, steps=20))
        assert verify(store).ok
        store.go_on_after(run.id, 41, [SettingChange("seed", "0", "1")])
        assert store.changes_of(run.id) == [(42, SettingChange("seed", "0", "1"))]
        assert store.delete_episodes_after(run.id, 40) == 1
        assert store.changes_of(run.id) == [(42, SettingChange("seed", "0", "1"))], "only a resume forgets them"


# -- many models ---------------------------------------------------------------------------------------------------


def models(folder: Path, episodes: int, **changes: Any) -> MultiModelTrainer:
    values = {
        "num_models": 2,
        "model_types": ["small"],
        "max_episodes": episodes,
        "episode_length": 2,
        "update_frequency": 1,
        "checkpoint_dir": str(folder),
    }
    return MultiModelTrainer(MultiModelConfig(**{**values, **changes}))


def run(trainer: MultiModelTrainer, checkpoint: str | None = None) -> None:
    async def play() -> None:
        try:
            if checkpoint is not None:
                trainer.load_checkpoint(checkpoint)
            await trainer.train()
        finally:
            await trainer.shutdown()

    asyncio.run(play())


def test_changes_of_many_models_are_in_their_checkpoints(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run(models(tmp_path, 1))
    run(models(tmp_path, 2, learning_rate=0.01, seed=3, log_metrics_interval=2), "latest")
    assert "from episode 2 on the training has other settings" in caplog.text
    saved = load_checkpoint_metadata(list_available_checkpoints(str(tmp_path))[0], str(tmp_path))
    assert sorted((one["episode"], one["key"], one["old"], one["new"]) for one in saved["setting_changes"]) == [
        (2, "learning_rate", "0.0003", "0.01"),
        (2, "max_episodes", "1", "2"),
        (2, "seed", "0", "3"),
    ]
    with pytest.raises(CheckpointError, match=r"lora_rank 16 -> 4: the adapters are of another shape"):
        run(models(tmp_path, 3, lora_rank=4), "latest")

"""Files of older versions: a run, a team's training and a team of roles go on; an old decision record is read as then.

`tests/fixtures/README.md` says what made them. Where a new version cannot read an old file, it says so in one line, and
the test of that file is changed to ask for that line.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import sqlite3
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks.golden_digests import weights_digest
from core.decision_history_analyzer import DecisionHistoryAnalyzer
from core_srl import (
    MultiModelConfig,
    MultiModelTrainer,
    create_cartridge_training_env,
    list_available_checkpoints,
    load_checkpoint_metadata,
)
from pettingllms.evaluate import evaluate
from pettingllms.trainer import train
from trainer.commands.app import app
from trainer.hybrid_llm_rl_trainer import create_trainer_from_config

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "tests" / "fixtures"
FERNVALE = ROOT / "cartridge" / "fernvale.gbc"
RECORDS = {"run": "decisions.db", "team": "checkpoints/decisions.db"}


def unpacked(name: str, folder: Path) -> Path:
    """The files of `<name>_ddcb283.tar.gz` in `folder`; config and checkpoints name the ROM as it is built now."""
    with tarfile.open(FIXTURES / f"{name}_ddcb283.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    config = json.loads((folder / "config.json").read_text())
    if "rom_path" in config:
        (folder / "config.json").write_text(json.dumps({**config, "rom_path": str(FERNVALE)}))
    for manifest in folder.glob("checkpoints/*/manifest.json"):
        stated = json.loads(manifest.read_text())
        if "rom_sha1" in stated:
            played = hashlib.sha1(FERNVALE.read_bytes()).hexdigest()
            manifest.write_text(json.dumps({**stated, "rom_sha1": played}))
    return folder


def episodes_of(record: Path) -> list[tuple[int, int]]:
    """Number and steps of each recorded episode."""
    with sqlite3.connect(record) as connection:
        return connection.execute("select number, steps from episodes order by number").fetchall()


def decisions_command(record: Path, *arguments: str) -> str:
    result = CliRunner().invoke(app, ["decisions", *arguments, "--db", str(record)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


# -- a run of the hybrid agent -------------------------------------------------------------------------------------


def test_an_old_run_goes_on_with_its_weights_and_counts(tmp_path: Path) -> None:
    folder = unpacked("run", tmp_path)
    then = json.loads((folder / "checkpoints/training_summary.json").read_text())
    weights = weights_digest(folder / "checkpoints/resume_000004")
    trainer = create_trainer_from_config(folder / "config.json")
    try:
        assert trainer.load_checkpoint("latest")
        assert weights_digest(trainer.save_best_model()) == weights
        summary = trainer.train(total_episodes=5, max_steps_per_episode=60)
    finally:
        trainer.close()
    assert summary["run"] == then["run"]
    assert summary["total_episodes"] == 5
    assert summary["total_steps"] == then["total_steps"] + 60
    assert summary["learner_updates"] > then["learner_updates"]
    assert summary["evaluation_untrained"] == then["evaluation_untrained"]
    assert weights_digest(folder / "checkpoints/resume_000005") != weights
    assert episodes_of(folder / "decisions.db") == [(number, 60) for number in range(1, 6)]
    decisions_command(folder / "decisions.db", "verify")


def test_an_old_run_goes_on_from_the_command_line(tmp_path: Path) -> None:
    folder = unpacked("run", tmp_path)
    done = subprocess.run(
        [sys.executable, "run_training.py", "--config", str(folder / "config.json"), "--resume", "--episodes", "5"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert [number for number, _ in episodes_of(folder / "decisions.db")] == [1, 2, 3, 4, 5]


def test_an_old_agent_is_evaluated(tmp_path: Path) -> None:
    folder = unpacked("run", tmp_path)
    arguments = ["evaluate", "--config", str(folder / "config.json"), "--episodes", "1", "--json"]
    shown = CliRunner().invoke(app, [*arguments, "--mode", "adaptive", "--mode", "rl_only"], catch_exceptions=False)
    assert shown.exit_code == 0, shown.output
    assert {row["avg_length"] for row in json.loads(shown.stdout).values()} == {60}


@pytest.mark.parametrize("part", ["manifest.json", "state.json"])
def test_a_checkpoint_of_another_version_is_refused_in_one_line(
    part: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = unpacked("run", tmp_path)
    make_older(folder / "checkpoints/resume_000004", part)
    trainer = create_trainer_from_config(folder / "config.json")
    try:
        with caplog.at_level(logging.ERROR):
            assert not trainer.load_checkpoint("latest")
    finally:
        trainer.close()
    (line,) = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert "version 0" in line
    assert "use the version of the program that wrote it" in line
    assert "\n" not in line


def make_older(checkpoint: Path, part: str) -> None:
    """Changes the version that a part of the checkpoint states, and the manifest's sum with it."""
    stated = json.loads((checkpoint / part).read_text())
    (checkpoint / part).write_text(json.dumps({**stated, "version": 0}))
    if part == "state.json":
        manifest = json.loads((checkpoint / "manifest.json").read_text())
        data = (checkpoint / part).read_bytes()
        manifest["files"][part] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        (checkpoint / "manifest.json").write_text(json.dumps(manifest))


# -- an old decision record ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RECORDS)
def test_an_old_record_is_whole_and_says_what_it_said_then(name: str, tmp_path: Path) -> None:
    folder = unpacked(name, tmp_path)
    record = folder / RECORDS[name]
    decisions_command(record, "verify")
    with DecisionHistoryAnalyzer(record) as history:
        told: dict[str, Any] = {
            "recent": history.get_recent_decisions(limit=5),
            "patterns": history.analyze_patterns(min_frequency=4),
        }
    assert json.loads(json.dumps(told, default=str)) == json.loads((folder / "told.json").read_text())


def test_verify_notices_a_number_that_was_changed_in_an_old_record(tmp_path: Path) -> None:
    record = unpacked("run", tmp_path) / "decisions.db"
    with sqlite3.connect(record) as connection:
        connection.execute("update action_sequences set n = n + 1 where n = (select max(n) from action_sequences)")
    assert CliRunner().invoke(app, ["decisions", "verify", "--db", str(record)]).exit_code == 1


def test_an_old_record_is_told_as_a_story_and_exported_whole(tmp_path: Path) -> None:
    record = unpacked("run", tmp_path) / "decisions.db"
    assert "downstairs" in decisions_command(record, "explain", "last")
    exported = tmp_path / "all.csv"
    CliRunner().invoke(app, ["decisions", "export", str(exported), "--db", str(record)], catch_exceptions=False)
    assert len(exported.read_text().splitlines()) == 1 + 4 * 60


# -- many models and teams of roles --------------------------------------------------------------------------------


def test_an_old_training_of_many_models_goes_on(tmp_path: Path) -> None:
    folder = unpacked("team", tmp_path)
    checkpoints = folder / "checkpoints"
    (name,) = list_available_checkpoints(str(checkpoints))
    saved = load_checkpoint_metadata(name, str(checkpoints))
    weights = weights_digest(checkpoints / name)
    config = MultiModelConfig.from_dict({**saved["config"], "checkpoint_dir": str(checkpoints), "max_episodes": 2})
    trainer = MultiModelTrainer(config)
    trainer.environment = create_cartridge_training_env(str(folder / "config.json"))

    async def go_on() -> dict[str, Any]:
        try:
            assert trainer.load_checkpoint(name)
            assert trainer.current_episode == 1
            again = await trainer._save_checkpoint(1)
            assert weights_digest(checkpoints / again) == weights
            return await trainer.train()
        finally:
            await trainer.shutdown()

    results = asyncio.run(go_on())
    assert results["total_episodes"] == 2
    for model_id, state in results["final_model_states"].items():
        before = saved["model_states"][model_id]
        assert state["update_count"] > before["update_count"]
        assert state["total_reward"] >= before["total_reward"] > 0
    assert episodes_of(checkpoints / "decisions.db") == [(number, 64) for number in range(1, 5)]
    decisions_command(checkpoints / "decisions.db", "verify")


def test_an_old_team_of_roles_is_evaluated_and_learns_on(tmp_path: Path) -> None:
    folder = unpacked("roles", tmp_path)
    config = json.loads((folder / "config.json").read_text())
    assert evaluate(model_path=folder / "model_1", num_episodes=2)["num_episodes"] == 2
    before = weights_digest(folder / "resume_000001")
    summary = train(config=config, num_iterations=2, checkpoint_dir=folder)
    assert summary.iterations == 2
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["iteration"] for line in lines if "solved" in line] == [1, 2]
    assert weights_digest(next(folder.glob("resume_*"))) != before

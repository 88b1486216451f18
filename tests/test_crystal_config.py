"""Training on Crystal out of the box: `config.crystal.json` and the benchmark to the first badge, up to the ROM."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import hybrid
from benchmarks.hybrid import benchmark_settings
from core.game.game_data import load_game
from core.game.profile import game_named
from tests.crystal_rows import crystal
from tests.utils import FERNVALE, generate_test_config
from trainer.evaluation.first_badge import first_badge
from trainer.hybrid_llm_rl_trainer import create_trainer_from_config
from trainer.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "config.crystal.json"


def contents(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def keys_within(data: dict[str, Any]) -> set[str]:
    return {f"{key}.{one}" for key, value in data.items() if isinstance(value, dict) for one in value}


def test_the_config_is_complete_and_every_key_is_known() -> None:
    data, default = json.loads(CONFIG.read_text()), json.loads((ROOT / "config.json").read_text())
    assert set(data) == set(Settings.model_fields)
    assert keys_within(data) >= keys_within(default), "what the default run spells out, this one does, too"
    settings = load_settings(CONFIG)
    assert settings.rom_path == ROOT / "crystal.gbc" and settings.go_explore is not None
    assert settings.go_explore.folder.is_relative_to(ROOT / "runs")


def test_without_the_rom_it_is_one_line_and_nothing_is_written(tmp_path: Path) -> None:
    config = Path(shutil.copy(CONFIG, tmp_path))
    command = [sys.executable, str(ROOT / "run_training.py"), "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: cannot read the ROM") and done.stderr.count("\n") == 1, done.stderr
    assert "crystal.gbc" in done.stderr and "rom_path" in done.stderr
    assert contents(tmp_path) == [config]


def test_its_milestones_and_numbers_are_crystals() -> None:
    game, settings = crystal().game, load_settings(CONFIG)
    ids = [one.id for one in game.milestones]
    assert settings.final_milestone == first_badge(game).id == "badge1"
    afters = {stage.go_explore_after for stage in settings.curriculum.stages} - {None}
    assert afters <= set(ids[: ids.index("badge1")])
    required = [one for one in game.milestones[1 : ids.index("badge1") + 1] if not one.optional]
    badge_won = settings.rewards.milestone * len(required) + settings.rewards.badge
    gym_entered = badge_won - settings.rewards.milestone - settings.rewards.badge
    thresholds = [stage.reward_threshold for stage in settings.curriculum.stages]
    assert badge_won >= thresholds[0] > thresholds[1] > gym_entered - settings.rewards.milestone
    assert thresholds == sorted(thresholds, reverse=True), "what the policy takes over may cost a little"


def test_it_trains_where_a_rom_is(tmp_path: Path) -> None:
    """The same curriculum, archive, learner and rewards on Fernvale, in games of some steps."""
    small: dict[str, Any] = {"total_episodes": 2, "max_steps_per_episode": 60, "eval_interval": 0}
    small |= {"lanes": 2, "workers": 1}
    kept = {key: value for key, value in json.loads(CONFIG.read_text()).items() if key not in small}
    small["learner"] = {**kept["learner"], "rollout_steps": 16, "minibatch_size": 16}
    changes = {**kept, **small, "rom_path": str(FERNVALE), "final_milestone": None}
    trainer = create_trainer_from_config(str(generate_test_config(tmp_path, **changes)))
    try:
        summary = trainer.train(**trainer.settings.train_arguments())
    finally:
        trainer.close()
    assert summary["total_episodes"] == 2
    assert any(one.is_file() for one in (tmp_path / "runs/crystal/go_explore").rglob("*")), "the archive was filled"


@pytest.mark.parametrize(("name", "badge"), [("crystal", "badge1"), ("fernvale", "tide_badge")])
def test_the_benchmark_ends_at_the_first_badge_of_the_game(name: str, badge: str) -> None:
    assert first_badge(load_game(game_named(name))).id == badge


def test_the_benchmark_takes_the_game_of_the_rom() -> None:
    settings = benchmark_settings(hybrid.CONFIG, FERNVALE, horizon=77)
    assert (settings.final_milestone, settings.max_steps_per_episode) == ("tide_badge", 77)
    assert "badge" not in hybrid.CONFIG.read_text().replace('"badge":', ""), "no game's milestone is in the config"


@pytest.mark.parametrize("arguments", [["--rom", "mine.gbc"], ["--config", str(CONFIG)]])
def test_the_benchmark_without_the_rom_is_one_line(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert hybrid.main([*arguments, "--out", str(tmp_path / "cells")]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("error: cannot read the ROM") and said.err.count("\n") == 1 and said.out == ""
    assert contents(tmp_path) == []


def test_the_benchmark_refuses_a_milestone_of_another_game(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert hybrid.main(["--config", str(CONFIG), "--rom", str(FERNVALE), "--out", "cells"]) == 2
    said = capsys.readouterr()
    assert "badge1" in said.err and said.err.count("\n") == 1 and contents(tmp_path) == []

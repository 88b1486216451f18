"""`crystal-agent init` writes a config that trains and a table that explains it; `crystal-agent train` trains it."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.exceptions import ConfigurationError
from tests.game_states import ROM_PATH
from tests.utils import generate_test_config
from trainer.commands.app import app
from trainer.settings import load_settings
from trainer.settings.description import setting_rows, settings_table

ROOT = Path(__file__).resolve().parent.parent


def agent(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_init_writes_the_default_run_with_the_bundled_cartridge(tmp_path: Path) -> None:
    assert "crystal-agent train" in agent("init", tmp_path / "mine")
    written = json.loads((tmp_path / "mine/config.json").read_text())
    assert written.pop("rom_path") == "fernvale"
    project = json.loads((ROOT / "config.json").read_text())
    assert written == {key: value for key, value in project.items() if key != "rom_path"}
    assert load_settings(tmp_path / "mine/config.json").rom_path.read_bytes() == ROM_PATH.read_bytes()
    assert (tmp_path / "mine/config.md").read_text(encoding="utf-8") == settings_table()


def test_init_takes_a_cartridge_of_ones_own(tmp_path: Path) -> None:
    agent("init", tmp_path, "--rom", ROM_PATH)
    project = json.loads((ROOT / "config.crystal.json").read_text())
    assert json.loads((tmp_path / "config.json").read_text()) == {**project, "rom_path": str(ROM_PATH)}


@pytest.mark.parametrize("name", ["config.json", "config.md"])
def test_init_leaves_what_is_there(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(ConfigurationError, match="exists already"):
        agent("init", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name] and (tmp_path / name).read_text() == "mine"


def test_every_key_is_explained() -> None:
    rows = {row.key: row for row in setting_rows()}
    unexplained = [key for key, row in rows.items() if not row.meaning and "section" not in row.values]
    assert not unexplained, f"write a docstring below these fields: {', '.join(unexplained)}"
    assert rows["learner.epochs"].default == "4" and rows["workers"].values == "integer, at least 1 and at most 512"
    assert rows["go_explore.folder"].values == "path" and rows["start_state"].values == "path, or null"
    assert rows["rom_path"].default == '"fernvale"' and rows["rewards.badge"].default == "5.0"


def keys_of(value: object, place: str = "") -> set[str]:
    if isinstance(value, dict):
        return {key for name, inner in value.items() for key in keys_of(inner, f"{place}.{name}" if place else name)}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return keys_of(value[0], f"{place}[]")
    return {place}


@pytest.mark.parametrize("name", ["config.json", "config.crystal.json"])
def test_the_table_has_every_key_of_the_complete_configs(name: str) -> None:
    known = set(re.findall(r"^\| `([^`]+)` \|", settings_table(), re.MULTILINE))
    assert keys_of(json.loads((ROOT / name).read_text())) - known == set()


def test_train_is_the_front_door(tmp_path: Path) -> None:
    config = generate_test_config(tmp_path, rom_path="fernvale", total_episodes=2, eval_episodes=0)
    agent("train", "--config", config, "--no-progress")
    with sqlite3.connect(tmp_path / "decisions.db") as record:
        assert record.execute("select count(*) from episodes").fetchone() == (2,)
    agent("train", "--config", config, "--no-progress", "--resume", "--episodes", "3")
    with sqlite3.connect(tmp_path / "decisions.db") as record:
        assert record.execute("select count(*) from episodes").fetchone() == (3,)
    helped = CliRunner().invoke(app, ["train", "--help"])
    assert "usage: root train" in helped.output or "usage: crystal-agent train" in helped.output
    missing = CliRunner().invoke(app, ["train", "--config", "nowhere.json"])
    assert missing.exit_code == 2

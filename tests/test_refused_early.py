"""What a run refuses, it refuses in one line, and before it has made anything."""

from __future__ import annotations

import json
import logging
import shutil
import zipfile
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from core import exceptions
from core.exceptions import ConfigurationError
from core.game.files.layout import read_layout
from core.game.profile import identify_rom
from tests.game_states import ROM_PATH
from tests.utils import generate_test_config
from trainer.at_grpo.train import train as train_team
from trainer.commands.app import app
from trainer.commands.training import main as front_door
from trainer.run.checks import model_settings_without_a_model
from trainer.settings import load_settings

COMPLETE_MODEL = {"timeout_s": 30.0, "patience_s": 2.0, "parallel_questions": 4, "cache_path": "llm_answers.db"}


def test_a_model_alone_is_refused_where_there_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = generate_test_config(tmp_path, agent_mode="llm_only")
    before = sorted(tmp_path.rglob("*"))
    assert front_door(["--config", str(config), "--no-progress"]) == 2
    assert "mode llm_only needs a language model" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before, "nothing was made"


def test_settings_of_a_model_that_is_not_there_are_named(tmp_path: Path) -> None:
    def named(**changes: Any) -> list[str]:
        return model_settings_without_a_model(load_settings(generate_test_config(tmp_path, **changes)))

    assert named(language_model={"timeout_s": 5.0, "budget": {"calls_per_run": 9}}) == [
        "language_model.timeout_s",
        "language_model.budget",
    ]
    assert named(language_model=COMPLETE_MODEL) == [], "what config.json says is no wish"
    assert named(language_model={"timeout_s": 5.0}, llm_model="pocket") == []


def test_evaluate_without_a_checkpoint_says_what_to_do(tmp_path: Path) -> None:
    config = generate_test_config(tmp_path)
    with pytest.raises(exceptions.CheckpointError, match="holds no checkpoint; train first"):
        CliRunner().invoke(app, ["evaluate", "--config", str(config)], catch_exceptions=False)


def test_a_zip_is_called_a_zip(tmp_path: Path) -> None:
    path = tmp_path / "game.gbc"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(ROM_PATH, "fernvale.gbc")
    with pytest.raises(exceptions.EnvironmentError, match=r"is a zip archive, no Game Boy ROM: unpack it"):
        identify_rom(path)


def test_a_fernvale_with_a_changed_byte_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rom = bytearray(ROM_PATH.read_bytes())
    rom[-1] ^= 1
    path = tmp_path / "changed.gbc"
    path.write_bytes(bytes(rom))
    with caplog.at_level(logging.WARNING):
        identify_rom(path, allow_unknown_rom=True)
        identify_rom(shutil.copy(ROM_PATH, tmp_path / "same.gbc"))
        assert identify_rom("fernvale").rom == ROM_PATH.read_bytes()
        assert not caplog.messages
        identify_rom(path)
    assert len(caplog.messages) == 1 and "changed.gbc is a build of Fernvale that did not come" in caplog.messages[0]


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ({"offset": 1, "size": 2}, r"structs\.party_struct\.moves is .*: it overlaps with item"),
        ({"offset": 48, "size": 2}, r"structs\.party_struct\.moves is .*: it ends past the record"),
    ],
)
def test_fields_of_a_record_do_not_overlap(tmp_path: Path, field: dict[str, int], said: str) -> None:
    symbols = json.loads((resources.files("core.game") / "data/crystal/symbols.json").read_text(encoding="utf-8"))
    symbols["structs"]["party_struct"]["moves"] = field
    path = tmp_path / "symbols.json"
    path.write_text(json.dumps(symbols), encoding="utf-8")
    with pytest.raises(exceptions.EnvironmentError, match=said):
        read_layout(path)


def test_a_team_whose_model_is_refused_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises((ConfigurationError, exceptions.LLMConnectionError), match="nowhere"):
        train_team(
            config={"world": "math", "model": str(tmp_path / "nowhere"), "specialisation": "shared"},
            checkpoint_dir=tmp_path / "run",
        )
    assert not (tmp_path / "run").exists()

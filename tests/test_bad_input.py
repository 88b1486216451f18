"""Bad input of the main command: one line on standard error that names what, the value seen and the remedy; exit code
2; and nothing written."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

import run_training
from agents.llm.registry import POCKET_FOLDER
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.exceptions import ConfigurationError, LLMConnectionError
from tests.mutated_configs import Outcome, mutated_configs, tried
from tests.utils import FERNVALE, generate_test_config
from trainer.hybrid_llm_rl_trainer import create_trainer_from_config
from trainer.llm_manager import LLMManager
from trainer.settings import load_settings

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Mistake:
    """How a good config is spoilt, and what the message must say."""

    says: tuple[str, ...]
    changes: dict[str, Any] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    prepare: Callable[[Path], object] = lambda folder: None


def unknown_rom(folder: Path) -> None:
    """A well-formed ROM of a title that nobody knows."""
    rom = bytearray(FERNVALE.read_bytes())
    rom[0x134:0x13F] = b"SOMEGAME\0\0\0"
    checksum = 0
    for byte in rom[0x134:0x14D]:
        checksum = (checksum - byte - 1) & 0xFF
    rom[0x14D] = checksum
    (folder / "some.gbc").write_bytes(bytes(rom))


def database_of_another_program(folder: Path) -> None:
    with sqlite3.connect(folder / "theirs.db") as connection:
        connection.execute("create table theirs (id integer)")


def state_of_another_game(folder: Path) -> None:
    """A save state whose map Fernvale does not have."""
    env = EnhancedPyBoyPokemonCrystalEnv(FERNVALE, observation_type="state")
    env.restart(seed=0)
    wram = env._console._wram
    assert wram is not None
    start = env.rom.layout.index("wMapGroup")
    wram[start : start + 2] = (26, 3)
    (folder / "theirs.state").write_bytes(env.save_state())
    env.close()


def own_best_model(folder: Path) -> None:
    (folder / "checkpoints" / "best_model").mkdir(parents=True)
    (folder / "checkpoints" / "best_model" / "chapter.txt").write_text("mine")


def model_without_weights(folder: Path) -> None:
    shutil.copytree(POCKET_FOLDER, folder / "theirs", ignore=shutil.ignore_patterns("*.safetensors"))


def model_that_is_cut(folder: Path) -> None:
    shutil.copytree(POCKET_FOLDER, folder / "theirs")
    weights = folder / "theirs" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])


def model_with_anothers_weights(folder: Path) -> None:
    """Whole and readable, only not the model that its config.json describes."""
    model_without_weights(folder)
    save_file({"something.weight": torch.zeros(2)}, folder / "theirs" / "model.safetensors", {"format": "pt"})


def model_of_no_kind(folder: Path) -> None:
    shutil.copytree(POCKET_FOLDER, folder / "theirs")
    (folder / "theirs" / "config.json").write_text('{"model_type": "of_nobody"}')


STAGE = {"reward_threshold": 1.0, "min_episodes": 1, "llm_confidence": 0.5, "strategy_preference": "balanced"}
MISTAKES = {
    "missing config": Mistake(("nowhere.json does not exist",), arguments=("--config", "nowhere.json")),
    "missing ROM": Mistake(("nowhere.gbc", "rom_path"), {"rom_path": "nowhere.gbc"}),
    "a file that is no ROM": Mistake(("is no Game Boy ROM", "rom_path"), {"rom_path": "config.json"}),
    "an unknown ROM": Mistake(
        ("'SOMEGAME'", "SHA-1", "f4cd194bdee0d04ca4eac29e09b8e4e9d818c133"),
        {"rom_path": "some.gbc"},
        prepare=unknown_rom,
    ),
    "a misspelt key": Mistake(("unknown key 'lanse'; did you mean 'lanes'?",), {"lanse": 2}),
    "a misspelt key within": Mistake(
        ("did you mean 'min_episodes'?",), {"curriculum": {"stages": [{**STAGE, "min_epsiodes": 1}]}}
    ),
    "a misspelt reward": Mistake(("'rewards.bagde'; did you mean 'badge'?",), {"rewards": {"bagde": 1.0}}),
    "a wrong type": Mistake(("'lanes' is \"two\"",), {"lanes": "two"}),
    "out of range": Mistake(("'lanes' is 0",), {"lanes": 0}),
    "a reward out of range": Mistake(("badge is 99.0", "-10 to 10"), {"rewards": {"badge": 99}}),
    "a learner setting out of range": Mistake(("discount is 3.0",), {"learner": {"discount": 3}}),
    "more workers than lanes": Mistake(("workers is 3 and lanes 2",), {"workers": 3}),
    "an unknown word": Mistake(('"llm_havy"', "'llm_heavy'"), {"initial_strategy": "llm_havy"}),
    "an unknown model": Mistake(("'zzz/model'",), {"llm_model": "zzz/model"}),
    "a model that is nowhere": Mistake(
        ("'./nowhere' cannot be loaded", "no folder './nowhere'"), {"llm_model": "huggingface/./nowhere"}
    ),
    "a misspelt name of the hub": Mistake(
        ("'nobody/no-such-model' cannot be loaded", "Hugging Face hub"),
        {"llm_model": "huggingface/nobody/no-such-model"},
    ),
    "a folder that holds no model": Mistake(("'.' cannot be loaded", "*.safetensors"), {"llm_model": "huggingface/."}),
    "a model without weights": Mistake(
        ("'./theirs' cannot be loaded",), {"llm_model": "huggingface/./theirs"}, prepare=model_without_weights
    ),
    "a model whose weights are cut": Mistake(
        ("'./theirs' cannot be loaded", "deserializing"),
        {"llm_model": "huggingface/./theirs"},
        prepare=model_that_is_cut,
    ),
    "a model whose weights are of another": Mistake(
        ("'./theirs' cannot be loaded", "of its weights are missing"),
        {"llm_model": "huggingface/./theirs"},
        prepare=model_with_anothers_weights,
    ),
    "a model of an unknown kind": Mistake(
        ("'./theirs' cannot be loaded", "of_nobody"), {"llm_model": "huggingface/./theirs"}, prepare=model_of_no_kind
    ),
    "an adapter that is nowhere": Mistake(
        ("language_model.local.adapter './gone'", "no folder './gone'"),
        {"llm_model": "pocket", "language_model": {"local": {"adapter": "./gone"}}},
    ),
    "an adapter that is none": Mistake(
        ("language_model.local.adapter '.'", "has no adapter_config.json"),
        {"llm_model": "pocket", "language_model": {"local": {"adapter": "."}}},
    ),
    "an unknown dtype": Mistake(
        ("language_model.local.dtype is 'int3'", "float32"),
        {"llm_model": "pocket", "language_model": {"local": {"dtype": "int3"}}},
    ),
    "a device that is not here": Mistake(
        ("'cuda:77'",), {"llm_model": "pocket", "language_model": {"local": {"device": "cuda:77"}}}
    ),
    "a device without numbers": Mistake(
        ("'meta'", "'auto'"), {"llm_model": "pocket", "language_model": {"local": {"device": "meta"}}}
    ),
    "an unknown env class": Mistake(("env_class is 'cristal'", "did you mean 'crystal'?"), {"env_class": "cristal"}),
    "an env class that is not there": Mistake(
        ("env_class is 'mine_gone:Env'", "put mine_gone.py beside the config"), {"env_class": "mine_gone:Env"}
    ),
    "an env class that is none": Mistake(("does not derive from", "env class"), {"env_class": "json:JSONDecoder"}),
    "an unknown reward event": Mistake(("reward_events is 'bagde'", "'badge'"), {"reward_events": ["bagde"]}),
    "a reward event that is there already": Mistake(
        ("two reward events are called 'badge'",), {"reward_events": ["badge"]}
    ),
    "a manager that is none": Mistake(("llm_manager is 'json:dumps'", "BaseLLMManager"), {"llm_manager": "json:dumps"}),
    "an unknown network": Mistake(
        ("learner.network is 'convolution'", "'convolutional'"), {"learner": {"network": "convolution"}}
    ),
    "an unknown rule": Mistake(("curriculum.rule is 'mean'", "mean_reward"), {"curriculum": {"rule": "mean"}}),
    "an old key": Mistake(("'frontier' is called 'go_explore' now",), {"frontier": None}),
    "a start state of another game": Mistake(
        ("theirs.state", "'FERNVALE'", "map 26.3", "which this game does not have", "rom_path"),
        {"start_state": "theirs.state"},
        prepare=state_of_another_game,
    ),
    "a save directory without a name": Mistake(("'save_dir' is \"\"", "a path"), {"save_dir": ""}),
    "a record without a name": Mistake(("'decision_db_path' is \" \"",), {"decision_db_path": " "}),
    "an archive without a name": Mistake(("'go_explore.folder' is \"\"",), {"go_explore": {"folder": ""}}),
    "a save directory without a name on the command line": Mistake(
        ("--save-dir is empty",), arguments=("--save-dir", "")
    ),
    "a folder of the user's own in the place of the best model": Mistake(
        ("best_model is in the way", "choose another save_dir"), prepare=own_best_model
    ),
    "a save directory that is a file": Mistake(("save_dir", "is a file"), {"save_dir": "config.json"}),
    "a save directory in a file": Mistake(("save_dir", "is a file"), {"save_dir": "config.json/deep/er"}),
    "a save directory that cannot be written": Mistake(("save_dir", "/proc/1"), {"save_dir": "/proc/1/run"}),
    "a database of another program": Mistake(
        ("theirs.db", "another program"), {"decision_db_path": "theirs.db"}, prepare=database_of_another_program
    ),
    "a database that is no database": Mistake(("is not a SQLite database",), {"decision_db_path": "config.json"}),
    "nothing to resume": Mistake(("Checkpoint not found",), arguments=("--resume",)),
    "no such checkpoint": Mistake(("Checkpoint not found: nope",), arguments=("--resume", "nope")),
    "no episodes": Mistake(("'total_episodes' is 0",), arguments=("--episodes", "0")),
}


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", MISTAKES)
def test_bad_input_is_one_line_and_nothing_is_written(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mistake = MISTAKES[name]
    config = generate_test_config(tmp_path, **mistake.changes)
    mistake.prepare(tmp_path)
    before = contents(tmp_path)
    monkeypatch.chdir(tmp_path)
    exit_code = run_training.main(["--config", str(config), *mistake.arguments])
    said = capsys.readouterr()
    assert exit_code == 2
    assert said.err.startswith("error: ") and said.err.count("\n") == 1, said.err
    for part in mistake.says:
        assert part in said.err
    assert said.out == ""
    assert contents(tmp_path) == before


def test_the_command_itself_ends_with_code_2(tmp_path: Path) -> None:
    config = generate_test_config(tmp_path, lanse=2)
    command = [sys.executable, str(ROOT / "run_training.py"), "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "did you mean 'lanes'?" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_config_of_the_project_is_complete() -> None:
    """Every key that can be set at the top is in config.json, so a reader sees them all."""
    from trainer.settings import Settings, load_settings

    data = json.loads((ROOT / "config.json").read_text())
    assert set(data) == set(Settings.model_fields)
    assert load_settings(ROOT / "config.json").rom_path == FERNVALE


def test_mutated_configs_are_taken_or_refused_in_one_line_with_nothing_changed(tmp_path: Path) -> None:
    """The same for configs that are wrong in ways that nobody listed, and where most of them must be refused."""
    outcomes = []
    for number, config in enumerate(mutated_configs(seed=16, count=135)):
        outcomes.append(tried(config, tmp_path / str(number)))
    assert not [(outcome.name, outcome.faults) for outcome in outcomes if outcome.faults]
    assert {outcome.exit_code for outcome in outcomes} == {0, 2}


def test_a_mutated_config_is_judged() -> None:
    """The rule above can fail: each way of breaking it is a fault."""
    good = Outcome("x", 2, "error: no\n", ())
    assert good.faults == [] and Outcome("x", 0, "", ("decisions.db",)).faults == []
    for broken in (
        Outcome("x", 1, "Traceback\nValueError: x", ()),
        Outcome("x", 2, "error: no\nerror: neither\n", ()),
        Outcome("x", 2, "error: no\n", ("decisions.db",)),
        Outcome("x", 0, "", (), must_be_refused=True),
    ):
        assert len(broken.faults) == 1, broken


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"llm_model": "ollama/m@http://h:abc/v1"}, ("'http://h:abc/v1'", "port")),
        ({"llm_model": "ollama/m@http://[::1/v1"}, ("'http://[::1/v1'", "no address")),
        ({"llm_model": "ollama/m@http://h:99999/v1"}, ("port", "1 to 65535")),
        ({"learner": {"rollout_steps": 10**12}}, ("rollout_steps", "1e+06")),
        ({"learner": {"rollout_steps": 10**6}, "lanes": 4096}, ("learner.rollout_steps", "GiB")),
        ({"learner": {"policy_widths": [-1]}}, ("policy_widths", "1..8192")),
        ({"learner": {"policy_widths": [0]}}, ("policy_widths", "1..8192")),
        ({"language_model": {"cache_path": "decisions.db"}}, ("language_model.cache_path", "decision_db_path")),
        ({"language_model": {"cache_path": "decisions.db-wal"}}, ("language_model.cache_path", "decision_db_path")),
        ({"decision_db_path": "checkpoints"}, ("decision_db_path", "save_dir")),
        ({"save_dir": "a\0b"}, ("save_dir", "NUL")),
        ({"save_dir": "n" * 256}, ("save_dir", "256 bytes")),
        ({"save_dir": ""}, ("save_dir", "empty")),
        ({"save_dir": "~nobody.of.that.name/x"}, ("'nobody.of.that.name'",)),
        ({"language_model": {"budget": {"calls_per_run": -1}}}, ("calls_per_run is -1",)),
        ({"language_model": {"prices": {"m": {"input_usd": -1, "output_usd": 0}}}}, ("input_usd is -1.0",)),
        ({"language_model": {"faults": {"away_s": 1e9}}}, ("away_s", "86400")),
        ({"curriculum": {"rule_options": {"x": json.loads("[" * 40 + "]" * 40)}}}, ("32 levels",)),
    ],
)
def test_values_that_no_run_can_have_are_refused(
    tmp_path: Path, changes: dict[str, Any], says: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        create_trainer_from_config(generate_test_config(tmp_path, **changes))
    for part in says:
        assert part in str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 100_000 + "]" * 100_000, "32 levels"),
        ('{"seed": ' + "9" * 5_000 + "}", "5000 digits"),
        ('{"curriculum": {"confidence_decay_rate": 1e400}}', "confidence_decay_rate"),
        ('{"save_dir": "\\ud800"}', "half a character"),
    ],
)
def test_json_that_no_config_can_be_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=says) as refused:
        load_settings(tmp_path / "config.json")
    assert len(str(refused.value)) < 500


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"seed": 5}', encoding="utf-8-sig")
    assert load_settings(tmp_path / "config.json").seed == 5
    (tmp_path / "config.json").write_text('{"seed": 5}', encoding="utf-16")
    with pytest.raises(ConfigurationError, match="not in UTF-8"):
        load_settings(tmp_path / "config.json")


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    keys = {"save_dir": "~/run", "language_model": {"cache_path": "~/answers.db", "local": {"adapter": "~/lora"}}}
    settings = load_settings(generate_test_config(tmp_path, **keys, go_explore={"folder": "~/archive"}))
    home = tmp_path / "home"
    assert settings.save_dir == home / "run"
    assert settings.language_model.cache_path == str(home / "answers.db")
    assert settings.language_model.local.adapter == str(home / "lora")
    assert settings.go_explore is not None and settings.go_explore.folder == home / "archive"
    assert settings.changed(save_dir=Path("~/other")).save_dir == home / "other"
    with pytest.raises(LLMConnectionError, match=str(home / "model")):
        LLMManager("huggingface/~/model")

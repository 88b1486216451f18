"""Settings: the default file loads, paths follow the file, and every kind of mistake is named in one line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from core.exceptions import ConfigurationError
from core.schema import known_keys, parsed
from core.vocabulary import StrategyType
from trainer.settings import Settings, StageSettings, load_settings

ROOT = Path(__file__).resolve().parent.parent
STAGE = {"reward_threshold": 1.5, "min_episodes": 3, "llm_confidence": 0.5, "strategy_preference": "balanced"}


def write(folder: Path, config: object) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps(config) if not isinstance(config, str) else config)
    return path


def test_relative_paths_belong_to_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, {"rom_path": "roms/mine.gbc", "save_dir": "/elsewhere/run"})
    monkeypatch.chdir("/")
    settings = load_settings(path)
    assert settings.rom_path == tmp_path / "roms/mine.gbc"
    assert settings.decision_db_path == tmp_path / "decisions.db"
    assert settings.save_dir == Path("/elsewhere/run")


def test_the_documented_keys_are_read(tmp_path: Path) -> None:
    documented = {
        "rom_path": "a.gbc",
        "headless": False,
        "observation_type": "state",
        "llm_model": "none",
        "max_context_length": 512,
        "initial_strategy": "llm_heavy",
        "decision_db_path": "d.db",
        "save_dir": "s",
        "log_level": "WARNING",
        "curriculum": {"stages": [STAGE], "advancement_patience": 7, "confidence_decay_rate": 0.25},
    }
    settings = load_settings(write(tmp_path, documented))
    assert settings.initial_strategy is StrategyType.LLM_HEAVY
    assert (settings.headless, settings.observation_type, settings.max_context_length) == (False, "state", 512)
    assert settings.curriculum.stages[0].strategy_preference is StrategyType.BALANCED
    assert settings.curriculum.advancement_patience == settings.train_arguments()["curriculum_patience"] == 7


@pytest.mark.parametrize(
    ("config", "policy", "rate"),
    [
        ({}, "sb3", 3e-4),
        ({"observation_type": "screen"}, "sb3", 3e-4),
        ({"learner": {"epochs": 2}}, "sb3", 3e-4),
        ({"policy": "heads"}, "heads", 2e-3),
        ({"policy": "heads", "learner": {"epochs": 2}}, "heads", 2e-3),
        ({"policy": "heads", "learner": {"learning_rate": 1e-3}}, "heads", 1e-3),
    ],
)
def test_the_policy_is_sb3s_where_none_is_said_and_each_has_a_learning_rate(
    tmp_path: Path, config: dict[str, Any], policy: str, rate: float
) -> None:
    settings = load_settings(write(tmp_path, config))
    assert (settings.policy, settings.learner.learning_rate) == (policy, rate)


@pytest.mark.parametrize("name", ["config.json", "config.crystal.json"])
def test_a_config_of_the_project_leaves_the_rate_to_its_policy(tmp_path: Path, name: str) -> None:
    config = json.loads((ROOT / name).read_text(encoding="utf-8"))
    assert load_settings(write(tmp_path, config)).learner.learning_rate == 2e-3
    assert load_settings(write(tmp_path, {**config, "policy": "sb3"})).learner.learning_rate == 3e-4


def test_settings_cannot_be_changed_by_accident() -> None:
    with pytest.raises(ValidationError):
        Settings().lanes = 3  # type: ignore[misc]


def test_changed_is_checked_and_leaves_the_rest(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, {"lanes": 3, "learner": {"epochs": 2}}))
    assert settings.changed(seed=9, total_episodes=None) == settings.model_copy(update={"seed": 9})
    with pytest.raises(ConfigurationError, match="'total_episodes' is 0"):
        settings.changed(total_episodes=0)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"rom_pth": "x"}, "unknown key 'rom_pth'; did you mean 'rom_path'?"),
        ({"lane": "wrong type too", "lanes": "8"}, "unknown key 'lane'; did you mean 'lanes'?"),
        ({"zzzz": 1}, "unknown key 'zzzz'; known are agent_mode, "),
        ({"learner": {"learning_rat": 1}}, "'learner.learning_rat'; did you mean 'learning_rate'?"),
        ({"curriculum": {"stages": [{**STAGE, "min_episode": 3}]}}, "did you mean 'min_episodes'?"),
        ({"curriculum": {"stages": [{"min_episodes": 3}]}}, "key 'curriculum.stages[0].reward_threshold' is missing"),
        ({"language_model": {"timeout": 3}}, "'language_model.timeout'; did you mean 'timeout_s'?"),
        (
            {"language_model": {"budget": {"cals_per_run": 3}}},
            "'language_model.budget.cals_per_run'; did you mean 'calls_per_run'?",
        ),
        ({"language_model": {"prices": {"openai/x": {"inptu_usd": 1}}}}, "did you mean 'input_usd'?"),
        ({"language_model": {"epochs": 3}}, "unknown key 'language_model.epochs'; 'epochs' belongs into learner"),
        ({"learner": {"timeout_s": 3}}, "'timeout_s' belongs into language_model"),
        ({"tries": 3}, "'tries' belongs into language_model.faults"),
        ({"learner": {"lanes": 3}}, "'lanes' belongs at the top"),
        ({"go_explore": {"foldr": "x"}}, "'go_explore.foldr'; did you mean 'folder'?"),
        ({"rewards": {"bagde": 1.0}}, "'rewards.bagde'; did you mean 'badge'?"),
        ({"rewards": {"badge": True}}, "'rewards.badge' is true"),
        ({"frontier": None}, "key 'frontier' is called 'go_explore' now; rename it"),
        (
            {"curriculum": {"stages": [{**STAGE, "frontier_share": 0.5}]}},
            "'curriculum.stages[0].frontier_share' is called 'go_explore_share' now",
        ),
        ({"curriculum": {"stages": []}}, "'curriculum.stages' is []"),
        ({"curriculum": {"confidence_decay_rate": 1.0}}, "'curriculum.confidence_decay_rate' is 1.0"),
        ({"lanes": "8"}, "'lanes' is \"8\": it should be a valid integer"),
        ({"lanes": 0}, "'lanes' is 0: it should be greater than or equal to 1"),
        ({"lanes": True}, "'lanes' is true"),
        ({"headless": "yes"}, "'headless' is \"yes\": it should be a valid boolean"),
        ({"initial_strategy": "llm_havy"}, "it should be 'llm_heavy', 'balanced' or 'rule_heavy'"),
        ({"log_level": "LOUD"}, "'log_level' is \"LOUD\""),
        ({"learner": {"discount": 2}}, "discount is 2.0: it must lie in 0..1"),
        ({"workers": 9, "lanes": 8}, "workers is 9 and lanes 8"),
        ({"cluster": "ray:/head"}, "cluster is 'ray:/head': it is null (worker processes of this machine), \"local\""),
        ({"seed": -1}, "'seed' is -1"),
        ('{"lanes": 1,}', "is not JSON"),
        ('{"lanes": 1, "lanes": 2}', "key 'lanes' is there twice"),
        ('{"curriculum": {"confidence_decay_rate": NaN}}', "NaN is no number"),
        ("[1]", "holds a JSON list"),
    ],
)
def test_mistakes_are_named_in_one_line(tmp_path: Path, config: Any, expected: str) -> None:
    path = write(tmp_path, config)
    with pytest.raises(ConfigurationError) as caught:
        load_settings(path)
    message = str(caught.value)
    assert expected in message
    assert message.startswith(str(path))
    assert "\n" not in message


def test_every_section_names_its_own_keys() -> None:
    """Walked from the model, so that no section can be forgotten."""
    assert known_keys(Settings, ()) == list(Settings.model_fields)
    assert known_keys(Settings, ("curriculum", "stages", 3)) == list(StageSettings.model_fields)
    assert "max_calls_per_episode" not in known_keys(Settings, ("learner",))
    for place in (("learner",), ("language_model",), ("language_model", "local"), ("language_model", "faults")):
        assert known_keys(Settings, place), place
    assert known_keys(Settings, ("lanes",)) == []


@pytest.mark.parametrize("section", [name for name in Settings.model_fields if known_keys(Settings, (name,))])
def test_a_hint_within_a_section_names_a_key_of_that_section(section: str) -> None:
    for key in known_keys(Settings, (section,)):
        with pytest.raises(ConfigurationError, match=f"did you mean '({'|'.join(known_keys(Settings, (section,)))})'"):
            parsed(Settings, {section: {key[:-1]: 0}})


def test_validation_itself_runs_no_code_of_the_users(tmp_path: Path) -> None:
    """Settings that lie in a checkpoint can be read as settings without anything being imported."""
    (tmp_path / "mine_loud.py").write_text("raise SystemExit('imported')")
    parsed(Settings, {"env_class": "mine_loud:Env", "reward_events": ["mine_loud:Event"]})
    assert str(tmp_path) not in sys.path


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.json does not exist"):
        load_settings(tmp_path / "nowhere.json")

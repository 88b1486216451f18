"""Documented helpers of tests and experiments. Despite the name of the first, nothing here is faked: they make small
real environments and trainers on Fernvale, the project's own cartridge."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from trainer.hybrid_llm_rl_trainer import HybridLLMRLTrainer, create_trainer_from_config

FERNVALE = Path(__file__).resolve().parent.parent / "cartridge" / "fernvale.gbc"
MARK = ".crystal-hybrid-test-files"
"""A file that says: this folder was made here and may be removed by `cleanup_test_files`."""
_own_folders: list[Path] = []
"""Folders of this process that the caller did not name."""


def create_mock_environment(
    observation_type: str = "multi_modal", max_steps: int = 200
) -> EnhancedPyBoyPokemonCrystalEnv:
    """A small real environment: Fernvale without a window, episodes of at most `max_steps`. Close it after use."""
    return EnhancedPyBoyPokemonCrystalEnv(
        str(FERNVALE), headless=True, observation_type=observation_type, max_steps=max_steps
    )


def generate_test_config(temp_dir: str | Path | None = None, **changes: Any) -> Path:
    """Writes a complete `config.json` of a run of seconds into `temp_dir` (a new folder by default); returns its path.

    `changes` replace or add keys. All paths lie in that folder, except the ROM.
    """
    if temp_dir is None:
        folder = Path(tempfile.mkdtemp(prefix="crystal-hybrid-"))
        _own_folders.append(folder)
    else:
        folder = Path(temp_dir)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
    config: dict[str, Any] = {
        "rom_path": str(FERNVALE),
        "headless": True,
        "observation_type": "state",
        "llm_model": "none",
        "initial_strategy": "balanced",
        "decision_db_path": "decisions.db",
        "save_dir": "checkpoints",
        "log_level": "WARNING",
        "total_episodes": 4,
        "max_steps_per_episode": 40,
        "save_interval": 2,
        "eval_interval": 1000,
        "eval_episodes": 1,
        "lanes": 2,
        "workers": 1,
        "learner": {"rollout_steps": 16, "minibatch_size": 16, "epochs": 1, "features_width": 16},
    }
    path = folder / "config.json"
    path.write_text(json.dumps({**config, **changes}, indent=2), encoding="utf-8")
    return path


def create_test_trainer(
    episodes: int = 10, headless: bool = True, temp_dir: str | Path | None = None, **changes: Any
) -> HybridLLMRLTrainer:
    """A real trainer of a small run; `trainer.train(**trainer.settings.train_arguments())` trains `episodes`.

    `changes` are further config keys. Close it after use.
    """
    path = generate_test_config(temp_dir, total_episodes=episodes, headless=headless, **changes)
    return create_trainer_from_config(str(path))


def cleanup_test_files(temp_dir: str | Path | None = None) -> None:
    """Removes a folder made by these helpers; without an argument, all that were made without naming a folder.

    Raises ValueError for any other folder, which it leaves alone.
    """
    if temp_dir is None:
        while _own_folders:
            shutil.rmtree(_own_folders.pop(), ignore_errors=True)
        return
    folder = Path(temp_dir)
    if not (folder / MARK).is_file():
        raise ValueError(f"{folder} was not made by generate_test_config (it has no {MARK}); remove it by hand")
    shutil.rmtree(folder)

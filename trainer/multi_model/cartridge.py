"""The cartridge as a place for a multi-model training: every model is a hybrid agent in an emulator of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from core.exceptions import ConfigurationError
from trainer.multi_model.config import MultiModelConfig
from trainer.multi_model.model_sources import ModelSource
from trainer.multi_model.seated_session import SeatedSession
from trainer.multi_model.session import Session
from trainer.settings import Settings, load_settings

_NONE = "a multi-model training makes no evaluations; `crystal-agent evaluate` plays what an ordinary run left"
_MODELS = "set model_types and model_names of the MultiModelConfig instead"
DECIDED_ELSEWHERE = {
    "total_episodes": "set max_episodes of the MultiModelConfig instead",
    "max_steps_per_episode": "set episode_length of the MultiModelConfig instead",
    "save_interval": "set save_interval of the MultiModelConfig instead",
    "keep_checkpoints": "set max_checkpoints of the MultiModelConfig instead",
    "seed": "set seed of the MultiModelConfig instead",
    "save_dir": "set checkpoint_dir of the MultiModelConfig instead",
    "decision_db_path": "the record lies in checkpoint_dir of the MultiModelConfig",
    "eval_interval": _NONE,
    "eval_episodes": _NONE,
    "llm_model": _MODELS,
    "llm_manager": _MODELS,
    "language_model": _MODELS,
    "max_context_length": _MODELS,
}
"""Keys of an ordinary run's config, and what decides in their place."""


@dataclass(frozen=True, slots=True)
class CartridgeEnvironment:
    """What is played and how an agent plays it.

    Of `settings` count the ROM, observation, rewards, final milestone, agent mode, strategy, curriculum, learner,
    workers of an ordinary run; number and length of episodes, learning rate, batch size, seed, models and folders come
    from the `MultiModelConfig`.
    """

    settings: Settings = field(default_factory=Settings)

    def open_session(self, sources: Sequence[ModelSource], config: MultiModelConfig, folder: Path) -> Session:
        """Loads the models and starts an emulator for each."""
        return SeatedSession(self.settings, sources, config, folder)


def create_cartridge_training_env(config_path: str | Path | None = None, **changes: Any) -> CartridgeEnvironment:
    """The cartridge that a `config.json` names (Fernvale by default); `changes` are further keys of such a file.

    Raises ConfigurationError, also for changes that a `MultiModelConfig` decides.
    """
    fernvale = Path(str(resources.files("cartridge").joinpath("fernvale.gbc")))
    settings = Settings(rom_path=fernvale) if config_path is None else load_settings(config_path)
    if "lanes" in changes:
        raise ConfigurationError("lanes cannot be set here: every model plays in one emulator; set num_models instead")
    for key in changes:
        if key in DECIDED_ELSEWHERE:
            raise ConfigurationError(f"{key} cannot be set here: {DECIDED_ELSEWHERE[key]}")
    return CartridgeEnvironment(settings.changed(**changes) if changes else settings)

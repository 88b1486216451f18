"""The cartridge as a place for a multi-model training: every model is a hybrid agent in an emulator of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.exceptions import ConfigurationError
from trainer.multi_model.config import MultiModelConfig
from trainer.multi_model.model_sources import ModelSource
from trainer.multi_model.seated_session import SeatedSession
from trainer.multi_model.session import Session
from trainer.settings import Settings, load_settings


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

    Raises ConfigurationError.
    """
    settings = Settings() if config_path is None else load_settings(config_path)
    if "lanes" in changes:
        raise ConfigurationError("lanes cannot be set here: every model plays in one emulator; set num_models instead")
    return CartridgeEnvironment(settings.changed(**changes) if changes else settings)

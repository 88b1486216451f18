"""Who says what in a training: the arguments of `train`, the settings, and the agent's own curriculum."""

from __future__ import annotations

from typing import NamedTuple

from core.agent.curriculum_settings import CurriculumSettings
from core.exceptions import ConfigurationError
from core.schema import parsed
from trainer.settings.models import Settings

MAY_BE_ZERO = ("eval_interval",)


class DocumentedDefault(int):
    """The number that a document names as an argument's default. It is that number, and also says that nobody gave
    one: settings then go before it."""


class TrainArguments(NamedTuple):
    """The documented arguments of `HybridLLMRLTrainer.train`."""

    total_episodes: int
    max_steps_per_episode: int
    save_interval: int
    eval_interval: int
    curriculum_patience: int

    def over(self, settings: Settings) -> TrainArguments:
        """What was given, and for the rest what the settings say. Raises ConfigurationError for what cannot be."""
        of_settings = settings.train_arguments()
        numbers = TrainArguments(
            *(
                of_settings[name] if isinstance(value, DocumentedDefault) else value
                for name, value in zip(self._fields, self, strict=True)
            )
        )
        for name, value in zip(numbers._fields, numbers, strict=True):
            least = 0 if name in MAY_BE_ZERO else 1
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ConfigurationError(f"{name} is {value!r}: it must be {least} or more")
        return numbers


DEFAULTS = TrainArguments(
    total_episodes=DocumentedDefault(1000),
    max_steps_per_episode=DocumentedDefault(10000),
    save_interval=DocumentedDefault(100),
    eval_interval=DocumentedDefault(50),
    curriculum_patience=DocumentedDefault(20),
)


def settings_of_agent(settings: Settings | None, curriculum: CurriculumSettings | None) -> Settings:
    """The settings of a run whose agent was given `curriculum`, if any, as its `curriculum_config`.

    Raises ConfigurationError where both name a curriculum and do not name the same.
    """
    settings = settings or Settings()
    if curriculum is None:
        return settings
    if settings.curriculum not in (curriculum, CurriculumSettings()):
        raise ConfigurationError(
            "the agent's curriculum_config and the curriculum of the settings say different things: give one of them"
        )
    return parsed(Settings, {**settings.model_dump(mode="json"), "curriculum": curriculum.model_dump(mode="json")})

"""Settings of the arenas, with the documented defaults."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from enum import Enum

from core.exceptions import ConfigurationError


class EnvironmentType(Enum):
    """The kinds of arena."""

    COOPERATIVE_COMPETITIVE = "cooperative_competitive"
    MULTI_AGENT_STAGED = "multi_agent_staged"
    TEAM_BATTLE = "team_battle"
    MAZE_NAVIGATION = "maze_navigation"
    SOCIAL_INTERACTION = "social_interaction"


@dataclass(frozen=True, slots=True)
class EnvironmentConfig:
    """The settings of all arenas except the maze. An arena refuses those that it does not use."""

    env_type: EnvironmentType = EnvironmentType.COOPERATIVE_COMPETITIVE
    num_agents: int = 8
    max_steps: int = 1000
    """Rounds after which an episode is truncated."""
    base_scale: float = 1.0
    """Reward of a round at difficulty 0. Not in the social arena, where a meeting's payoffs are the scenario's."""
    noise_std: float = 0.05
    """Standard deviation of the noise on each reward. Not in the social arena."""
    difficulty: float = 0.3
    """0 to 1: lowers the base reward by that share. Not in the social arena."""
    cooperation_weight: float = 0.25
    """Most that a round of cooperation can add. Not in the social arena."""
    competition_weight: float = 0.25
    """Most that a round of competition can add. Not in the social arena."""

    def __post_init__(self) -> None:
        for name in ("base_scale", "noise_std", "difficulty", "cooperation_weight", "competition_weight"):
            require_share(name, getattr(self, name))

    @property
    def base_reward(self) -> float:
        """Reward of a round without the effect of the others: at least a tenth of `base_scale`."""
        return self.base_scale * max(0.1, 1.0 - self.difficulty)


def require_used(config: EnvironmentConfig, arena: EnvironmentType, unused: Collection[str] = ()) -> None:
    """Raise `ConfigurationError` if the settings are another arena's, or change what this arena does not use."""
    if config.env_type is not arena:
        raise ConfigurationError(
            f"env_type is {config.env_type.value!r}, but these settings are given to the arena {arena.value!r}; "
            f"make them with env_type=EnvironmentType.{arena.name}"
        )
    for setting in fields(config):
        value = getattr(config, setting.name)
        if setting.name in unused and value != setting.default:
            raise ConfigurationError(
                f"{setting.name} is {value!r}, but the arena {arena.value!r} does not use it: leave it out"
            )


def require_share(name: str, value: float) -> None:
    """Raise `ConfigurationError` unless the value lies between 0 and 1."""
    if not 0.0 <= value <= 1.0:
        raise ConfigurationError(f"{name} is {value}; it must be between 0 and 1")

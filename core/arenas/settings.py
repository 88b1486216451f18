"""Settings of the arenas, with the documented defaults."""

from __future__ import annotations

from dataclasses import dataclass
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
    """The settings that all arenas except the maze share."""

    env_type: EnvironmentType = EnvironmentType.COOPERATIVE_COMPETITIVE
    num_agents: int = 8
    max_steps: int = 1000
    """Rounds after which an episode is truncated."""
    base_scale: float = 1.0
    """Reward of a round at difficulty 0."""
    noise_std: float = 0.05
    """Standard deviation of the noise on each reward."""
    difficulty: float = 0.3
    """0 to 1: lowers the base reward by that share."""
    cooperation_weight: float = 0.25
    """Most that a round of cooperation can add."""
    competition_weight: float = 0.25
    """Most that a round of competition can add."""

    def __post_init__(self) -> None:
        for name in ("base_scale", "noise_std", "difficulty", "cooperation_weight", "competition_weight"):
            require_share(name, getattr(self, name))

    @property
    def base_reward(self) -> float:
        """Reward of a round without the effect of the others: at least a tenth of `base_scale`."""
        return self.base_scale * max(0.1, 1.0 - self.difficulty)


def require_share(name: str, value: float) -> None:
    """Raise `ConfigurationError` unless the value lies between 0 and 1."""
    if not 0.0 <= value <= 1.0:
        raise ConfigurationError(f"{name} is {value}; it must be between 0 and 1")

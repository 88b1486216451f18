"""What a training knows about one model: the documented `ModelState`, with true values."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from pydantic import TypeAdapter

RECENT_EPISODES = 20
"""Episodes behind a model's performance."""


@dataclass
class ModelState:
    """Counters of one model."""

    model_id: str
    model_type: str
    model_name: str
    total_reward: float = 0.0
    """Sum of the world's rewards over all episodes, before the mode's shaping."""
    episode_count: int = 0
    win_count: int = 0
    """Episodes in which no other model got more."""
    cooperation_score: float = 0.5
    """Share of the model's dealings with others that were cooperative, 0 to 1; 0.5 before there was one."""
    last_weight_update: float = 0.0
    """Unix time; 0 before the first."""
    update_count: int = 0
    gradient_norm: float = 0.0
    """Mean of the last update, as it was applied."""
    gpu_id: int = -1
    """-1: no GPU."""
    memory_usage: float = 0.0
    """Megabytes of the weights that are this model's own; a shared base is nobody's own."""
    compute_utilization: float = 0.0
    """Share of the last episode's wall time that went into this model's decisions, 0 to 1."""
    lora_rank: int = 16
    lora_alpha: float = 32.0
    lora_performance: float = 0.5
    """Where the adapter's recent reward lies between the worst and the best model's, 0 to 1; 0.5 before the first."""
    steps: int = 0
    unanswered: int = 0
    """Decisions that a hosted model did not answer and the record made in its place."""
    milestones: dict[str, int] = field(default_factory=dict)
    """On the cartridge: in how many episodes each was reached."""
    cooperative_dealings: int = 0
    dealings: int = 0
    recent_rewards: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT_EPISODES))

    @property
    def performance(self) -> float:
        """Mean reward of the last `RECENT_EPISODES` episodes; 0 before the first."""
        return sum(self.recent_rewards) / len(self.recent_rewards) if self.recent_rewards else 0.0

    def count_episode(self, reward: float, won: bool, steps: int, cooperative: int, dealings: int) -> None:
        """Adds one finished episode."""
        self.total_reward += reward
        self.episode_count += 1
        self.win_count += won
        self.steps += steps
        self.recent_rewards.append(reward)
        self.cooperative_dealings += cooperative
        self.dealings += dealings
        if self.dealings:
            self.cooperation_score = self.cooperative_dealings / self.dealings

    def as_dict(self) -> dict[str, Any]:
        """All fields, JSON-able."""
        return {**asdict(self), "recent_rewards": list(self.recent_rewards)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ModelState:
        """The reverse of `as_dict`. Raises a ValueError for values of another type."""
        values = {one.name: data[one.name] for one in fields(cls) if one.name in data}
        state = TypeAdapter(cls).validate_python({**values, "recent_rewards": []})
        state.recent_rewards = deque(map(float, data.get("recent_rewards", ())), maxlen=RECENT_EPISODES)
        return state

    def summary(self) -> dict[str, Any]:
        """The documented entry of `get_model_performance_summary`."""
        episodes = max(1, self.episode_count)
        return {
            "model_type": self.model_type,
            "model_name": self.model_name,
            "avg_reward": self.total_reward / episodes,
            "win_rate": self.win_count / episodes,
            "total_episodes": self.episode_count,
            "update_count": self.update_count,
            "cooperation_score": self.cooperation_score,
            "gpu_id": self.gpu_id,
            "milestones": dict(self.milestones),
        }

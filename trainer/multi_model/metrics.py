"""The course of a training: the documented `training_metrics`, kept across resumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trainer.multi_model.model_state import ModelState

MOST_ENTRIES = 10_000
"""So many of the newest episodes are kept in the lists; every checkpoint holds them."""


@dataclass
class TrainingMetrics:
    """One entry an episode in every list."""

    episodes: list[int] = field(default_factory=list)
    total_rewards: list[float] = field(default_factory=list)
    """Of all models together, as the world gave them."""
    cooperation_ratios: list[float] = field(default_factory=list)
    model_performances: dict[str, list[float]] = field(default_factory=dict)
    """By model: mean reward of its recent episodes."""
    seconds: float = 0.0
    """Wall time of episodes and updates."""
    steps: int = 0

    def add(self, result: Mapping[str, Any], performances: Mapping[str, float]) -> None:
        """Adds the result of an episode."""
        self.episodes.append(result["episode"])
        self.total_rewards.append(result["total_reward"])
        self.cooperation_ratios.append(result["cooperation_ratio"])
        for model_id, performance in performances.items():
            self.model_performances.setdefault(model_id, []).append(performance)
        for row in (self.episodes, self.total_rewards, self.cooperation_ratios, *self.model_performances.values()):
            del row[:-MOST_ENTRIES]
        self.seconds += result["episode_time"]
        self.steps += result["steps"]

    @property
    def mean_cooperation(self) -> float:
        """Over the kept episodes; 0 before the first."""
        return sum(self.cooperation_ratios) / max(1, len(self.cooperation_ratios))

    def as_dict(self, states: Sequence[ModelState]) -> dict[str, Any]:
        """The documented dict, with `throughput`: steps of all models together per second."""
        return {
            "episodes": list(self.episodes),
            "total_rewards": list(self.total_rewards),
            "cooperation_ratios": list(self.cooperation_ratios),
            "weight_update_counts": {state.model_id: state.update_count for state in states},
            "model_performances": {model_id: list(row) for model_id, row in self.model_performances.items()},
            "throughput": self.steps / self.seconds if self.seconds else 0.0,
        }

    def state_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "episodes": self.episodes,
            "total_rewards": self.total_rewards,
            "cooperation_ratios": self.cooperation_ratios,
            "model_performances": self.model_performances,
            "seconds": self.seconds,
            "steps": self.steps,
        }

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Any]) -> TrainingMetrics:
        """The reverse of `state`."""
        return cls(**state)

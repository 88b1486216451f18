"""What a run has come to so far: the numbers behind metrics, progress and the summary, kept across resumes."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from typing import Any

from core.vocabulary import EpisodeResult, Source

WINDOW_EPISODES = 20
"""Finished whole games behind everything that is called recent or average."""


class RunTally:
    """Counts finished episodes."""

    def __init__(self) -> None:
        self.episodes = 0
        self.steps = 0
        """Environment steps of finished episodes."""
        self.best_reward: float | None = None
        self.reward_sum = 0.0
        self.seconds = 0.0
        """Wall time of training, evaluations included, over all its parts."""
        self.source_steps: Counter[Source] = Counter()
        self.milestones: Counter[str] = Counter()
        """In how many episodes each milestone was reached."""
        self.evaluations = 0
        self._rewards: deque[float] = deque(maxlen=WINDOW_EPISODES)
        self._successes: deque[bool] = deque(maxlen=WINDOW_EPISODES)

    def add(self, result: EpisodeResult) -> None:
        """Counts one finished episode. Only whole games say something about rewards and success."""
        self.episodes += 1
        self.steps += result.steps
        self.reward_sum += result.reward
        self.source_steps.update(result.source_steps)
        self.milestones.update(result.milestones)
        if not result.is_whole:
            return
        self.best_reward = result.reward if self.best_reward is None else max(self.best_reward, result.reward)
        self._rewards.append(result.reward)
        self._successes.append(not result.truncated)

    @property
    def recent_reward(self) -> float | None:
        """Mean reward of the last `WINDOW_EPISODES` whole games; None before the first."""
        return sum(self._rewards) / len(self._rewards) if self._rewards else None

    @property
    def success_rate(self) -> float:
        """Share of the last `WINDOW_EPISODES` whole games that reached the final milestone, 0 to 1."""
        return sum(self._successes) / max(1, len(self._successes))

    @property
    def episode_length(self) -> float | None:
        """Mean steps of an episode; None before the first."""
        return self.steps / self.episodes if self.episodes else None

    def source_share(self, source: Source) -> float:
        """Share of all steps decided by `source`, 0 to 1."""
        return self.source_steps[source] / max(1, self.steps)

    def state_dict(self) -> dict[str, Any]:
        """Everything above, JSON-able."""
        return {
            "episodes": self.episodes,
            "steps": self.steps,
            "best_reward": self.best_reward,
            "reward_sum": self.reward_sum,
            "seconds": self.seconds,
            "source_steps": {source.value: steps for source, steps in self.source_steps.items()},
            "milestones": dict(self.milestones),
            "evaluations": self.evaluations,
            "rewards": list(self._rewards),
            "successes": list(self._successes),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` gave. Raises TypeError or ValueError for what is no number."""
        self.episodes = state["episodes"]
        self.steps = state["steps"]
        self.best_reward = None if state["best_reward"] is None else float(state["best_reward"])
        self.reward_sum = state["reward_sum"]
        self.seconds = state["seconds"]
        self.source_steps = Counter({Source(word): int(steps) for word, steps in state["source_steps"].items()})
        self.milestones = Counter({name: int(episodes) for name, episodes in state["milestones"].items()})
        self.evaluations = state["evaluations"]
        self._rewards = deque(map(float, state["rewards"]), maxlen=WINDOW_EPISODES)
        self._successes = deque(map(bool, state["successes"]), maxlen=WINDOW_EPISODES)

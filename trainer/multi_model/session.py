"""What the trainer asks of a place where models play an episode together, be it an arena or the cartridge."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from core.arenas.base import Stance
from core.exceptions import EpisodeTimeoutError
from core.history.records import SettingChange
from trainer.multi_model.config import MultiModelConfig, TrainingMode
from trainer.multi_model.model_sources import ModelSource
from trainer.multi_model.model_state import ModelState
from trainer.multi_model.players import Answers, Player
from trainer.multi_model.rewards import Balance, Rewards, balance_of, shaped_rewards
from trainer.multi_model.weights import WeightOwner, WeightUpdate


@dataclass(frozen=True, slots=True)
class Standing:
    """How the models stand to each other in an episode."""

    mode: TrainingMode
    balance: Balance
    leader: int | None
    """Index of the model that plans, in hierarchical mode."""

    def pay(self, rewards: Rewards, followed: Rewards | None = None) -> Rewards:
        """What the models learn from, for rewards that the world gave them; see `rewards.py`."""
        return shaped_rewards(self.mode, rewards, self.balance, self.leader, followed)


def standing_of(config: MultiModelConfig, states: Sequence[ModelState]) -> Standing:
    """The standing by what the models achieved lately; the best so far leads, the first until one is better."""
    performances = np.array([state.performance for state in states])
    balance = balance_of(config.training_mode, config.cooperation_strength, config.competition_intensity, performances)
    leads = config.training_mode is TrainingMode.HIERARCHICAL
    return Standing(config.training_mode, balance, int(performances.argmax()) if leads else None)


class Deadline:
    """When an episode is given up."""

    def __init__(self, timeout_s: float | None) -> None:
        self._timeout_s = timeout_s
        self._begun_s = time.monotonic()

    def check(self, what: str) -> None:
        """Raises EpisodeTimeoutError when the time is over."""
        if self._timeout_s is not None and time.monotonic() - self._begun_s > self._timeout_s:
            raise EpisodeTimeoutError(
                f"Episode timeout: {what} was not over after {self._timeout_s:g} s; raise episode_timeout_s, lower "
                "episode_length, or call train() again to play it anew"
            )


@dataclass(slots=True)
class ModelEpisode:
    """What one model did in an episode."""

    reward: float = 0.0
    """As the world gave it."""
    paid: float = 0.0
    """As the mode made it: what is learned from."""
    steps: int = 0
    cooperative: int = 0
    dealings: int = 0
    action: str = ""
    """The last one."""
    log_probability: float | None = None
    """Of the last action, where it is known."""
    decision_s: float = 0.0
    answers: Answers = field(default_factory=Answers)
    """What came of the questions to its language model."""
    milestones: tuple[str, ...] = ()


@dataclass(slots=True)
class PlayedEpisode:
    """What came of one episode, by model."""

    models: dict[str, ModelEpisode]
    cooperation_ratio: float = 0.0
    """Mean over the steps of the share of models that cooperated."""
    updates: list[WeightUpdate] = field(default_factory=list)
    environment: dict[str, Any] = field(default_factory=dict)
    interactions: Counter[tuple[str, str, Stance]] = field(default_factory=Counter)
    """How often who treated whom how."""


class Session(Protocol):
    """The models at one place. `update` is called when weights should move."""

    @property
    def learners(self) -> Sequence[WeightOwner]: ...

    @property
    def players(self) -> Sequence[Player]:
        """The language models."""
        ...

    def settings_dict(self) -> dict[str, Any]:
        """Settings of the place itself, JSON-able, so that a resume can tell what has changed."""
        ...

    def use_settings(self, config: MultiModelConfig) -> None:
        """Learning rate and batch size as they are now."""
        ...

    def play_episode(
        self, number: int, standing: Standing, deadline: Deadline, update: Callable[[], WeightUpdate]
    ) -> PlayedEpisode:
        """Plays episode `number` (from 1). Raises EpisodeTimeoutError; the episode is as if it had not begun then."""
        ...

    def tensors(self) -> dict[str, Mapping[str, Any]]:
        """By model: weights and optimizer moments."""
        ...

    def load_tensors(self, tensors: Mapping[str, Mapping[str, Any]]) -> None: ...

    def state_dict(self) -> dict[str, Any]:
        """Everything else that the next episode depends on, JSON-able."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` gave; changes nothing on disk."""
        ...

    def go_on(self, changes: Collection[SettingChange]) -> None:
        """Goes on from the restored state with settings that have changed: a decision record, where there is one, notes
        them, and forgets what was played later."""
        ...

    def save_adapters(self, folder: Path) -> None:
        """Writes language-model adapters as PEFT folders, where there are any."""
        ...

    def close(self) -> None: ...


class Place(Protocol):
    """An environment that is no arena: it opens its own session, as `cartridge.CartridgeEnvironment` does."""

    def open_session(self, sources: Sequence[ModelSource], config: MultiModelConfig, folder: Path) -> Session:
        """Loads the models and begins; `folder` keeps base models that are made on the spot."""
        ...

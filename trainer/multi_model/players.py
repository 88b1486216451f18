"""Who decides for one model: a local model that learns by its weights, or a hosted one that learns from the record."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from agents.text.option_policy import OptionPolicy
from trainer.llm_manager import LLMManager
from trainer.multi_model.option_learner import OptionLearner
from trainer.multi_model.record import DecisionRecord

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A decision. `log_probability` is None where the model does not tell."""

    index: int
    log_probability: float | None
    probability: float
    """The model's own, or how sure it said to be, 0 to 1."""


class Player(Protocol):
    """One model at the table."""

    model_id: str
    gpu_id: int
    """Where its base is; -1: on no GPU of this machine."""
    record: DecisionRecord
    """Its own, or its team's."""
    unanswered: int

    @property
    def learner(self) -> OptionLearner | None:
        """What a weight update moves; None for models whose weights lie elsewhere."""
        ...

    def choose(self, situation: str, options: Sequence[str]) -> Chosen: ...

    def reward(self, reward: float) -> None:
        """What the mode pays for the last choice."""
        ...

    def end_episode(self) -> None: ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None: ...

    def close(self) -> None: ...


class LocalPlayer:
    """A model in this process; it explores by drawing from its own distribution."""

    def __init__(
        self, model_id: str, policy: OptionPolicy, learner: OptionLearner, seed: int, gpu_id: int = -1
    ) -> None:
        self.model_id = model_id
        self.gpu_id = gpu_id
        self.record = DecisionRecord()
        self.unanswered = 0
        self._policy = policy
        self._learner = learner
        self._generator = torch.Generator().manual_seed(seed)

    @property
    def learner(self) -> OptionLearner | None:
        return self._learner

    @property
    def policy(self) -> OptionPolicy:
        """What draws."""
        return self._policy

    def choose(self, situation: str, options: Sequence[str]) -> Chosen:
        choice = self._policy.choose(self.record.favourite_in_words(options) + situation, options, self._generator)
        self._learner.add(choice)
        return Chosen(choice.index, choice.log_probability, choice.probabilities[choice.index])

    def reward(self, reward: float) -> None:
        self._learner.reward(reward)

    def end_episode(self) -> None:
        self._learner.end_episode()

    def state_dict(self) -> dict[str, Any]:
        return {
            "generator": self._generator.get_state().tolist(),
            "learner": self._learner.state_dict(),
            "record": self.record.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._generator.set_state(torch.tensor(state["generator"], dtype=torch.uint8))
        self._learner.load_state_dict(state["learner"])
        self.record.load_state_dict(state["record"])

    def close(self) -> None:
        """Nothing is held open."""


class HostedPlayer:
    """A model behind a server. It reads the record in its prompt; its weights are not ours to move."""

    gpu_id = -1

    def __init__(self, model_id: str, manager: LLMManager) -> None:
        self.model_id = model_id
        self.record = DecisionRecord()
        self.unanswered = 0
        self._manager = manager
        self._told = False

    @property
    def learner(self) -> OptionLearner | None:
        return None

    def choose(self, situation: str, options: Sequence[str]) -> Chosen:
        """The model's choice; where it does not answer, the option that did best so far, which is said once."""
        choice = self._manager.choose_option(self.record.in_words(options) + situation, options)
        if choice is not None:
            return Chosen(choice.index, None, choice.confidence)
        self.unanswered += 1
        if not self._told:
            self._told = True
            log.warning("%s does not answer: the record of past decisions chooses in its place", self.model_id)
        return Chosen(self.record.best(options), None, 0.0)

    def reward(self, reward: float) -> None:
        """The record has the rewards already."""

    def end_episode(self) -> None:
        """The record goes on."""

    def state_dict(self) -> dict[str, Any]:
        return {"manager": self._manager.state_dict(), "record": self.record.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._manager.load_state_dict(state["manager"])
        self.record.load_state_dict(state["record"])

    def close(self) -> None:
        self._manager.close()

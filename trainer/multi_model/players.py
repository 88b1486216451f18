"""Who decides for one model: a local model that learns by its weights, or a hosted one that learns from the record."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from agents.text.option_policy import OptionChoice, OptionPolicy
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
    drawn: OptionChoice | None = None
    """What a model that learns here learns from."""


@dataclass(slots=True)
class Answers:
    """What came of the questions to one model."""

    asked: int = 0
    unanswered: int = 0
    """Questions that others had to decide."""
    seconds: float = 0.0
    """Wall time until the answers were there, in all."""

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Around one question."""
        self.asked += 1
        begun_s = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - begun_s


class Player(Protocol):
    """One model at the table."""

    model_id: str
    gpu_id: int
    """Where its base is; -1: on no GPU of this machine."""
    record: DecisionRecord
    """Its own, or its team's."""
    answers: Answers
    """Since `end_episode` was called last."""

    @property
    def learner(self) -> OptionLearner | None:
        """What a weight update moves; None for models whose weights lie elsewhere."""
        ...

    dice: Any
    """The state of its random numbers; None where it has none here."""

    def choose(self, situation: str, options: Sequence[str]) -> Chosen:
        """`draw` and `note` in one."""
        ...

    def draw(self, situation: str, options: Sequence[str]) -> Chosen:
        """A decision that does not count yet."""
        ...

    def note(self, chosen: Chosen) -> None:
        """The decision was taken: rewards that follow are its."""
        ...

    def reward(self, reward: float) -> None:
        """What the mode pays for the last choice."""
        ...

    def end_game(self) -> None:
        """The game is over and the episode may go on with another: what comes is not of earlier choices' making."""
        ...

    def end_episode(self) -> Answers:
        """What came of the episode's questions."""
        ...

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
        self.answers = Answers()
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

    @property
    def dice(self) -> torch.Tensor:
        """The state of its random numbers."""
        return self._generator.get_state()

    @dice.setter
    def dice(self, state: torch.Tensor) -> None:
        self._generator.set_state(state)

    def choose(self, situation: str, options: Sequence[str]) -> Chosen:
        chosen = self.draw(situation, options)
        self.note(chosen)
        return chosen

    def draw(self, situation: str, options: Sequence[str]) -> Chosen:
        with self.answers.timed():
            choice = self._policy.choose(self.record.favourite_in_words(options) + situation, options, self._generator)
        return Chosen(choice.index, choice.log_probability, choice.probabilities[choice.index], choice)

    def note(self, chosen: Chosen) -> None:
        if chosen.drawn is not None:
            self._learner.add(chosen.drawn)

    def reward(self, reward: float) -> None:
        self._learner.reward(reward)

    def end_game(self) -> None:
        self._learner.end_game()

    def end_episode(self) -> Answers:
        self._learner.end_episode()
        answers, self.answers = self.answers, Answers()
        return answers

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
        self.answers = Answers()
        self.dice = None
        self._manager = manager
        self._told = False

    @property
    def learner(self) -> OptionLearner | None:
        return None

    def choose(self, situation: str, options: Sequence[str]) -> Chosen:
        return self.draw(situation, options)

    def draw(self, situation: str, options: Sequence[str]) -> Chosen:
        """The model's choice; where it does not answer, the option that did best so far, which is said once."""
        with self.answers.timed():
            choice = self._manager.choose_option(self.record.in_words(options) + situation, options)
        if choice is not None:
            return Chosen(choice.index, None, choice.confidence)
        self.answers.unanswered += 1
        if not self._told:
            self._told = True
            log.warning("%s does not answer: the record of past decisions chooses in its place", self.model_id)
        return Chosen(self.record.best(options), None, 0.0)

    def note(self, chosen: Chosen) -> None:
        """The record has what came of it."""

    def reward(self, reward: float) -> None:
        """The record has the rewards already."""

    def end_game(self) -> None:
        """The record goes on."""

    def end_episode(self) -> Answers:
        answers, self.answers = self.answers, Answers()
        return answers

    def state_dict(self) -> dict[str, Any]:
        return {"manager": self._manager.state_dict(), "record": self.record.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._manager.load_state_dict(state["manager"])
        self.record.load_state_dict(state["record"])

    def close(self) -> None:
        self._manager.close()

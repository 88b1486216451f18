"""What an episode on the cartridge comes to, model by model, and what the language models are told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainer.multi_model.model_seat import ModelSeat
from trainer.multi_model.session import ModelEpisode, PlayedEpisode
from trainer.multi_model.weights import WeightUpdate


class SeatedEpisode:
    """Adds up an episode, of however many games."""

    def __init__(self, seats: Sequence[ModelSeat], milestone_names: Sequence[str]) -> None:
        self.updates: list[WeightUpdate] = []
        self._seats = seats
        self._milestone_names = milestone_names
        self._models = [ModelEpisode() for _ in seats]
        self._reached: list[set[str]] = [set() for _ in seats]
        self._decided_s = [seat.decision_s for seat in seats]

    def add(self, lane: int, rewards: Sequence[float], paid: Sequence[float], reached: Sequence[str]) -> None:
        """Adds what the seat at a lane got, step by step, and the milestones that it reached."""
        one = self._models[lane]
        one.steps += len(rewards)
        for reward in rewards:
            one.reward += reward
        for reward in paid:
            one.paid += reward
        self._reached[lane].update(reached)

    def finished(self, environment: Mapping[str, Any]) -> PlayedEpisode:
        """The episode is over, for the language models too."""
        for seat, one, reached, decided_s in zip(
            self._seats, self._models, self._reached, self._decided_s, strict=True
        ):
            one.milestones = tuple(name for name in self._milestone_names if name in reached)
            one.decision_s = seat.decision_s - decided_s
            if seat.player is not None:
                one.answers = seat.player.end_episode()
        models = {seat.model_id: one for seat, one in zip(self._seats, self._models, strict=True)}
        return PlayedEpisode(models, updates=self.updates, environment=dict(environment))

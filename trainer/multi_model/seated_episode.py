"""What an episode on the cartridge comes to, model by model, and what the language models are told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainer.multi_model.model_seat import ModelSeat
from trainer.multi_model.session import ModelEpisode, PlayedEpisode
from trainer.multi_model.weights import WeightUpdate
from trainer.play.loop import EndedEpisode, Stage
from trainer.play.player import PlayedStep


class SeatedEpisode(Stage):
    """Adds up an episode, of however many games."""

    def __init__(self, seats: Sequence[ModelSeat], milestone_names: Sequence[str]) -> None:
        self.updates: list[WeightUpdate] = []
        self._seats = seats
        self._milestone_names = milestone_names
        self._models = [ModelEpisode() for _ in seats]
        self._reached: list[set[str]] = [set() for _ in seats]
        self._decided_s = [seat.decision_s for seat in seats]

    def after_step(self, played: PlayedStep) -> None:
        """Adds a step, and pays the language models for it."""
        rewards, paid = played.rewards.tolist(), played.paid.tolist()
        for seat in self._seats:
            lane = seat.lane
            one = self._models[lane]
            one.reward += rewards[lane]
            one.paid += paid[lane]
            one.steps += 1
            self._reached[lane].update(played.new_milestones[lane])
            if seat.player is not None:
                seat.player.reward(paid[lane])
            if seat.manager is not None:
                seat.manager.earned(rewards[lane])

    def after_episode(self, ended: EndedEpisode) -> None:
        """A game is over: no reward of the next one goes back to a choice in this one."""
        seat = self._seats[ended.lane]
        if seat.player is not None:
            seat.player.end_game()
        if seat.manager is not None:
            seat.manager.end_game()

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

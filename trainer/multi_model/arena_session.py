"""An episode in an arena: all models choose at the same time, step after step, and are paid as the mode has it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.arenas.base import Stance
from core.arenas.training_environment import MultiModelTrainingEnvironment
from core.exceptions import ConfigurationError
from core.history.records import SettingChange
from trainer.multi_model.config import MultiModelConfig, TrainingMode
from trainer.multi_model.option_learner import OptionLearner
from trainer.multi_model.players import Chosen, Player
from trainer.multi_model.record import DecisionRecord
from trainer.multi_model.session import Deadline, ModelEpisode, PlayedEpisode, Standing
from trainer.multi_model.weights import WeightUpdate
from trainer.play.episode_seeds import training_seed


class ArenaSession:
    """The models of a training in one arena."""

    def __init__(
        self, environment: MultiModelTrainingEnvironment, players: Sequence[Player], config: MultiModelConfig
    ) -> None:
        """Raises ConfigurationError when the arena has another number of seats."""
        seats = len(environment.possible_agents)
        if seats != len(players):
            raise ConfigurationError(
                f"Invalid number of models: the environment has {seats} seats, the training {len(players)} models; "
                f"set num_models to {seats} or make the environment with num_models={len(players)}"
            )
        self.environment = environment
        self.players = list(players)
        self._config = config
        self._ids = [player.model_id for player in players]
        environment.use_agent_ids(self._ids)

    @property
    def learners(self) -> list[OptionLearner]:
        return [player.learner for player in self.players if player.learner is not None]

    def use_settings(self, config: MultiModelConfig) -> None:
        self._config = config
        for learner in self.learners:
            learner.use_settings(config.learning_rate, config.batch_size)

    def play_episode(
        self, number: int, standing: Standing, deadline: Deadline, update: Callable[[], WeightUpdate]
    ) -> PlayedEpisode:
        self._share_records(standing.mode)
        episode = PlayedEpisode({model_id: ModelEpisode() for model_id in self._ids})
        ratios: list[float] = []
        try:
            self.environment.reset(seed=training_seed(self._config.seed, number - 1), options={"episode": number - 1})
            for _ in range(self._config.episode_length):
                if not self.environment.agents:
                    break
                deadline.check(f"episode {number}")
                self._step(standing, episode)
                ratios.append(self.environment.cooperation_ratio)
        except BaseException:
            for learner in self.learners:
                learner.abandon_episode()
            raise
        for player in self.players:
            episode.models[player.model_id].answers = player.end_episode()
        episode.cooperation_ratio = float(np.mean(ratios)) if ratios else 0.0
        episode.environment = self.environment.get_environment_info()
        if number % self._config.update_frequency == 0 and self.learners:
            episode.updates.append(update())
        return episode

    def tensors(self) -> dict[str, Mapping[str, Any]]:
        return {learner.name: learner.tensors() for learner in self.learners}

    def load_tensors(self, tensors: Mapping[str, Mapping[str, Any]]) -> None:
        for learner in self.learners:
            learner.load_tensors(tensors[learner.name])

    def state_dict(self) -> dict[str, Any]:
        return {player.model_id: player.state_dict() for player in self.players}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._share_records(self._config.training_mode)
        for player in self.players:
            player.load_state_dict(state[player.model_id])

    def settings_dict(self) -> dict[str, Any]:
        return {"arena": type(self.environment.arena).__name__}

    def go_on(self, changes: Collection[SettingChange]) -> None:
        """An arena has no decision record; the checkpoints keep the changes."""

    def save_adapters(self, folder: Path) -> None:
        for learner in self.learners:
            learner.policy.text.save_adapter(folder)

    def close(self) -> None:
        for player in self.players:
            player.close()
        self.environment.close()

    def _step(self, standing: Standing, episode: PlayedEpisode) -> None:
        present = [player for player in self.players if player.model_id in self.environment.agents]
        chosen = self._choose(present, standing, episode)
        options = self.environment.options
        _, rewards, _, _, _ = self.environment.step({model_id: one.index for model_id, one in chosen.items()})
        paid = self._pay(present, standing, chosen, rewards)
        for player, pay in zip(present, paid, strict=True):
            one = episode.models[player.model_id]
            reward = rewards[player.model_id]
            player.record.add(options[chosen[player.model_id].index], reward)
            player.reward(float(pay))
            one.reward += reward
            one.paid += float(pay)
            one.steps += 1
            one.action = options[chosen[player.model_id].index]
            one.log_probability = chosen[player.model_id].log_probability
        for dealing in self.environment.interactions:
            episode.interactions[dealing.source, dealing.target, dealing.stance] += 1
            if dealing.stance is not Stance.NEUTRAL:
                one = episode.models[dealing.source]
                one.dealings += 1
                one.cooperative += dealing.stance is Stance.COOPERATE

    def _choose(self, present: Sequence[Player], standing: Standing, episode: PlayedEpisode) -> dict[str, Chosen]:
        """Everybody's choice. A leader chooses first, and the others read its plan."""
        options = self.environment.options
        leader = "" if standing.leader is None else self._ids[standing.leader]
        chosen: dict[str, Chosen] = {}
        for player in sorted(present, key=lambda one: one.model_id != leader):
            begun_s = time.perf_counter()
            plan = f"Your leader plans: {options[chosen[leader].index]}.\n" if leader in chosen else ""
            situation = plan + self.environment.prompt(player.model_id)
            chosen[player.model_id] = player.choose(situation, options)
            episode.models[player.model_id].decision_s += time.perf_counter() - begun_s
        return chosen

    def _pay(
        self,
        present: Sequence[Player],
        standing: Standing,
        chosen: Mapping[str, Chosen],
        rewards: Mapping[str, float],
    ) -> Sequence[float]:
        leader = "" if standing.leader is None else self._ids[standing.leader]
        here = [player.model_id for player in present]
        given = np.array([rewards[model_id] for model_id in here])
        if leader not in chosen:
            return Standing(standing.mode, standing.balance, None).pay(given).tolist()
        plan = chosen[leader].index
        followed = np.array([float(chosen[model_id].index == plan) for model_id in here])
        return Standing(standing.mode, standing.balance, here.index(leader)).pay(given, followed).tolist()

    def _share_records(self, mode: TrainingMode) -> None:
        """A team has one record; rivals that shared one until now each go on with a fresh one of their own."""
        shared = all(player.record is self.players[0].record for player in self.players)
        if mode is TrainingMode.COMPETITIVE and shared and len(self.players) > 1:
            for player in self.players[1:]:
                player.record = DecisionRecord()
        elif mode is not TrainingMode.COMPETITIVE and not shared:
            for player in self.players[1:]:
                player.record = self.players[0].record

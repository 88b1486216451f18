"""One model on the cartridge: a hybrid agent at one lane, with its own policy and, if it has one, language model."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

import torch

from agents.learning.sb3_policy import MaskablePPOLearner
from core.agent.hybrid_agent import HybridAgent
from core.agent.strategy_system import AdaptiveStrategySystem
from core.game.game_data import GameData
from core.rules import RulePlayer
from trainer.multi_model.model_team import ModelTeam
from trainer.multi_model.planning_player import PlanningPlayer
from trainer.multi_model.players import Player
from trainer.multi_model.table_manager import TableManager
from trainer.play.seats import LearningSeat
from trainer.settings import Settings


class ModelSeat(LearningSeat):
    """The seat of a model; `lane` is the only one it has."""

    def __init__(
        self,
        lane: int,
        model_id: str,
        settings: Settings,
        learner: MaskablePPOLearner,
        player: Player | None,
        team: ModelTeam,
        game: GameData,
    ) -> None:
        """`player` is the language model, None for a model of rules and policy alone."""
        seed = settings.seed + lane
        self.model_id = model_id
        self.player = player
        self.plans = PlanningPlayer(RulePlayer(game, seed=seed, archive=team.grounds, starter=settings.starter))
        self.manager = None if player is None else TableManager(player)
        if player is not None:
            player.record = team.outcomes
        self.strategy = AdaptiveStrategySystem(team.record, initial_strategy=settings.initial_strategy, seed=seed)
        agent = HybridAgent(self.manager, self.strategy, mode=settings.agent_mode, seed=seed)
        agent.attach_policy(learner)
        agent.attach_lanes([self.plans])
        super().__init__(agent, range(lane, lane + 1), learner, team)

    @property
    def lane(self) -> int:
        """Where it plays."""
        return self.lanes.start

    def abandon(self) -> None:
        """What was played since the last update will be played anew."""
        self.agent.abandon_episode(0)
        self.learner.discard_rollout()
        if self.player is not None and self.player.learner is not None:
            self.player.learner.abandon_episode()

    def state_dict(self) -> dict[str, Any]:
        """All but weights and what the team has, JSON-able."""
        return {
            "agent": self.agent.state_dict(),
            "strategy": self.strategy.state_dict(),
            "learner": self.learner.state_dict(),
            "player": None if self.player is None else self.player.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` gave."""
        self.strategy.load_state_dict(state["strategy"])
        self.agent.load_state_dict(state["agent"])
        self.learner.load_state_dict(state["learner"])
        if self.player is not None:
            self.player.load_state_dict(state["player"])


class PolicyWeights:
    """The button policy of one model, as `weights.update_weights` wants it."""

    family = "button policy"

    def __init__(self, name: str, learner: MaskablePPOLearner) -> None:
        self.name = name
        self._learner = learner

    def parameters(self) -> Mapping[str, torch.nn.Parameter]:
        return self._learner.parameters()

    @property
    def has_experience(self) -> bool:
        return self._learner.ready

    def update_steps(self) -> Generator[None, None, object]:
        if self._learner.ready:
            yield from self._learner.update_steps()

    def discard_experience(self) -> None:
        self._learner.discard_rollout()

    def weights_changed(self) -> None:
        """Nothing is remembered of old weights."""

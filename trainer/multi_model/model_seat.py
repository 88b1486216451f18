"""One model on the cartridge: what learns, counts and answers of an agent whose deciding half sits in a worker."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from agents.learning.joint_update import update_steps_together
from agents.learning.sb3_policy import MaskablePPOLearner
from core.agent.exchange import count_report
from core.agent.hybrid_agent import HybridAgent
from core.agent.strategy_system import AdaptiveStrategySystem
from core.vocabulary import EpisodeResult
from trainer.multi_model.model_team import ModelTeam
from trainer.multi_model.players import Player
from trainer.multi_model.seats.messages import SeatPlay
from trainer.multi_model.table_manager import TableManager
from trainer.multi_model.weights import Halts, WeightOwner
from trainer.play.seats import LearningSeat
from trainer.settings import Settings


class ModelSeat(LearningSeat):
    """The seat of a model; `lane` is the only one it has. Its agent here decides nothing."""

    def __init__(
        self,
        lane: int,
        model_id: str,
        settings: Settings,
        learner: MaskablePPOLearner,
        player: Player | None,
        team: ModelTeam,
    ) -> None:
        """`player` is the language model, None for a model of rules and policy alone."""
        seed = settings.seed + lane
        self.model_id = model_id
        self.player = player
        self.manager = None if player is None else TableManager(player)
        if player is not None:
            player.record = team.outcomes
        self.strategy = AdaptiveStrategySystem(team.record, initial_strategy=settings.initial_strategy, seed=seed)
        agent = HybridAgent(self.manager, self.strategy, mode=settings.agent_mode, seed=seed)
        agent.attach_policy(learner)
        self._game_paid = 0.0
        """For the game under way."""
        self._dice: Any = None
        """The language model's, at the beginning of the segment."""
        super().__init__(agent, range(lane, lane + 1), learner, team)

    @property
    def lane(self) -> int:
        """Where it plays."""
        return self.lanes.start

    def begin_segment(self) -> None:
        """From now on a worker may ask the language model."""
        if self.player is not None:
            self._dice = self.player.dice

    def forget_answers(self) -> None:
        """What the language model was asked in this segment counts as not asked."""
        if self.player is not None and self.manager is not None:
            self.player.dice = self._dice
            self.manager.forget()

    def credit(
        self, played: SeatPlay, rewards: Sequence[float], paid: Sequence[float], games: Sequence[EpisodeResult]
    ) -> None:
        """What came of a segment, step by step: `rewards` of the world, what the mode has `paid`. `games` are those
        that ended in it."""
        rollout, calibration = played.rollout, self.agent.calibration
        ends = (rollout.terminated | rollout.truncated)[:, 0].tolist()
        returns: list[float] = []
        for step, (decided, pay, is_end) in enumerate(zip(played.decided, paid, ends, strict=True)):
            calibration.decided(0, *decided)
            calibration.rewarded(0, pay, is_end)
            self._game_paid += pay
            self._credit_model(step, rewards[step], pay, is_end)
            if is_end:
                returns.append(self._game_paid)
                self._game_paid = 0.0
        counted = [brought for brought, game in zip(returns, games, strict=True) if game.is_whole]
        outcomes = [
            replace(outcome, episode_return=brought)
            for outcome, brought in zip(played.report.games, counted, strict=True)
        ]
        count_report(self.agent, replace(played.report, games=tuple(outcomes)))
        self.agent.arbiter.random.bit_generator.state = dict(played.report.random_state)
        self.decision_s += played.decision_s
        rollout.rewards[:, 0] = paid
        self.learner.observe_parts([rollout])

    def lose_game(self) -> None:
        """The game under way was lost, through no fault of the agent: nothing later follows from it."""
        self.agent.calibration.forget(0)
        self.learner.cut_lanes(range(1))
        self._game_paid = 0.0
        self._end_game_of_model()

    def abandon(self) -> None:
        """What was played since the last update will be played anew."""
        self.agent.calibration.forget(0)
        self.learner.discard_rollout()
        self._game_paid = 0.0
        if self.manager is not None:
            self.manager.forget()
        if self.player is not None and self.player.learner is not None:
            self.player.learner.abandon_episode()

    def _credit_model(self, step: int, reward: float, pay: float, is_end: bool) -> None:
        if self.player is None or self.manager is None:
            return
        self.manager.settle(step)
        self.player.reward(pay)
        self.manager.earned(reward)
        if is_end:
            self._end_game_of_model()

    def _end_game_of_model(self) -> None:
        """No reward of the next game goes back to a choice in this one."""
        if self.player is not None and self.manager is not None:
            self.player.end_game()
            self.manager.end_game()

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

    @staticmethod
    def together(owners: Sequence[WeightOwner]) -> Halts:
        """Of button policies (`agents/learning/joint_update.py`)."""
        ready = {id(one._learner): one for one in owners if isinstance(one, PolicyWeights) and one._learner.ready}
        for halted in update_steps_together([one._learner for one in ready.values()]):
            yield [ready[id(learner)] for learner in halted]

    def discard_experience(self) -> None:
        self._learner.discard_rollout()

    def weights_changed(self) -> None:
        """Nothing is remembered of old weights."""

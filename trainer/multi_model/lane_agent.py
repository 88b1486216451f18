"""One model on the cartridge: a hybrid agent with its own policy and, if it has one, language model."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from agents.learning.sb3_policy import MaskablePPOLearner
from agents.llm.question import neutral_order, question_text
from core.agent.hybrid_agent import HybridAgent
from core.agent.lane_transitions import LaneTransitions
from core.agent.strategy_system import AdaptiveStrategySystem
from core.agent.transition_feeder import OneLane
from core.exceptions import ConfigurationError
from core.game.game_data import GameData
from core.history.records import EpisodeRecorder
from core.protocols import Choice
from core.rules import RulePlayer
from core.vocabulary import Decision, EpisodeResult, Option
from trainer.multi_model.knowledge import TeamState
from trainer.multi_model.players import HostedPlayer, Player
from trainer.settings import Settings

if TYPE_CHECKING:
    from core.env.lanes.vector_step import VectorStep
    from core.game.state import GameState
    from core.rules.planning.lane_memory import LaneMemory
    from core.rules.step import RuleStep

DEFAULT_CONTEXT_TOKENS = 2048


class LaneAgent:
    """What plays in lane `index`."""

    def __init__(
        self,
        index: int,
        model_id: str,
        settings: Settings,
        learner: MaskablePPOLearner,
        player: Player | None,
        knowledge: TeamState,
        game: GameData,
    ) -> None:
        """`player` is the language model, None for a model of rules and policy alone; `knowledge` its own or its
        team's."""
        self.index = index
        self.model_id = model_id
        self.learner = learner
        self.player = player
        self.knowledge = knowledge
        self.plans = PlanningPlayer(RulePlayer(game, seed=settings.seed + index, archive=knowledge.grounds))
        self.manager = None if player is None else TableManager(player)
        if player is not None:
            player.record = knowledge.outcomes
        self.strategy = AdaptiveStrategySystem(
            knowledge.record, initial_strategy=settings.initial_strategy, seed=settings.seed + index
        )
        self.agent = HybridAgent(self.manager, self.strategy, mode=settings.agent_mode, seed=settings.seed + index)
        self._seat = SeatPolicy(learner)
        self.agent.attach_policy(self._seat)
        self.agent.attach_lanes([self.plans])
        self.recorder = EpisodeRecorder(index)
        self.horizon_steps = 0
        """Of the game under way: the stage of the curriculum says how long it may take."""
        self._longest_game = settings.max_steps_per_episode
        self.begin_game(from_archive=False)
        self.direct()

    def direct(self) -> None:
        """Hands the curriculum's word on the teacher's share to agent and policy."""
        directive = self.knowledge.curriculum.directive()
        self.agent.direct(directive.teacher_share, directive.strategy_preference)
        self.learner.teacher_scale = directive.teacher_share

    def decide(
        self, step: VectorStep, states: Callable[[int], GameState], chances: NDArray[np.float32] | None = None
    ) -> Decision:
        """What this lane presses; `chances` is what its policy says to this step, (1, actions), if that is known."""
        row = slice(self.index, self.index + 1)
        view = OneLane({key: value[row] for key, value in step.observations.items()}, step.masks[row])
        self._seat.known = chances
        try:
            return self.agent.decide(view, lambda _lane: states(self.index))[0]
        finally:
            self._seat.known = None

    def begin_game(self, from_archive: bool) -> None:
        """A game begins, at its start or in a state of the archive; one that was under way does not count."""
        self._game_reward = 0.0
        self._from_archive = from_archive
        self.horizon_steps = self.knowledge.curriculum.directive().max_steps or self._longest_game

    def live(
        self, before: VectorStep, decision: Decision, reward: float, paid: float, is_last: bool, after: VectorStep
    ) -> None:
        """What came of the decision: `reward` is the world's, `paid` the mode's; `is_last` cuts the game short.

        The curriculum and the strategies count games that ended by themselves or had their whole time, and began at the
        beginning: what a game that was cut short would have brought is not known.
        """
        lane = self.index
        row = slice(lane, lane + 1)
        terminated, out_of_time = bool(after.terminated[lane]), bool(after.truncated[lane])
        lost = bool(after.lost_steps[lane])
        self._game_reward += reward
        counts = (terminated or out_of_time) and not self._from_archive
        if lost:
            self.agent.abandon_episode(0)
        else:
            self.agent.observe(0, decision, paid, terminated or out_of_time or is_last, counts)
            if counts:
                game = EpisodeResult(0, lane, self._game_reward, int(after.episode_steps[lane]), ())
                self.knowledge.curriculum.finish_episode(game)
        if self.player is not None:
            self.player.reward(paid)
        if self.manager is not None:
            self.manager.earned(reward)
        self.learner.observe(
            LaneTransitions.of_one_lane(
                {key: value[row] for key, value in before.observations.items()},
                before.masks[row],
                decision,
                paid,
                {key: value[row] for key, value in after.observations.items()},
                terminated=terminated,
                truncated=(out_of_time or is_last) and not terminated,
                lost=lost,
            )
        )

    def finish_episode(self) -> None:
        """An episode of the training is over."""
        if self.player is not None:
            self.player.end_episode()

    def state_dict(self) -> dict[str, Any]:
        return {
            "agent": self.agent.state_dict(),
            "strategy": self.strategy.state_dict(),
            "learner": self.learner.state_dict(),
            "player": None if self.player is None else self.player.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` gave; the knowledge comes first, since what it says is applied here."""
        self.strategy.load_state_dict(state["strategy"])
        self.agent.load_state_dict(state["agent"])
        self.learner.load_state_dict(state["learner"])
        if self.player is not None:
            self.player.load_state_dict(state["player"])
        self.recorder.discard()
        self.direct()


class SeatPolicy:
    """An agent's policy. Where all agents' policies were asked at once, its answer is `known` and not asked again."""

    def __init__(self, learner: MaskablePPOLearner) -> None:
        self._learner = learner
        self.known: NDArray[np.float32] | None = None

    def probabilities(self, observations: Mapping[str, NDArray[Any]], masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        return self._learner.probabilities(observations, masks) if self.known is None else self.known


class PolicyWeights:
    """The button policy of one model, as `weights.update_weights` wants it."""

    family = "button policy"

    def __init__(self, name: str, learner: MaskablePPOLearner) -> None:
        self.name = name
        self._learner = learner

    def parameters(self) -> Mapping[str, torch.nn.Parameter]:
        return self._learner.parameters()

    def update_steps(self) -> Generator[None, None, object]:
        if self._learner.ready:
            yield from self._learner.update_steps()

    def discard_experience(self) -> None:
        self._learner.discard_rollout()

    def weights_changed(self) -> None:
        """Nothing is remembered of old weights."""


class PlanningPlayer:
    """A rule player that tells what it is carrying out, and that puts a leader's plan first where it can follow it."""

    def __init__(self, player: RulePlayer) -> None:
        self._player = player
        self.plan: Option | None = None
        """What was carried out last."""
        self.leader: PlanningPlayer | None = None
        """Whose plan comes first; None follows nobody."""
        self._listed: dict[str, Option] = {}

    @property
    def memory(self) -> LaneMemory:
        """What it has noted in this game, the ground it knows included."""
        return self._player.memory

    def options(self, state: GameState) -> Sequence[Option]:
        options = self._player.options(state)
        self._listed = {option.key: option for option in options}
        wanted = None if self.leader is None or self.leader.plan is None else self._listed.get(self.leader.plan.key)
        if wanted is None or wanted is options[0]:
            return options
        first = replace(wanted, value=options[0].value + 1.0)
        return (first, *(option for option in options if option is not wanted))

    def choose(self, state: GameState) -> Option:
        return self.options(state)[0]

    def act(self, state: GameState, option: Option) -> RuleStep:
        self.plan = option
        return self._player.act(state, self._listed.get(option.key, option))

    def overruled(self) -> None:
        self._player.overruled()

    def reset(self) -> None:
        self.plan = None
        self._listed = {}
        self._player.reset()


class TableManager:
    """A model of the table as the language model of a hybrid agent (`core.protocols.LLMManagerLike`)."""

    available = True

    def __init__(self, player: Player) -> None:
        self._player = player
        policy = getattr(player, "policy", None)
        self.max_context_length = DEFAULT_CONTEXT_TOKENS
        if policy is not None:
            self.max_context_length = min(DEFAULT_CONTEXT_TOKENS, policy.context_length)
        self.news = ""
        """What the mates have achieved, put before every prompt; empty where nothing is shared."""
        self._last_option = ""
        self._reward_since = 0.0

    def begin_episode(self) -> int:
        return 0

    def choose_option(self, prompt: str, options: Sequence[str], episode: int = 0) -> Choice | None:
        """None when the question is longer than the model can read: the rules then decide, and it is counted."""
        del episode
        order = neutral_order(options)
        listed = [options[index] for index in order]
        hosted = isinstance(self._player, HostedPlayer)
        try:
            # A server's back-end lists the options itself.
            chosen = self._player.choose(self.news + (prompt if hosted else question_text(prompt, listed)), listed)
        except ConfigurationError:
            self._player.unanswered += 1
            return None
        self._note(listed[chosen.index])
        return Choice(order[chosen.index], chosen.probability, f"chosen with {chosen.probability:.0%}")

    def earned(self, reward: float) -> None:
        """What the world paid in a step."""
        self._reward_since += reward

    def _note(self, option: str) -> None:
        if self._last_option and isinstance(self._player, HostedPlayer):
            self._player.record.add(self._last_option, self._reward_since)
        self._last_option, self._reward_since = option, 0.0

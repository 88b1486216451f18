"""The hybrid agent: per step and lane it lets the guide or the policy act, with a probability that it knows.

The guide is the language model's or the rules' option, carried out by the rule player; the policy is a distribution
over buttons. The played action's probability under the whole mixture goes into the `Decision`, so the learner can be
right about actions that others chose. Rewards are credited to the source that acted and, per episode, to the strategy.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.adaptive_strategy_system import AdaptiveStrategySystem
from core.arbitration import GuideCurriculum, guide_share
from core.calibration import ConfidenceCalibration
from core.exceptions import CheckpointError, ConfigurationError, DecisionValidationError
from core.game_state_analyzer import GameStateAnalysis
from core.guide import Advice, LaneGuide, RulePlayerLike, situation_of
from core.loop_detector import LoopDetector
from core.protocols import LLMManagerLike, Policy
from core.transition_feeder import Learner, OneLane, TransitionFeeder, policy_view
from core.vocabulary import ACTION_COUNT, AgentMode, Button, Decision, GameMode, Source, StrategyType

if TYPE_CHECKING:
    from core.game.state import GameState

__all__ = ["AgentMode", "HybridAgent"]

log = logging.getLogger(__name__)

STATE_VERSION = 1
LOOP_EXPLORATION = 0.25
"""Chance of a random allowed button while a lane goes round in circles."""


class LanesStep(Protocol):
    """The part of a vector environment's step that a decision needs."""

    @property
    def observations(self) -> Mapping[str, NDArray[Any]]: ...
    @property
    def masks(self) -> NDArray[np.bool_]: ...


@dataclass(slots=True)
class _Lane:
    """What the agent remembers of one lane within an episode."""

    guide: LaneGuide
    strategy: StrategyType
    loops: LoopDetector = field(default_factory=LoopDetector)
    episode_return: float = 0.0
    stated_confidence: float = 0.0
    """Of the last decision's source, before calibration."""
    last_decision: Decision | None = None


def describe_state(state: GameState) -> str:
    """The prompt put before the options: what is the case, in one line of plain English."""
    return f"{GameStateAnalysis.from_game_state(state).get_summary()}\nWhat should be done next?"


class HybridAgent:
    """Documented agent; `decide` and `observe` serve many lanes, `get_action` and `update` a single environment."""

    def __init__(
        self,
        llm_manager: LLMManagerLike | None,
        adaptive_strategy: AdaptiveStrategySystem,
        action_space_size: int = ACTION_COUNT,
        curriculum_config: dict[str, Any] | None = None,
        mode: AgentMode | str = AgentMode.ADAPTIVE,
        seed: int = 0,
        describe: Callable[[GameState], str] = describe_state,
    ) -> None:
        """`llm_manager` may be None: the rules then carry the language model's share. A custom manager that has only
        the documented `get_action(context) -> (action, metadata)` names buttons itself.

        Raises ConfigurationError for an unknown mode or a curriculum that does not have the documented form.
        """
        if action_space_size != ACTION_COUNT:
            raise ConfigurationError(
                f"action_space_size is {action_space_size}: the environment has the {ACTION_COUNT} documented buttons"
            )
        self.llm_manager = llm_manager
        self.adaptive_strategy = adaptive_strategy
        self.action_space_size = action_space_size
        self.mode = mode_named(mode)
        self.curriculum = GuideCurriculum.from_config(curriculum_config)
        self.calibration = ConfidenceCalibration()
        self.policy: Policy | None = None
        self.frozen = False
        """True: nothing is learned from outcomes (evaluation)."""
        self.greedy = False
        """True: the policy plays its likeliest button instead of drawing one."""
        self.stage = 0
        self.episodes_in_stage = 0
        self.masked_advice = 0
        """Steps at which the guide wanted a button that the mask forbade."""
        self._describe = describe
        self._lanes: list[_Lane] = []
        self._random = np.random.default_rng(seed)
        self._told_rules_only = False
        self._feeder = TransitionFeeder()
        self._before: OneLane | None = None
        adaptive_strategy.prefer(self.curriculum.stages[0].strategy_preference)

    # -- wiring ------------------------------------------------------------------------------------------------

    def attach_policy(self, policy: Policy | None) -> None:
        """The policy that shares the steps with the guide. Without one, the guide acts alone."""
        self.policy = policy

    def attach_lanes(self, players: Sequence[RulePlayerLike]) -> None:
        """One rule player per lane; each lane begins a new episode."""
        self._lanes = []
        for player in players:
            guide = LaneGuide(player, self.llm_manager, self._describe)
            guide.reset()
            self._lanes.append(_Lane(guide, self._select_strategy()))

    @property
    def lanes(self) -> int:
        return len(self._lanes)

    @property
    def llm_available(self) -> bool:
        """True when a language model can be asked now."""
        return self.llm_manager is not None and bool(getattr(self.llm_manager, "available", True))

    @property
    def curriculum_share(self) -> float:
        """The guide's share of the steps in ADAPTIVE mode before confidences tilt it, 0 to 1."""
        return self.curriculum.share(self.stage, self.episodes_in_stage)

    def enter_stage(self, stage: int) -> None:
        """The trainer's curriculum moved, forward or back: its share and preferred strategy count from now."""
        if not 0 <= stage < len(self.curriculum.stages):
            raise ConfigurationError(
                f"curriculum stage {stage}: there are {len(self.curriculum.stages)}, counted from 0"
            )
        self.stage = stage
        self.episodes_in_stage = 0
        self.adaptive_strategy.prefer(self.curriculum.stages[stage].strategy_preference)

    # -- deciding ----------------------------------------------------------------------------------------------

    def decide(self, step: LanesStep, states: Callable[[int], GameState]) -> list[Decision]:
        """One decision per lane. The policy is asked once for all lanes; `states(lane)` decodes lazily.

        Raises ConfigurationError when lanes or, in RL_ONLY mode, the policy are missing.
        """
        masks = np.asarray(step.masks)
        if len(masks) != len(self._lanes):
            raise ConfigurationError(
                f"{len(masks)} lanes to decide for, {len(self._lanes)} attached: attach_lanes first"
            )
        rows = self._alternatives(step, masks)
        situations = [self._look(lane, states(lane), masks[lane], rows[lane]) for lane in range(len(masks))]
        tosses = self._random.random((2, len(masks)))
        cumulative = rows.cumsum(axis=1)
        picks = (cumulative <= tosses[1][:, None] * cumulative[:, -1:]).sum(axis=1).tolist()
        return [
            self._decision(self._lanes[lane], seen, rows[lane], bool(tosses[0][lane] < seen.guide_share), picks[lane])
            for lane, seen in enumerate(situations)
        ]

    def observe(self, lane: int, decision: Decision, reward: float, done: bool) -> None:
        """What came of a lane's decision. At `done` the lane's episode is credited and a new one begins."""
        memory = self._lanes[lane]
        memory.episode_return += reward
        if reward > 0:
            memory.loops.progress()
        if not self.frozen:
            situation = situation_of(decision.mode)
            self.calibration.decided(lane, decision.source, situation, memory.stated_confidence, decision.confidence)
            self.calibration.rewarded(lane, reward, done)
        if done:
            self._end_episode(memory)

    # -- the documented single environment ---------------------------------------------------------------------

    def get_action(self, observation: dict[str, Any], info: dict[str, Any]) -> int:
        """Documented: the action for one environment's observation.

        Reads `game_state` and `action_mask` from `info`; a policy also needs its view (`info["policy_view"]`, or an
        observation that is the view).
        """
        for key in ("game_state", "action_mask"):
            if key not in info:
                raise ConfigurationError(
                    f"info has no {key!r}, only {', '.join(info) or 'nothing'}: use the info of "
                    "EnhancedPyBoyPokemonCrystalEnv.reset or step"
                )
        policy = self.policy
        view = policy_view(policy.observation_space, observation, info) if isinstance(policy, Learner) else {}
        if isinstance(policy, Learner):
            self._feeder.complete(policy, view)
        self._before = OneLane(view, np.asarray(info["action_mask"], dtype=np.bool_)[None])
        state: GameState = info["game_state"]
        return self.decide(self._before, lambda _lane: state)[0].action

    def update(
        self,
        observation: dict[str, Any],
        action: int,
        reward: float,
        next_observation: dict[str, Any],
        done: bool,
        truncated: bool = False,
    ) -> None:
        """Documented: credit for the action that `get_action` gave last, and the transition for the learner.

        `done` with `truncated` means that time ran out; `done` alone that the episode really ended. Raises
        DecisionValidationError when `action` is not the one that `get_action` gave: its probability is unknown.
        """
        decision = self.last_decision(0)
        if decision is None or self._before is None or decision.action != action:
            raise DecisionValidationError(
                f"update got action {action}, get_action gave {decision.action if decision else 'none yet'}: the "
                "learner needs the probability of what was played, so play what get_action returned"
            )
        self.observe(0, decision, reward, done)
        if isinstance(self.policy, Learner) and not self.frozen:
            self._feeder.add(self.policy, self._before, decision, reward, done and not truncated, done and truncated)
        self._before = None

    def last_decision(self, lane: int) -> Decision | None:
        """The lane's latest decision, with its reason."""
        return self._lanes[lane].last_decision if lane < len(self._lanes) else None

    # -- state and statistics ----------------------------------------------------------------------------------

    def for_evaluation(
        self, players: Sequence[RulePlayerLike], mode: AgentMode | str | None = None, seed: int = 0
    ) -> HybridAgent:
        """A frozen twin with its own lanes and random numbers: same policy, manager, calibration and stage.

        It learns nothing and changes nothing of this agent, its strategy system included.
        """
        strategy = AdaptiveStrategySystem(initial_strategy=self.adaptive_strategy.current_strategy, seed=seed)
        twin = HybridAgent(self.llm_manager, strategy, mode=mode or self.mode, seed=seed, describe=self._describe)
        twin.curriculum = self.curriculum
        twin.stage, twin.episodes_in_stage = self.stage, self.episodes_in_stage
        twin.calibration.load_state_dict(self.calibration.state_dict())
        twin.frozen = True
        twin.attach_policy(self.policy)
        twin.attach_lanes(players)
        return twin

    def statistics(self) -> dict[str, Any]:
        """For logs and displays: stage, share, per source success rate and calibration error, loop share, strategy."""
        steps = sum(lane.loops.steps for lane in self._lanes)
        return {
            "stage": self.stage,
            "curriculum_share": self.curriculum_share,
            "strategy": self.adaptive_strategy.current_strategy.value,
            "strategy_switches": self.adaptive_strategy.switches,
            "success_rate": {source.value: self.calibration.success_rate(source) for source in Source},
            "calibration_error": {
                source.value: self.calibration.expected_calibration_error(source) for source in Source
            },
            "loop_share": sum(lane.loops.loop_steps for lane in self._lanes) / max(1, steps),
            "masked_advice": self.masked_advice,
        }

    def state_dict(self) -> dict[str, Any]:
        """Stage, calibration and random state, JSON-able. The strategy system and the policy keep their own."""
        return {
            "version": STATE_VERSION,
            "stage": self.stage,
            "episodes_in_stage": self.episodes_in_stage,
            "masked_advice": self.masked_advice,
            "calibration": self.calibration.state_dict(),
            "random": self._random.bit_generator.state,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores `state_dict`; running episodes begin anew. Raises CheckpointError on another version."""
        if state.get("version") != STATE_VERSION:
            raise CheckpointError(
                f"agent state has version {state.get('version')!r}, this program reads {STATE_VERSION}: "
                "the checkpoint is of another version of the program"
            )
        self.stage = min(int(state["stage"]), len(self.curriculum.stages) - 1)
        self.episodes_in_stage = int(state["episodes_in_stage"])
        self.masked_advice = int(state["masked_advice"])
        self.calibration.load_state_dict(state["calibration"])
        self._random.bit_generator.state = state["random"]
        self.attach_lanes([lane.guide.player for lane in self._lanes])

    # -- inside ------------------------------------------------------------------------------------------------

    def _alternatives(self, step: LanesStep, masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        """What plays when the guide does not: the policy's probabilities, or evenly any allowed button."""
        if self.mode in (AgentMode.RL_ONLY, AgentMode.ADAPTIVE) and self.policy is not None:
            rows = self.policy.probabilities(dict(step.observations), masks).astype(np.float64)
            if not self.greedy:
                return rows
            return np.eye(rows.shape[1])[rows.argmax(axis=1)]
        if self.mode is AgentMode.RL_ONLY:
            raise ConfigurationError("RL_ONLY mode needs a policy: call attach_policy first")
        return masks / masks.sum(axis=1, keepdims=True)

    def _look(self, lane: int, state: GameState, mask: NDArray[np.bool_], row: NDArray[np.float64]) -> _Seen:
        """One lane's situation: the guide's wish and its share. Mixes exploration into `row` in a loop."""
        memory = self._lanes[lane]
        mode = state.mode
        state_hash = state.state_hash
        looping = mode is GameMode.FREE and memory.loops.notice(state_hash)
        advice = None
        if self.mode is not AgentMode.RL_ONLY:
            advice = memory.guide.advise(state, ask_model=lambda: self._toss_for_model(memory.strategy), stuck=looping)
            if not mask[advice.action]:
                self.masked_advice += 1
                advice = None
        policy_acts = self.policy is not None and self.mode in (AgentMode.RL_ONLY, AgentMode.ADAPTIVE)
        if looping:
            row *= 1.0 - LOOP_EXPLORATION
            row += LOOP_EXPLORATION * (mask / mask.sum())
        situation = situation_of(mode)
        stated = float(row.max())
        policy_confidence = self.calibration.calibrated(Source.POLICY, situation, stated) if policy_acts else 0.0
        guide_confidence = 0.0
        share = 0.0
        if advice is not None:
            guide_confidence = self.calibration.calibrated(advice.source, situation, advice.confidence)
            share = guide_share(self.curriculum_share, guide_confidence, policy_confidence) if policy_acts else 1.0
            if looping:
                share = min(share, 1.0 - LOOP_EXPLORATION)
        return _Seen(mode, state_hash, advice, share, guide_confidence, policy_confidence, stated, policy_acts)

    def _decision(self, memory: _Lane, seen: _Seen, row: NDArray[np.float64], guide_acts: bool, pick: int) -> Decision:
        advice = seen.advice
        option_key = "" if advice is None else advice.option_key
        if guide_acts and advice is not None:
            action, source, reasoning = advice.action, advice.source, advice.reasoning
            memory.stated_confidence, confidence = advice.confidence, seen.guide_confidence
        else:
            action = pick
            memory.stated_confidence = seen.policy_stated
            if seen.policy_acts:
                source, confidence = Source.POLICY, seen.policy_confidence
                reasoning = f"policy: {Button(action).name} with chance {row[action]:.1f}"
            else:
                source, confidence = Source.RULES, 0.0
                reasoning = "a random allowed button: the guide goes in circles or wants what the mask forbids"
        wished = advice is not None and advice.action == action
        decision = Decision(
            action=action,
            source=source,
            confidence=confidence,
            reasoning=reasoning,
            behaviour_probability=seen.guide_share * wished + (1.0 - seen.guide_share) * float(row[action]),
            strategy=memory.strategy,
            mode=seen.mode,
            option_key=option_key,
            guide_action=None if advice is None else advice.action,
            state_hash=seen.state_hash,
        )
        memory.last_decision = decision
        return decision

    def _toss_for_model(self, strategy: StrategyType) -> bool:
        """At a decision point: does the language model choose (True) or the rules?"""
        if self.mode is AgentMode.RULES_ONLY:
            return False
        if not self.llm_available:
            if not self._told_rules_only:
                log.warning("no language model is available: the rules take its share of the decisions")
                self._told_rules_only = True
            return False
        return self.mode is AgentMode.LLM_ONLY or self._random.random() < strategy.llm_share

    def _select_strategy(self) -> StrategyType:
        return self.adaptive_strategy.select_strategy({"llm_available": self.llm_available})

    def _end_episode(self, memory: _Lane) -> None:
        if not self.frozen:
            self.adaptive_strategy.record_outcome(memory.strategy, memory.episode_return, memory.guide.model_calls)
            self.episodes_in_stage += 1
        memory.strategy = self._select_strategy()
        memory.guide.reset()
        memory.loops.progress()
        memory.episode_return = 0.0


@dataclass(frozen=True, slots=True)
class _Seen:
    """One lane's situation at a decision."""

    mode: GameMode
    state_hash: int
    advice: Advice | None
    guide_share: float
    guide_confidence: float
    policy_confidence: float
    policy_stated: float
    policy_acts: bool


def mode_named(word: AgentMode | str) -> AgentMode:
    """The mode of a config word; ConfigurationError names the known ones."""
    try:
        return AgentMode(word)
    except ValueError as error:
        known = ", ".join(mode.value for mode in AgentMode)
        raise ConfigurationError(f"unknown agent mode {word!r}: the modes are {known}") from error

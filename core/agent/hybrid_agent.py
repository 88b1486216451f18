"""The hybrid agent: per step and lane it lets the teacher or the policy act, with a probability that it knows.

The teacher is the language model's or the rules' option, carried out by the rule player; the policy is a distribution
over buttons. The played action's probability under the whole mixture goes into the `Decision`, so the learner can be
right about actions that others chose. Rewards are credited to the source that acted and, per episode, to the strategy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.agent.advice import Advisor
from core.agent.agent_mode import mode_named
from core.agent.agent_state import AgentState
from core.agent.arbiter import Arbiter, Lane
from core.agent.arbitration import TeacherCurriculum, read_curriculum
from core.agent.calibration import ConfidenceCalibration
from core.agent.lane_transitions import LaneInputs
from core.agent.option_statistics import TRIALS, OptionStatistics
from core.agent.strategy_system import AdaptiveStrategySystem
from core.agent.teacher import LaneTeacher, RulePlayerLike, situation_of
from core.agent.transition_feeder import TransitionFeeder, TransitionLearner, View, learner_view
from core.agent.writers import writer_for
from core.exceptions import CheckpointError, ConfigurationError, DecisionValidationError
from core.protocols import ButtonManager, JudgesTeacher, LLMManagerLike, Policy
from core.rules import RulePlayer
from core.vocabulary import ACTION_COUNT, AgentMode, Decision, Source, StrategyType

if TYPE_CHECKING:
    from core.game.state import GameState

__all__ = ["AgentMode", "HybridAgent"]

STATE_VERSION = 1


class HybridAgent:
    """Documented agent; `decide` and `observe` serve many lanes, `get_action` and `update` a single environment."""

    def __init__(
        self,
        llm_manager: LLMManagerLike | ButtonManager | Advisor | None,
        adaptive_strategy: AdaptiveStrategySystem,
        action_space_size: int = ACTION_COUNT,
        curriculum_config: dict[str, Any] | None = None,
        mode: AgentMode | str = AgentMode.ADAPTIVE,
        seed: int = 0,
        describe: Callable[[GameState], str] | None = None,
        frozen_state: AgentState | None = None,
    ) -> None:
        """`llm_manager` may be None: the rules then carry the language model's share. A custom manager that has only
        the documented `get_action(context) -> (action, metadata)` names buttons itself. `describe` takes the place of
        the prompts of `core.prompts`. With `frozen_state` nothing is learned, and `curriculum_config` is not read.

        Raises ConfigurationError for an unknown mode or a curriculum that does not have the documented form.
        """
        if action_space_size != ACTION_COUNT:
            raise ConfigurationError(
                f"action_space_size is {action_space_size}: the environment has the {ACTION_COUNT} documented buttons"
            )
        self.llm_manager = llm_manager
        self.adaptive_strategy = adaptive_strategy
        self.action_space_size = action_space_size
        self.frozen = frozen_state is not None
        """True: nothing is learned from outcomes (evaluation)."""
        self.curriculum_settings = None if frozen_state else read_curriculum(curriculum_config)
        """The whole of `curriculum_config`, for a trainer; None where none was given."""
        state = frozen_state or AgentState(TeacherCurriculum.of(self.curriculum_settings))
        self.curriculum = state.curriculum
        self.stage = state.stage
        self.episodes_in_stage = state.episodes_in_stage
        self._directed_share: float | None = None
        self.standings = state.standings
        self.advisor = state.advisor or (llm_manager if isinstance(llm_manager, Advisor) else Advisor(llm_manager))
        self._seed = seed
        self.arbiter = Arbiter(
            self.advisor,
            mode_named(mode),
            np.random.default_rng(seed),
            calibration=state.calibration,
            teacher_evidence=state.teacher_evidence,
            told_rules_only=state.told_rules_only,
        )
        self._describe = describe
        self._lanes: list[Lane] = []
        self._feeder = TransitionFeeder()
        self._before: LaneInputs | None = None
        if not self.frozen:
            adaptive_strategy.prefer(self.curriculum.stages[0].strategy_preference, switch_now=False)

    # -- wiring ------------------------------------------------------------------------------------------------

    def attach_policy(self, policy: Policy | None) -> None:
        """The policy that shares the steps with the teacher. Without one, the teacher acts alone."""
        self.arbiter.policy = policy

    def attach_lanes(self, players: Sequence[RulePlayerLike]) -> None:
        """One rule player per lane; each lane begins a new episode."""
        self._lanes = []
        record = self.adaptive_strategy.history_analyzer
        statistics = None if record is None else OptionStatistics(record, trials=0 if self.frozen else TRIALS)
        for player in players:
            writer = writer_for(self.advisor, self.llm_manager, player, self._describe)
            teacher = LaneTeacher(player, self.advisor, writer, statistics)
            teacher.reset()
            self._lanes.append(Lane(teacher, self.adaptive_strategy.current_strategy))

    @property
    def policy(self) -> Policy | None:
        return self.arbiter.policy

    @property
    def lanes(self) -> int:
        """How many lanes are attached."""
        return len(self._lanes)

    @property
    def mode(self) -> AgentMode:
        """Who may act at all; may be set at any time, by word or by value."""
        return self.arbiter.mode

    @mode.setter
    def mode(self, mode: AgentMode | str) -> None:
        self.arbiter.mode = mode_named(mode)

    @property
    def greedy(self) -> bool:
        """True: the policy plays its likeliest button instead of drawing one."""
        return self.arbiter.greedy

    @greedy.setter
    def greedy(self, greedy: bool) -> None:
        self.arbiter.greedy = greedy

    @property
    def calibration(self) -> ConfidenceCalibration:
        """What the sources' confidences are worth, by outcome."""
        return self.arbiter.calibration

    @property
    def llm_available(self) -> bool:
        """True when a language model can be asked now."""
        return self.arbiter.model_available

    @property
    def advice_failures(self) -> dict[str, int]:
        """How often the language model was asked in vain, by kind of failure, its manager's own counts aside."""
        return dict(self.advisor.failures)

    # -- curriculum --------------------------------------------------------------------------------------------

    @property
    def curriculum_share(self) -> float:
        """The teacher's share of the steps in ADAPTIVE mode before confidences tilt it, 0 to 1."""
        if self._directed_share is not None:
            return self._directed_share
        return self.curriculum.share(self.stage, self.episodes_in_stage)

    def enter_stage(self, stage: int) -> None:
        """A stage of the agent's own `curriculum_config` begins, forward or back; its decay starts anew."""
        if not 0 <= stage < len(self.curriculum.stages):
            raise ConfigurationError(
                f"curriculum stage {stage}: there are {len(self.curriculum.stages)}, counted from 0"
            )
        self.stage = stage
        self.episodes_in_stage = 0
        self._directed_share = None
        self.adaptive_strategy.prefer(self.curriculum.stages[stage].strategy_preference)

    def direct(self, teacher_share: float, strategy_preference: StrategyType | None) -> None:
        """A trainer's curriculum says share (0 to 1) and preference itself; the agent's own stages then rest.

        A preference takes effect when it changes; the first is a prior only: the run begins with its user's strategy.
        """
        self._directed_share = teacher_share
        is_first = self.adaptive_strategy.preferred_strategy is None
        self.adaptive_strategy.prefer(strategy_preference, switch_now=not is_first)

    # -- deciding ----------------------------------------------------------------------------------------------

    def decide(
        self,
        step: LaneInputs,
        states: Callable[[int], GameState],
        policy_rows: NDArray[np.float32] | None = None,
    ) -> list[Decision]:
        """One decision per lane. The policy is asked once for all lanes; `states(lane)` decodes lazily.

        `policy_rows`, (lanes, actions): what the policy says to this step, where the caller has asked it already.

        Raises ConfigurationError when lanes or, in RL_ONLY mode, the policy are missing.
        """
        for lane in self._lanes:
            if lane.is_fresh:
                lane.begin(self.adaptive_strategy.select_strategy({"llm_available": self.llm_available}))
        return self.arbiter.decide(step, states, self._lanes, self.curriculum_share, policy_rows)

    def learned_from(self, step: LaneInputs) -> Callable[[], LaneInputs]:
        """What the policy's learner is shown of the step that was decided last, made when it is called, at any time; a
        policy may see more than `step`."""
        return lambda: step

    def observe(self, lane: int, decision: Decision, reward: float, done: bool, counts: bool = True) -> None:
        """What came of a lane's decision. At `done` the lane's episode is credited and a new one begins.

        `counts` is false for episodes that did not begin at the game's start: strategies are compared by whole games.
        """
        memory = self._lanes[lane]
        memory.episode_return += reward
        if reward > 0:
            memory.repeats.progress()
        if not self.frozen:
            situation = situation_of(decision.mode)
            self.calibration.decided(lane, decision.source, situation, memory.stated_confidence, decision.confidence)
            self.calibration.rewarded(lane, reward, done)
        if done:
            self._end_episode(memory, counts)

    def close(self) -> None:
        """The run is over, and the language model's manager is told so."""
        self.advisor.close()

    def abandon_episode(self, lane: int) -> None:
        """The lane's episode ended before its last decision was played, through no fault of it: nothing is credited."""
        self.calibration.forget(lane)
        self._end_episode(self._lanes[lane], counts=False)

    # -- the documented single environment ---------------------------------------------------------------------

    def get_action(self, observation: dict[str, Any], info: dict[str, Any]) -> int:
        """Documented: the action for one environment's observation.

        Reads `game_state` and `action_mask` from `info`; a policy also needs its view (`info["policy_view"]`, or an
        observation that is the view). An agent without lanes gets one here, with a rule player for the game it sees.
        """
        for key in ("game_state", "action_mask"):
            if key not in info:
                raise ConfigurationError(
                    f"info has no {key!r}, only {', '.join(info) or 'nothing'}: use the info of "
                    "EnhancedPyBoyPokemonCrystalEnv.reset or step"
                )
        view = self._view(observation, info)
        if isinstance(self.policy, TransitionLearner):
            self._feeder.complete(self.policy, view)
        step = LaneInputs(view, np.asarray(info["action_mask"], dtype=np.bool_)[None])
        state: GameState = info["game_state"]
        if not self._lanes:
            self.attach_lanes([RulePlayer(state.game, seed=self._seed)])
        action = self.decide(step, lambda _lane: state)[0].action
        self._before = self.learned_from(step)()
        return action

    def update(
        self,
        observation: dict[str, Any],
        action: int,
        reward: float,
        next_observation: dict[str, Any],
        done: bool,
        truncated: bool = False,
        next_info: dict[str, Any] | None = None,
    ) -> None:
        """Documented: credit for the action that `get_action` gave last, and the transition for the learner.

        `done` with `truncated` means that time ran out; `done` alone that the episode really ended. A truncated
        episode is worth something after its end, so a learning policy then needs the view of the last state: in
        `next_observation` or in `next_info["policy_view"]`.

        Raises DecisionValidationError when `action` is not the one that `get_action` gave: its probability is
        unknown; ConfigurationError when the last view of a truncated episode is missing.
        """
        decision = self.last_decision(0)
        if decision is None or self._before is None or decision.action != action:
            raise DecisionValidationError(
                f"update got action {action}, get_action gave {decision.action if decision else 'none yet'}: the "
                "learner needs the probability of what was played, so play what get_action returned"
            )
        if isinstance(self.policy, TransitionLearner) and not self.frozen:
            # After a real end nothing is worth anything, so any view will do.
            last: Mapping[str, NDArray[Any]] = self._before.observations
            if done and truncated:
                last = self._view(next_observation, next_info or {})
            self._feeder.add(self._before, decision, reward, terminated=done and not truncated, truncated=truncated)
            if done:
                self._feeder.complete(self.policy, last)
        self.observe(0, decision, reward, done)
        self._before = None

    def last_decision(self, lane: int) -> Decision | None:
        """The lane's latest decision, with its reason."""
        return self._lanes[lane].last_decision if lane < len(self._lanes) else None

    # -- state and statistics ----------------------------------------------------------------------------------

    def for_evaluation(
        self, players: Sequence[RulePlayerLike], mode: AgentMode | str | None = None, seed: int = 0
    ) -> HybridAgent:
        """A frozen twin with its own lanes and random numbers: same policy, manager, calibration and stage.

        It learns nothing and changes nothing of this agent, its strategy system included. Who acts is explored no
        longer: the one that is believed to do better does. In ADAPTIVE mode it asks the decision record as this agent
        does; the agent's parents (rules, language model, policy) are judged without it.
        """
        mode = mode_named(mode or self.mode)
        strategy = AdaptiveStrategySystem(
            self.adaptive_strategy.history_analyzer if mode is AgentMode.ADAPTIVE else None,
            initial_strategy=self.adaptive_strategy.current_strategy,
            seed=seed,
        )
        frozen_state = AgentState(
            curriculum=self.curriculum,
            stage=self.stage,
            episodes_in_stage=self.episodes_in_stage,
            calibration=self.calibration.copy(),
            teacher_evidence=self.policy.teacher_evidence if isinstance(self.policy, JudgesTeacher) else None,
            standings=self.standings,
            told_rules_only=self.arbiter.told_rules_only,
            advisor=self.advisor,
        )
        twin = self._twin(strategy, mode, seed, frozen_state)
        twin.attach_policy(self.policy)
        twin.attach_lanes(players)
        return twin

    def statistics(self) -> dict[str, Any]:
        """For logs and displays: stage, share, strategy, success and calibration error by source, circles, failures."""
        steps = sum(lane.repeats.loops.steps for lane in self._lanes)
        return {
            "stage": self.stage,
            "curriculum_share": self.curriculum_share,
            "strategy": self.adaptive_strategy.current_strategy.value,
            "strategy_switches": self.adaptive_strategy.switches,
            "success_rate": {source.value: self.calibration.success_rate(source) for source in Source},
            "calibration_error": {
                source.value: self.calibration.expected_calibration_error(source) for source in Source
            },
            "circling_share": sum(lane.repeats.loops.circling_steps for lane in self._lanes) / max(1, steps),
            "longest_stay": max((lane.repeats.longest_stay for lane in self._lanes), default=0),
            "masked_teacher_actions": self.arbiter.masked_teacher_actions,
            "advice_failures": self.advice_failures,
        }

    def state_dict(self) -> dict[str, Any]:
        """Stage, calibration and random state, JSON-able. The strategy system and the policy keep their own."""
        return {
            "version": STATE_VERSION,
            "stage": self.stage,
            "episodes_in_stage": self.episodes_in_stage,
            "masked_teacher_actions": self.arbiter.masked_teacher_actions,
            "advice_failures": self.advice_failures,
            "calibration": self.calibration.state_dict(),
            "standings": self.standings.state_dict(),
            "random": self.arbiter.random.bit_generator.state,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores `state_dict`; all lanes begin new episodes. Raises CheckpointError on another version."""
        if state.get("version") != STATE_VERSION:
            raise CheckpointError(
                f"agent state has version {state.get('version')!r}, this program reads {STATE_VERSION}: "
                "the checkpoint is of another version of the program"
            )
        self.stage = min(int(state["stage"]), len(self.curriculum.stages) - 1)
        self.episodes_in_stage = int(state["episodes_in_stage"])
        self.arbiter.masked_teacher_actions = int(state["masked_teacher_actions"])
        self.advisor.failures = Counter(state.get("advice_failures", {}))
        self.calibration.load_state_dict(state["calibration"])
        self.standings.load_state_dict(state.get("standings", {}))
        self.arbiter.random.bit_generator.state = state["random"]
        self.attach_lanes([lane.teacher.player for lane in self._lanes])

    # -- inside ------------------------------------------------------------------------------------------------

    def _view(self, observation: Mapping[str, Any], info: Mapping[str, Any]) -> View:
        """What the policy reads of a single environment's step; nothing where there is none that learns."""
        policy = self.policy
        return learner_view(policy, observation, info) if isinstance(policy, TransitionLearner) else {}

    def _twin(self, strategy: AdaptiveStrategySystem, mode: AgentMode, seed: int, state: AgentState) -> HybridAgent:
        """A frozen agent of this kind, without policy and lanes."""
        return HybridAgent(
            self.llm_manager, strategy, mode=mode, seed=seed, describe=self._describe, frozen_state=state
        )

    def _end_episode(self, memory: Lane, counts: bool) -> None:
        if counts and not self.frozen:
            self.adaptive_strategy.record_outcome(memory.strategy, memory.episode_return, memory.teacher.model_calls)
            self.episodes_in_stage += 1
        memory.is_fresh = True
        memory.teacher.reset()
        memory.repeats.reset()
        memory.episode_return = 0.0

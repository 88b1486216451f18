"""One step of all lanes: who acts, what is pressed, and with what probability the whole agent would have pressed it.

In ADAPTIVE mode each lane tosses a coin between teacher and policy. With share g, teacher action u and policy pi, the
played action a has the probability g * [a == u] + (1 - g) * pi(a): the learner needs it, whoever won the toss. Where
the teacher has no action that the mask allows, g is 0; where only the teacher may act, g is 1. A frozen agent explores
nothing: g is 1 where the teacher is believed to do better and 0 where the policy is. Only while the lane goes in
circles does each give way to the other. In no mode of the game does the policy draw a press that changed nothing here a
moment ago, or that was made here again and again (`core/agent/repeated_presses.py`).
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.agent.advice import Advisor
from core.agent.arbitration import believed_share, teacher_share
from core.agent.calibration import ConfidenceCalibration
from core.agent.lane_transitions import LaneInputs
from core.agent.repeated_presses import RepeatedPresses
from core.agent.teacher import LaneTeacher, TeacherAction, situation_of
from core.exceptions import ConfigurationError
from core.protocols import Policy
from core.vocabulary import AgentMode, Button, Decision, GameMode, Source, StrategyType

if TYPE_CHECKING:
    from core.game.state import GameState

log = logging.getLogger(__name__)

LOOP_EXPLORATION = 0.25
"""While a lane goes in circles: the chance of a random allowed button, and the least share of teacher and policy each,
so that the one that led into the circle does not lead alone."""
POLICY_MODES = (AgentMode.RL_ONLY, AgentMode.ADAPTIVE)


@dataclass(slots=True)
class Lane:
    """What the agent remembers of one lane within an episode."""

    teacher: LaneTeacher
    strategy: StrategyType
    """Of this episode; chosen at its first decision."""
    is_fresh: bool = True
    """True until the first decision of an episode."""
    repeats: RepeatedPresses = field(default_factory=RepeatedPresses)
    episode_return: float = 0.0
    stated_confidence: float = 0.0
    """Of the last decision's source, before calibration."""
    last_decision: Decision | None = None

    def begin(self, strategy: StrategyType) -> None:
        """The first decision of an episode is due."""
        self.is_fresh, self.strategy = False, strategy


@dataclass(frozen=True, slots=True)
class _Seen:
    """One lane's situation at a decision."""

    mode: GameMode
    state_hash: int
    wanted: TeacherAction | None
    teacher_share: float
    teacher_confidence: float
    policy_confidence: float
    policy_stated: float


class Arbiter:
    """Decides for all lanes. What it may use (`mode`, `policy`) can change between steps."""

    def __init__(
        self,
        advisor: Advisor,
        mode: AgentMode,
        random: np.random.Generator,
        *,
        calibration: ConfidenceCalibration | None = None,
        teacher_evidence: float | None = None,
        told_rules_only: bool = False,
    ) -> None:
        """`teacher_evidence`: log-odds that the teacher's actions do better than others; None while it is still
        explored who should act. `told_rules_only`: the log says already that no language model is available.
        """
        self.advisor = advisor
        self.mode = mode
        self.policy: Policy | None = None
        self.greedy = False
        self.teacher_evidence = teacher_evidence
        self.calibration = calibration or ConfidenceCalibration()
        self.random = random
        self.masked_teacher_actions = 0
        self.told_rules_only = told_rules_only

    @property
    def model_available(self) -> bool:
        """True when a language model can be asked now."""
        return self.advisor.available

    def decide(
        self,
        step: LaneInputs,
        states: Callable[[int], GameState],
        lanes: Sequence[Lane],
        curriculum_share: float,
        policy_rows: NDArray[np.float32] | None = None,
    ) -> list[Decision]:
        """One decision per lane; the policy is asked once for all of them, or not at all where `policy_rows` has what
        it says.

        Raises ConfigurationError when the number of lanes does not fit or RL_ONLY mode has no policy.
        """
        masks = step.masks
        if len(masks) != len(lanes):
            raise ConfigurationError(
                f"{len(masks)} lanes to decide for, {len(lanes)} attached: call attach_lanes first"
            )
        rows, policy_acts = self._alternatives(step, policy_rows)
        screens = step.observations.get("screen") if self.advisor.sees else None
        for index, lane in enumerate(lanes):
            lane.teacher.screen = None if screens is None else screens[index][0]
        situations = [
            self._look(lane, states(index), masks[index], rows[index], curriculum_share, policy_acts)
            for index, lane in enumerate(lanes)
        ]
        coins, darts = self.random.random((2, len(lanes))).tolist()
        return [
            self._decision(lane, seen, row, bool(coin < seen.teacher_share), _pick(row, dart), policy_acts)
            for lane, seen, row, coin, dart in zip(lanes, situations, rows, coins, darts, strict=True)
        ]

    def _alternatives(
        self, step: LaneInputs, policy_rows: NDArray[np.float32] | None
    ) -> tuple[NDArray[np.float64], bool]:
        """What plays when the teacher does not: the policy's probabilities (and True), or any allowed button."""
        masks = step.masks
        if self.mode in POLICY_MODES and self.policy is not None:
            if policy_rows is None:
                policy_rows = self.policy.probabilities(dict(step.observations), masks)
            rows = policy_rows.astype(np.float64)
            return (np.eye(rows.shape[1])[rows.argmax(axis=1)] if self.greedy else rows), True
        if self.mode is AgentMode.RL_ONLY:
            raise ConfigurationError("RL_ONLY mode needs a policy: call attach_policy first")
        return masks / masks.sum(axis=1, keepdims=True), False

    def _look(
        self,
        lane: Lane,
        state: GameState,
        mask: NDArray[np.bool_],
        row: NDArray[np.float64],
        curriculum_share: float,
        policy_acts: bool,
    ) -> _Seen:
        """One lane's situation: the teacher's action and its share. In a loop, exploration is mixed into `row`."""
        mode, state_hash = state.mode, state.state_hash
        # By themselves the rules are watched where they walk only: in fights and menus they give up what does not work.
        repetition = lane.repeats.look(state_hash, mask, watches=policy_acts or mode is GameMode.FREE)
        looping = repetition.looping
        left = repetition.mask if policy_acts else mask
        if policy_acts and repetition.barred.any():
            _bar(row, left)
        wanted = None
        if self.mode is not AgentMode.RL_ONLY:
            asked_share = curriculum_share if policy_acts else 1.0
            wanted = lane.teacher.act(
                state,
                ask_model=lambda matters: self.toss_for_model(lane.strategy, asked_share, matters),
                stuck=looping and mode is GameMode.FREE,
            )
            if not mask[wanted.action]:
                self.masked_teacher_actions += 1
                lane.teacher.overruled()
                wanted = None
        if looping:
            row *= 1.0 - LOOP_EXPLORATION
            row += LOOP_EXPLORATION / left.sum() * left
        situation = situation_of(mode)
        stated = float(row.max())
        policy_confidence = self.calibration.calibrated(Source.POLICY, situation, stated) if policy_acts else 0.0
        if wanted is None:
            return _Seen(mode, state_hash, None, 0.0, 0.0, policy_confidence, stated)
        teacher_confidence = self.calibration.calibrated(wanted.source, situation, wanted.confidence)
        if not policy_acts:
            share = 1.0
        elif self.teacher_evidence is None:
            share = teacher_share(curriculum_share, teacher_confidence, policy_confidence)
        else:
            share = believed_share(self.teacher_evidence, teacher_confidence, policy_confidence)
        if looping:
            share = min(max(share, LOOP_EXPLORATION), 1.0 - LOOP_EXPLORATION)
        return _Seen(mode, state_hash, wanted, share, teacher_confidence, policy_confidence, stated)

    def _decision(
        self, lane: Lane, seen: _Seen, row: NDArray[np.float64], teacher_acts: bool, pick: int, policy_acts: bool
    ) -> Decision:
        wanted = seen.wanted
        if teacher_acts and wanted is not None:
            action, source, reasoning = wanted.action, wanted.source, wanted.reasoning
            stated, confidence = wanted.confidence, seen.teacher_confidence
        elif policy_acts:
            action, source = pick, Source.POLICY
            reasoning = f"policy: {Button(action).name} with chance {row[action]:.1f}"
            stated, confidence = seen.policy_stated, seen.policy_confidence
        else:
            action, source = pick, Source.RULES
            reasoning = "a random allowed button: the teacher goes in circles or wants what the mask forbids"
            stated = confidence = 0.0
        share = seen.teacher_share
        others = (1.0 - share) * row
        followed = wanted is not None and wanted.action == action
        if wanted is not None and not followed:
            lane.teacher.overruled()
        lane.repeats.pressed(action)
        lane.stated_confidence = stated
        lane.last_decision = Decision(
            action=action,
            source=source,
            confidence=confidence,
            reasoning=reasoning,
            behaviour_probability=share * followed + float(others[action]),
            strategy=lane.strategy,
            mode=seen.mode,
            option_key="" if wanted is None else wanted.option_key,
            teacher_action=None if wanted is None else wanted.action,
            teacher_probability=0.0 if wanted is None else share + float(others[wanted.action]),
            state_hash=seen.state_hash,
        )
        return lane.last_decision

    def toss_for_model(self, strategy: StrategyType, teacher_share: float, matters: bool) -> bool:
        """At a decision point: does the language model choose (True) or do the rules?

        In LLM_ONLY mode the model always chooses, otherwise the rules do where the choice does not matter. Where the
        policy decides most of the steps, few would follow an answer: below a teacher's share of one half the model is
        asked that much less often, so that its calls end with the curriculum.
        """
        if self.mode is AgentMode.RULES_ONLY:
            return False
        alone = self.advisor.waits = self.mode is AgentMode.LLM_ONLY
        if not self.model_available:
            if not self.told_rules_only:
                log.warning("no language model is available: the rules take its share of the decisions")
                self.told_rules_only = True
            return alone and self.advisor.asks_when_away  # in vain, but then it is counted who decided
        if alone:
            return True
        return matters and bool(self.random.random() < strategy.llm_share * min(1.0, 2.0 * teacher_share))


def _pick(row: NDArray[np.float64], dart: float) -> int:
    """The button at which a dart, 0 to 1, comes down on the chances side by side; for so few, faster than arrays."""
    chances: list[float] = row.tolist()
    reached = list(accumulate(chances))
    return bisect_right(reached, dart * reached[-1])


def _bar(row: NDArray[np.float64], mask: NDArray[np.bool_]) -> None:
    """Takes the chance of presses that lead nowhere and gives it to the others, in place."""
    row *= mask
    total = row.sum()
    if total > 0.0:
        row /= total
    else:
        row[:] = mask / mask.sum()

"""The agent whose buttons are all a network's: `HybridAgent` with both heads in the place of teacher and policy.

| mode | who chooses the option | who presses | who says that it is over |
|---|---|---|---|
| ADAPTIVE | the teacher: rules, record, language model | button head | the rules |
| RL_ONLY | option head | button head | button head |
| RULES_ONLY, LLM_ONLY | as in `HybridAgent` | the rules | the rules |

In each mode the rules list the options and find the way that leads to one; in RL_ONLY they choose nothing. Presses that
lead nowhere are barred and loops are broken as `core/agent/repeated_presses.py` has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from agents.heads.button_view import SITUATION_PLANES, SITUATION_SIZE, ButtonView, ButtonViews
from agents.heads.option_view import PRIOR, option_view
from agents.heads.saved_heads import Heads
from core.agent.advice import Advisor
from core.agent.agent_state import AgentState
from core.agent.arbiter import LOOP_EXPLORATION, Lane
from core.agent.hybrid_agent import HybridAgent
from core.agent.lane_transitions import LaneInputs
from core.agent.repeated_presses import Repetition
from core.agent.strategy_system import AdaptiveStrategySystem
from core.agent.teacher import RulePlayerLike, TeacherAction
from core.exceptions import ConfigurationError
from core.game.state import GameState
from core.protocols import ButtonManager, LLMManagerLike
from core.rules import RulePlayer
from core.vocabulary import AgentMode, Button, Decision, GameMode, Option, Source

BUTTON_TEMPERATURE = 0.3
"""Below 1 the likelier presses are drawn more often: where two ways are equally short, to change one's mind costs
turns. What leads nowhere is barred, so a sure press is no trap."""
OPTION_TEMPERATURE = 0.5
"""Below 1 the option head's likelier options are drawn more often than it believes: it chooses once in dozens of steps.
"""
HEAD_MODES = (AgentMode.ADAPTIVE, AgentMode.RL_ONLY)


class HeadsAgent(HybridAgent):
    """Plays with both heads. It learns nothing; `trainer/bundle` trains the heads."""

    def __init__(
        self,
        heads: Heads,
        llm_manager: LLMManagerLike | ButtonManager | Advisor | None,
        adaptive_strategy: AdaptiveStrategySystem,
        mode: AgentMode | str = AgentMode.RL_ONLY,
        seed: int = 0,
        describe: Callable[[GameState], str] | None = None,
        frozen_state: AgentState | None = None,
        shows_prior: bool = True,
        bars_repeats: bool = True,
    ) -> None:
        """`shows_prior`: the option head sees the rules' value and rank of each option. `bars_repeats`: presses that
        lead nowhere are barred; without, one sees what that is worth."""
        super().__init__(
            llm_manager, adaptive_strategy, mode=mode, seed=seed, describe=describe, frozen_state=frozen_state
        )
        self.heads = heads
        self.shows_prior = shows_prior
        self.bars_repeats = bars_repeats
        self._views = ButtonViews()
        self._players: list[RulePlayer] = []
        self._present: list[ButtonView] = []
        """Of each lane: the view of the step that is being decided."""
        self._draws = np.random.default_rng(seed)

    def attach_lanes(self, players: Sequence[RulePlayerLike]) -> None:
        """One rule player per lane. Raises ConfigurationError for one that is not `core.rules.RulePlayer`: the heads
        see where its walks lead."""
        for player in players:
            if not isinstance(player, RulePlayer):
                raise ConfigurationError(f"the heads play beside a RulePlayer, not beside a {type(player).__name__}")
        super().attach_lanes(players)
        self._players = [player for player in players if isinstance(player, RulePlayer)]
        self._present = [ButtonView() for _ in players]

    def decide(
        self,
        step: LaneInputs,
        states: Callable[[int], GameState],
        policy_rows: NDArray[np.float32] | None = None,
    ) -> list[Decision]:
        """One decision per lane. The networks are asked once for all lanes.

        Raises ConfigurationError when the number of lanes does not fit, or the policy view has no numbers.
        """
        if self.mode not in HEAD_MODES:
            return super().decide(step, states, policy_rows)
        if len(step.masks) != self.lanes:
            raise ConfigurationError(f"{len(step.masks)} lanes to decide for, {self.lanes} attached")
        for part in ("features", "map"):
            if part not in step.observations:
                raise ConfigurationError(f"the heads read the policy view's {part!r}: set observation_type to 'state'")
        wanted: list[TeacherAction] = []
        repetitions: list[Repetition] = []
        for index, lane in enumerate(self._lanes):
            if lane.is_fresh:
                lane.is_fresh = False
                lane.strategy = self.adaptive_strategy.select_strategy({"llm_available": self.llm_available})
            repetition = lane.repeats.look(states(index).state_hash, step.masks[index])
            repetitions.append(repetition if self.bars_repeats else replace(repetition, mask=step.masks[index]))
            wanted.append(self._look(index, lane, states(index), step.observations, repetitions[-1]))
        rows, ends = self._ask(np.stack([one.mask for one in repetitions]))
        return [
            self._decision(lane, states(index), wanted[index], repetitions[index], rows[index], ends[index])
            for index, lane in enumerate(self._lanes)
        ]

    def _look(
        self,
        index: int,
        lane: Lane,
        state: GameState,
        observations: Mapping[str, NDArray[Any]],
        repetition: Repetition,
    ) -> TeacherAction:
        """Puts the lane's view together; an option is chosen on the way where it is time."""
        player, teacher = self._players[index], lane.teacher
        view = self._views.situation(
            state, observations["features"][index], observations["map"][index], player.reached_flags
        )
        self._present[index] = view
        is_alone = self.mode is AgentMode.RL_ONLY
        teacher.chooser = (lambda now, options: self._choose(index, now, options)) if is_alone else None
        wanted = teacher.act(
            state,
            ask_model=lambda matters: not is_alone and self.arbiter.toss_for_model(lane.strategy, 1.0, matters),
            stuck=repetition.looping and state.mode is GameMode.FREE,
        )
        self._views.add_option(view, state, teacher.option, player, repetition)
        return wanted

    def _choose(self, index: int, state: GameState, options: Sequence[Option]) -> int:
        """The option head's choice, drawn."""
        view, facts = self._present[index], option_view(state, options)
        if not self.shows_prior:
            facts[:, PRIOR] = 0.0
        with torch.inference_mode():
            logits = self.heads.option(
                torch.from_numpy(view.vector[None, :SITUATION_SIZE]),
                torch.from_numpy(view.planes[None, :SITUATION_PLANES]),
                torch.from_numpy(facts[None]),
                torch.ones(1, len(facts), dtype=torch.bool),
            )
        chances = torch.softmax(logits[0].double() / OPTION_TEMPERATURE, dim=0).numpy()
        return int(self._draws.choice(len(chances), p=chances / chances.sum()))

    def _ask(self, masks: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of all lanes: the chance of each press, and that the option is over after it."""
        with torch.inference_mode():
            logits, ends = self.heads.button(
                torch.from_numpy(np.stack([view.vector for view in self._present])),
                torch.from_numpy(np.stack([view.planes for view in self._present])),
                torch.from_numpy(masks),
            )
            chances = torch.softmax(logits.double() / BUTTON_TEMPERATURE, dim=1).numpy()
            return chances, torch.sigmoid(ends.double()).numpy()

    def _decision(
        self,
        lane: Lane,
        state: GameState,
        wanted: TeacherAction,
        repetition: Repetition,
        row: NDArray[np.float64],
        ends: NDArray[np.float64],
    ) -> Decision:
        if repetition.looping:
            row = (1.0 - LOOP_EXPLORATION) * row + LOOP_EXPLORATION / repetition.mask.sum() * repetition.mask
        action = int(row.argmax()) if self.greedy else int(self._draws.choice(len(row), p=row / row.sum()))
        teacher = lane.teacher
        if action != wanted.action:
            teacher.overruled()
        is_alone = self.mode is AgentMode.RL_ONLY
        if is_alone:
            teacher.judge_end(bool(self._draws.random() < ends[action]))
        lane.repeats.pressed(action)
        confidence = float(row[action])
        lane.stated_confidence = confidence
        lane.last_decision = Decision(
            action=action,
            source=Source.POLICY,
            confidence=confidence,
            reasoning=f"button head: {Button(action).name} with chance {confidence:.2f}, for {wanted.option_key}",
            behaviour_probability=confidence,
            strategy=lane.strategy,
            mode=state.mode,
            option_key=wanted.option_key,
            teacher_action=None if is_alone else wanted.action,
            teacher_probability=0.0 if is_alone else float(row[wanted.action]),
            state_hash=state.state_hash,
        )
        return lane.last_decision

    def _twin(self, strategy: AdaptiveStrategySystem, mode: AgentMode, seed: int, state: AgentState) -> HybridAgent:
        return HeadsAgent(
            self.heads,
            self.llm_manager,
            strategy,
            mode=mode,
            seed=seed,
            describe=self._describe,
            frozen_state=state,
            shows_prior=self.shows_prior,
            bars_repeats=self.bars_repeats,
        )

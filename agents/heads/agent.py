"""The agent whose buttons are a network's: `HybridAgent` with both heads in the place of the policy.

Frozen:

| mode | who chooses the option | who presses | who says that it is over |
|---|---|---|---|
| ADAPTIVE | the teacher: rules, record, language model | button head | the rules |
| LLM_ONLY | language model; the rules where it has no answer | button head | the rules |
| RL_ONLY | option head | button head | button head |
| RULES_ONLY | the rules | the rules | the rules |

A button head that does not yet do what the rules do (`agents/heads/learner.py`) is not trusted with options that others
have chosen: there the rules press.

In training the teacher labels every step, and each option is held to its end by one of both
(`agents/heads/holding.py`): by the teacher with the curriculum's share, else by the heads, the choice included. In some
games a share of the presses is random. In RL_ONLY mode the heads hold everything, and nobody labels.

In each mode the rules list the options and find the way that leads to one; in RL_ONLY they choose and press nothing. An
option is over there, too, that nothing carries on, that is not listed any more in a fight, or that was held for 256
steps. Presses that lead nowhere are barred and loops are broken as `core/agent/repeated_presses.py` has it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.heads.asked_heads import AskedHeads
from agents.heads.button_view import PLANES_SHAPE, VIEW_SIZE, ButtonView, ButtonViews
from agents.heads.holding import Holding
from agents.heads.learner import HeadsLearner
from agents.heads.look import Look, as_learned, drawn
from agents.heads.options.residual import OptionResidual
from agents.heads.options.view import PRIOR, option_view
from agents.heads.rollout import ListedOptions
from agents.heads.saved_heads import Heads
from agents.heads.settings import HeadsSettings
from agents.heads.situations import choosing, pressing, region_of
from core.agent.advice import Advisor
from core.agent.agent_state import AgentState
from core.agent.arbiter import LOOP_EXPLORATION, Lane
from core.agent.hybrid_agent import HybridAgent
from core.agent.lane_transitions import LaneInputs
from core.agent.llm_gate import matters
from core.agent.option_statistics import OptionStatistics
from core.agent.segments import LaneSegments
from core.agent.standings import LEAST_JUDGED, Deed
from core.agent.strategy_system import AdaptiveStrategySystem
from core.agent.teacher import ChooseOption, RulePlayerLike, situation_of
from core.agent.transition_feeder import View, policy_view
from core.env.policy_view import policy_space
from core.exceptions import ConfigurationError
from core.game.menu import MenuKind
from core.game.state import GameState
from core.protocols import ButtonManager, LLMManagerLike
from core.rules import RulePlayer
from core.vocabulary import ACTION_COUNT, AgentMode, Button, Decision, GameMode, Option, Source

BUTTON_TEMPERATURE = 0.3
"""Below 1 the likelier presses are drawn more often: where two ways are equally short, to change one's mind costs
turns. What leads nowhere is barred, so a sure press is no trap."""
OPTION_TEMPERATURE = 0.5
"""Below 1 the option head's likelier options are drawn more often than it believes: it chooses once in dozens of steps.
"""
TRAINED_TEMPERATURE = 1.0
"""Of both, in training: presses are learned from as they are drawn."""


class HeadsAgent(HybridAgent):
    """Plays with both heads. As long as it is not frozen, it shows a `HeadsLearner` what there is to learn."""

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
        settings: HeadsSettings | None = None,
        trusts_buttons: bool = True,
        bars_repeats: bool = True,
        explores: bool = False,
        corrects: bool = True,
    ) -> None:
        """`shows_prior`: the option head sees the rules' value and rank of each option. `settings`: of the training.
        `trusts_buttons`: frozen, the button head carries out what others have chosen; a `HeadsLearner` that is attached
        as policy knows better. `bars_repeats`: presses that lead nowhere are barred; without, one sees what that is
        worth. `corrects`: frozen, options are chosen by the values that `Heads.residual` corrects, if there is one."""
        super().__init__(
            llm_manager, adaptive_strategy, mode=mode, seed=seed, describe=describe, frozen_state=frozen_state
        )
        self.heads, self.shows_prior = heads, shows_prior
        self._asked = AskedHeads(heads)
        self.explores = explores
        """In ADAPTIVE mode, frozen: who acts is drawn from the standings, and what comes of it is learned."""
        self.choices: Counter[Source] = Counter()
        """Who chose among several options, and how often."""
        self._segments: list[LaneSegments] = []
        self.settings = settings or HeadsSettings()
        self._trusts_buttons, self.corrects, self.bars_repeats = trusts_buttons, corrects, bars_repeats
        self._views = ButtonViews()
        self._players: list[RulePlayer] = []
        self._holdings: list[Holding] = []
        self._looks: list[Look] = []
        self._actions: list[int] = []
        """Of each lane: the step that was decided last, and what was pressed then."""

    @property
    def trusts_buttons(self) -> bool:
        """Whether, frozen, the button head carries out what others have chosen."""
        return self.policy.is_trusted if isinstance(self.policy, HeadsLearner) else self._trusts_buttons

    @property
    def _record(self) -> OptionStatistics | None:
        """What came of options before; None where nobody asks the record."""
        return self._lanes[0].teacher.statistics

    def attach_lanes(self, players: Sequence[RulePlayerLike]) -> None:
        """One rule player per lane. Raises ConfigurationError for one that is not `core.rules.RulePlayer`: the heads
        see where its walks lead."""
        for player in players:
            if not isinstance(player, RulePlayer):
                raise ConfigurationError(f"the heads play beside a RulePlayer, not beside a {type(player).__name__}")
            player.lists_more = self._residual is not None and self.mode in (AgentMode.ADAPTIVE, AgentMode.RL_ONLY)
        super().attach_lanes(players)
        self._players = [player for player in players if isinstance(player, RulePlayer)]
        self._holdings = [Holding() for _ in players]
        self._segments = [LaneSegments(self.standings.learn) for _ in players]

    def decide(
        self,
        step: LaneInputs,
        states: Callable[[int], GameState],
        policy_rows: NDArray[np.float32] | None = None,
    ) -> list[Decision]:
        """One decision per lane. The button head is asked once for all lanes that the heads hold.

        Raises ConfigurationError when the number of lanes does not fit, or the policy view has no numbers.
        """
        if self.frozen and self.mode is AgentMode.RULES_ONLY:
            return super().decide(step, states, policy_rows)
        if len(step.masks) != self.lanes:
            raise ConfigurationError(f"{len(step.masks)} lanes to decide for, {self.lanes} attached")
        for part in ("features", "map"):
            if part not in step.observations:
                raise ConfigurationError(f"the heads read the policy view's {part!r}: set observation_type to 'state'")
        share = self._teacher_share()
        self._vectors = np.zeros((self.lanes, VIEW_SIZE), np.float32)
        self._planes = np.zeros((self.lanes, *PLANES_SHAPE), np.float32)
        self._looks = [self._look(index, lane, states(index), step, share) for index, lane in enumerate(self._lanes)]
        rows, ends = self._ask()
        decisions = [
            self._decision(index, lane, states(index), rows[index], ends[index])
            for index, lane in enumerate(self._lanes)
        ]
        self._actions = [decision.action for decision in decisions]
        return decisions

    def learned_from(self, step: LaneInputs) -> Callable[[], LaneInputs]:
        """What a `HeadsLearner` is shown of the step that was decided last: `HEADS_SPACE`, and each lane's choice. A
        frozen agent teaches nobody."""
        if self.frozen:
            return lambda: step
        return partial(as_learned, self._vectors, self._planes, self._looks, self._actions)

    def _teacher_share(self) -> float:
        """The chance that the teacher gets the next option."""
        if self.mode is AgentMode.RL_ONLY:
            return 0.0
        if self.frozen:
            return 0.0 if self.trusts_buttons else 1.0
        return self.curriculum_share if self.mode is AgentMode.ADAPTIVE else 1.0

    def _look(self, index: int, lane: Lane, state: GameState, step: LaneInputs, share: float) -> Look:
        """Puts the lane's view together; an option is chosen on the way where it is time."""
        holding, dice, is_alone = self._holdings[index], self.arbiter.random, self.mode is AgentMode.RL_ONLY
        is_taught = not self.frozen and not is_alone
        if lane.is_fresh:
            lane.begin(self.adaptive_strategy.select_strategy({"llm_available": self.llm_available}))
            self._segments[index].begin()
            holding.begin_game(share, self.settings.straying_games if is_taught else 0.0, dice)
        repetition = lane.repeats.look(state.state_hash, step.masks[index])
        if not self.bars_repeats:
            repetition = replace(repetition, mask=step.masks[index])
        player, teacher, looping = self._players[index], lane.teacher, repetition.looping
        features, crop = step.observations["features"][index], step.observations["map"][index]
        view = ButtonView(self._vectors[index], self._planes[index])
        look = Look(self._views.situation(state, features, crop, player.reached_flags, view), repetition)
        is_judged = self.frozen and self.mode is AgentMode.ADAPTIVE
        if not is_alone:
            in_fight = state.mode is GameMode.BATTLE
            self._segments[index].look(len(player.milestones), in_fight, state.lost_last_battle)
        chooses = is_alone or (not self.frozen and holding.heads_next)
        has_choice = chooses or is_judged
        if is_alone and holding.is_spent:
            teacher.judge_end(True)
            holding.release()
        elif is_alone and state.menu is not None and state.menu.kind is MenuKind.BATTLE_MAIN:
            teacher.look_again(state)
        teacher.chooser = self._chooser(look) if has_choice else None
        teacher.who_chooses = (lambda now, options: self._who_chooses(index, now, options)) if is_judged else None
        look.wanted = teacher.act(
            state,
            ask_model=lambda matters: not chooses and self.arbiter.toss_for_model(lane.strategy, 1.0, matters),
            stuck=looping and state.mode is GameMode.FREE,
        )
        look.allows_teacher = bool(step.masks[index][look.wanted.action])
        look.option = teacher.option
        if is_judged and holding.is_new(teacher.option):
            holding.heads_next = self._heads_press(teacher.option, state)
        if teacher.offered and teacher.source is not None and not is_alone:
            self._note_choice(index, state)
        holding.take(teacher.option, situation_of(state.mode) == "overworld", share, dice)
        if looping and share > 0.0:
            holding.give_back()
        look.heads_press = holding.heads
        self._views.add_option(look.view, state, teacher.option, player, repetition)
        if looping and (holding.heads or state.mode is GameMode.FREE):
            look.random_share = LOOP_EXPLORATION
        elif holding.strays:
            look.random_share = self.settings.straying_presses
        if is_taught:
            self._label(look, lane, state)
        return look

    def _label(self, look: Look, lane: Lane, state: GameState) -> None:
        """What the teacher says of this step."""
        teacher, press = lane.teacher, look.wanted.action
        if look.mask[press] and np.count_nonzero(look.mask) > 1:
            look.label = (press, int(teacher.ended))
        if teacher.offered and look.choice is None and teacher.option is not None:
            keys = [option.key for option in teacher.offered]
            if teacher.option.key in keys:
                liked = keys.index(teacher.option.key)
                look.choice = ListedOptions(option_view(state, teacher.offered, self._record), liked, liked, 1.0)

    @property
    def _residual(self) -> OptionResidual | None:
        """What corrects the rules' values where it is asked for; never where those are hidden, or somebody learns."""
        return self.heads.residual if self.frozen and self.corrects and self.shows_prior else None

    def _chooser(self, look: Look) -> ChooseOption:
        if (residual := self._residual) is not None:
            return residual.choose
        return lambda state, options: self._choose(look, state, options)

    def _choose(self, look: Look, state: GameState, options: Sequence[Option]) -> int:
        """The option head's choice, drawn."""
        view, facts = look.view, option_view(state, options, self._record)
        seen = facts.copy()
        if not self.shows_prior:
            seen[:, PRIOR] = 0.0
        chances = self._asked.choices(view, seen, OPTION_TEMPERATURE if self.frozen else TRAINED_TEMPERATURE)
        taken = drawn(chances, self.arbiter.random)
        liked = None if self.mode is AgentMode.RL_ONLY else 0  # the rules list first what they like best
        look.choice = ListedOptions(facts, liked, taken, float(chances[taken]))
        return taken

    def _who_chooses(self, index: int, state: GameState, options: Sequence[Option]) -> Source | None:
        """By the standings: the option head, a language model or the rules; None where they were not judged yet."""
        situation = choosing(state, options)
        players = [Source.RULES, Source.POLICY] + ([Source.LLM] if self.llm_available else [])
        if not self.explores:
            asks = self.llm_available and self.standings.segments(Deed.CHOOSE, Source.LLM) < LEAST_JUDGED
            if asks and self.arbiter.toss_for_model(self._lanes[index].strategy, 1.0, matters(options)):
                return Source.LLM
            who = self.standings.who_acts(situation, players)
            return Source.POLICY if who is None and self._residual is not None else who
        holder, in_fight = self._segments[index].holder, state.mode is GameMode.BATTLE
        if in_fight not in holder:
            holder[in_fight] = self.standings.who_acts(situation, players, self.arbiter.random) or Source.RULES
        return holder[in_fight]

    def _heads_press(self, option: Option | None, state: GameState) -> bool:
        """By the standings: whether the button head gets an option; where it was not judged yet, by its trust."""
        if option is None:
            return self.trusts_buttons
        situation = pressing(state, option)
        dice = self.arbiter.random if self.explores else None
        who = self.standings.who_acts(situation, (Source.RULES, Source.POLICY), dice)
        return self.trusts_buttons if who is None else who is Source.POLICY

    def _note_choice(self, index: int, state: GameState) -> None:
        """An option was chosen among several."""
        teacher = self._lanes[index].teacher
        source = teacher.source
        assert source is not None, "the caller has looked"
        self.choices[source] += 1
        if not self.frozen or self.explores:
            situation = choosing(state, teacher.offered)
            self._segments[index].chose(situation, source, int(source is Source.LLM))

    def statistics(self) -> dict[str, Any]:
        """Also who chose options, and whom the standings would have choose and press."""
        made = sum(self.choices.values())
        return {
            **super().statistics(),
            "choices": {source.value: count / max(1, made) for source, count in self.choices.items()},
            "believed_shares": {
                deed.value: {source.value: share for source, share in self.standings.shares(deed).items()}
                for deed in Deed
            },
        }

    def _ask(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of all lanes: the chance of each press, and that the option is over after it; 0 where the heads do not
        press."""
        rows, ends = np.zeros((2, self.lanes, ACTION_COUNT))
        held = [index for index, look in enumerate(self._looks) if look.heads_press]
        if not held:
            return rows, ends
        looks = [self._looks[index] for index in held]
        temperature = BUTTON_TEMPERATURE if self.frozen else TRAINED_TEMPERATURE
        rows[held], ends[held] = self._asked.presses(
            [look.view for look in looks], [look.mask for look in looks], temperature
        )
        return rows, ends

    def _decision(
        self, index: int, lane: Lane, state: GameState, of_head: NDArray[np.float64], ends: NDArray[np.float64]
    ) -> Decision:
        look, teacher, dice = self._looks[index], lane.teacher, self.arbiter.random
        wanted, is_alone, mode = look.wanted, self.mode is AgentMode.RL_ONLY, situation_of(state.mode)
        if look.is_sure:
            action, chance, taught_chance = wanted.action, 1.0, 1.0
            if not self.greedy:
                dice.random()  # one number for each step, whoever presses
        else:
            row = look.chances(of_head)
            action = int(row.argmax()) if self.greedy else drawn(row, dice)
            chance, taught_chance = float(row[action]), float(row[wanted.action])
        self.arbiter.masked_teacher_actions += not look.heads_press and not look.allows_teacher
        if action != wanted.action:
            teacher.overruled()
        if is_alone:
            teacher.judge_end(bool(dice.random() < ends[action]))
        elif look.option is not None and (not self.frozen or self.explores):
            presser = Source.POLICY if look.heads_press else Source.RULES
            self._segments[index].pressed(look.option, mode, region_of(state), presser, teacher.ended)
        lane.repeats.pressed(action)
        if look.heads_press:
            source, stated, confidence = Source.POLICY, chance, chance
            reasoning = f"button head: {Button(action).name} with chance {chance:.2f}, for {wanted.option_key}"
        elif action == wanted.action:
            source, stated, reasoning = wanted.source, wanted.confidence, wanted.reasoning
            confidence = self.calibration.calibrated(source, mode, stated)
        else:
            source, stated, confidence = Source.RULES, 0.0, 0.0
            reasoning = f"a random allowed button, for {wanted.option_key}"
        lane.stated_confidence = stated
        lane.last_decision = Decision(
            action=action,
            source=source,
            confidence=confidence,
            reasoning=reasoning,
            behaviour_probability=chance,
            strategy=lane.strategy,
            mode=state.mode,
            option_key=wanted.option_key,
            teacher_action=None if is_alone else wanted.action,
            teacher_probability=0.0 if is_alone else taught_chance,
            state_hash=state.state_hash,
        )
        return lane.last_decision

    def _view(self, observation: Mapping[str, Any], info: Mapping[str, Any]) -> View:
        return policy_view(policy_space(), observation, info)

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
            trusts_buttons=self.trusts_buttons,
            bars_repeats=self.bars_repeats,
            explores=self.explores and self.frozen,
            corrects=self.corrects,
        )

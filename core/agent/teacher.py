"""One lane's teacher: it chooses an option at decision points and has it carried out button by button.

The language model or the rules choose (by the strategy's share), the rule player presses. A decision point is a new
situation (overworld, battle, dialog, menu), an option that is done, or a lane that is stuck. An overworld option that a
battle or a dialog interrupted is taken up again when it still makes sense, so a model is asked once in hundreds of
steps.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from core.agent.advice import Advisor, LateAnswer
from core.agent.llm_gate import matters
from core.agent.option_cache import CachedChoice, OpenQuestion, OptionCache
from core.agent.option_statistics import OptionStatistics
from core.game.analysis import GameStateAnalysis
from core.prompts.prompt import SeenPrompt
from core.protocols import ButtonManager, Choice, LLMManagerLike
from core.vocabulary import Button, GameMode, Option, OptionKind, Source

if TYPE_CHECKING:
    from core.game.game_data import GameData
    from core.game.state import GameState

log = logging.getLogger(__name__)

MOST_OPTIONS = 12
"""So many of the rules' best options are put to the language model."""
STEPS_BETWEEN_STUCK_CHOICES = 12
"""While stuck, a new option gets this long before the next is tried."""
_SITUATIONS = {GameMode.BATTLE: "battle", GameMode.DIALOG: "dialog", GameMode.MENU: "menu"}


def situation_of(mode: GameMode) -> str:
    """Coarse situation of a game mode: "battle", "dialog", "menu" or "overworld" (walking and waiting included)."""
    return _SITUATIONS.get(mode, "overworld")


class RuleStepLike(Protocol):
    """One press of the rule player."""

    @property
    def button(self) -> Button: ...
    @property
    def confidence(self) -> float: ...
    @property
    def reasoning(self) -> str: ...
    @property
    def done(self) -> bool: ...
    @property
    def is_for_next(self) -> bool: ...
    @property
    def cannot_go_on(self) -> bool: ...


class RulePlayerLike(Protocol):
    """What the teacher needs of `core.rules.RulePlayer`."""

    @property
    def game(self) -> GameData:
        """What is played, so that prompts can tell of it."""
        ...

    def options(self, state: GameState) -> Sequence[Option]: ...
    def choose(self, state: GameState) -> Option: ...
    def act(self, state: GameState, option: Option) -> RuleStepLike: ...
    def overruled(self) -> None:
        """The press of the last `act` was not made: the policy or the mask had it otherwise."""
        ...

    def reset(self) -> None: ...


AskModel = Callable[[bool], bool]
"""Told whether the choice matters (`core/agent/llm_gate.py`): does the language model make it?"""


@dataclass(frozen=True, slots=True)
class TeacherAction:
    """What the teacher would press now."""

    action: int
    source: Source
    confidence: float
    """As stated by the source, 0 to 1, not calibrated."""
    reasoning: str
    option_key: str = ""


@dataclass(frozen=True, slots=True)
class _Plan:
    """An option under way and who chose it."""

    option: Option
    source: Source
    confidence: float | None
    """The language model's; None where the rules state theirs press by press."""
    reason: str


ChooseOption = Callable[["GameState", Sequence[Option]], int]
"""Chooses among several options, given best first, in the rules' place: its place in the list."""
WhoChooses = Callable[["GameState", Sequence[Option]], Source | None]
"""Who chooses among several options; None where nobody knows, and who chooses is tossed for as elsewhere."""


class StateWriter(Protocol):
    """Puts one lane's states into words; `core.prompts.writer.PromptWriter` remembers what was seen and tried."""

    def reset(self) -> None:
        """A new episode begins."""
        ...

    def see(self, state: GameState) -> None:
        """Called at every step that the teacher is asked about."""
        ...

    def chose(self, label: str, state: GameState) -> None:
        """Called with the words of each option that was chosen among several, whoever chose it."""
        ...

    def describe(self, state: GameState, options: Sequence[Option] = ()) -> str:
        """The prompt that is put before the options; no options are given where a button is asked for."""
        ...

    def stale(self) -> frozenset[str]:
        """The words of options that have come to nothing again and again of late: a model is offered others first."""
        ...

    def note(self, note: str) -> None:
        """Called with what the model wrote beside its choice, where it wrote anything."""
        ...


class PlainWriter:
    """A writer without memory, from a function of the state alone."""

    def __init__(self, describe: Callable[[GameState], str]) -> None:
        self._describe = describe

    def reset(self) -> None: ...

    def see(self, state: GameState) -> None: ...

    def chose(self, label: str, state: GameState) -> None: ...

    def describe(self, state: GameState, options: Sequence[Option] = ()) -> str:
        del options  # the function is of the state alone
        return self._describe(state)

    def stale(self) -> frozenset[str]:
        return frozenset()

    def note(self, note: str) -> None: ...


def _listed(options: Sequence[Option], stale: frozenset[str]) -> tuple[Option, ...]:
    """What a model is asked about, best first and no words twice. A small model may choose the same for ever, so what
    is stale stands aside while there are two others."""
    fresh = [option for option in options if option.label not in stale]
    offered = fresh if len(fresh) > 1 else options
    return tuple({option.label: option for option in offered[:MOST_OPTIONS]}.values())


class LaneTeacher:
    """The teacher of one lane. `model_calls` counts questions of this episode that a model really answered."""

    def __init__(
        self,
        player: RulePlayerLike,
        manager: Advisor | LLMManagerLike | ButtonManager | None,
        writer: StateWriter,
        statistics: OptionStatistics | None = None,
        cache: OptionCache | None = None,
    ) -> None:
        """With `statistics`, the record of past decisions settles what the rules like about equally. `cache`: which of
        a model's answers are kept; by default all that last.
        """
        self.player = player
        self.statistics = statistics
        self.writer = writer
        self.model_calls = 0
        self._advisor = manager if isinstance(manager, Advisor) else Advisor(manager)
        self._episode = 0
        self._cache = cache or OptionCache()
        self._situation = ""
        self._plan: _Plan | None = None
        self._last_plan: _Plan | None = None
        """The plan that the last action carried out."""
        self._acted: _Plan | None = None
        """The same, whoever pressed then."""
        self._was_over = self._cannot_go_on = False
        """It was over before that action; nothing would carry it on."""
        self._interrupted: _Plan | None = None
        self._steps_since_stuck_choice = STEPS_BETWEEN_STUCK_CHOICES
        self.screen: NDArray[np.uint8] | None = None
        """Brightness, (height, width), as it is at this step, for a model that sees; None for all others."""
        self.chooser: ChooseOption | None = None
        """Who chooses instead of the rules and the record; a learned policy."""
        self.who_chooses: WhoChooses | None = None
        """Says whether `chooser`, a language model or the rules choose; without it `chooser` does if there is one."""
        self.offered: tuple[Option, ...] = ()
        """What was chosen among at the last action, best first; empty where an option went on or was the only one."""

    @property
    def option(self) -> Option | None:
        """The option that the last action carried out."""
        return None if self._last_plan is None else self._last_plan.option

    @property
    def source(self) -> Source | None:
        """Who chose that option."""
        return None if self._last_plan is None else self._last_plan.source

    @property
    def ended(self) -> bool:
        """Whether the last action was the last one of its option."""
        return self._last_plan is not None and self._plan is None

    def reset(self) -> None:
        """A new episode begins."""
        self.player.reset()
        self.writer.reset()
        self._episode = self._advisor.begin_episode()
        self.model_calls = 0
        self._cache.reset()
        self._situation = ""
        self._plan = self._last_plan = self._acted = self._interrupted = None
        self._steps_since_stuck_choice = STEPS_BETWEEN_STUCK_CHOICES

    def act(self, state: GameState, *, ask_model: AskModel, stuck: bool) -> TeacherAction:
        """The teacher's action for this step. `ask_model` is called only at decision points and tosses for who
        chooses."""
        self.writer.see(state)
        if self._advisor.names_buttons and ask_model(True) and (pressed := self._pressed_by_model(state)) is not None:
            return pressed
        situation = situation_of(state.mode)
        self.offered = ()
        self._steps_since_stuck_choice += 1
        # Training comes back to the same place on purpose; the rules themselves give up a place where nothing comes.
        trains = self._plan is not None and self._plan.option.kind is OptionKind.TRAIN
        retry = stuck and not trains and self._steps_since_stuck_choice > STEPS_BETWEEN_STUCK_CHOICES
        if retry:
            self._steps_since_stuck_choice = 0
            if self._plan is not None:
                self._cache.doubt(self._plan.option.key)
            self._plan = self._interrupted = None
        plan = self._plan
        if plan is None or situation != self._situation:
            plan = self._next_plan(state, situation, ask_model)
        step = self.player.act(state, plan.option)
        self._last_plan = plan
        self._plan = None if step.done else plan
        self._acted, self._was_over, self._cannot_go_on = plan, step.is_for_next, step.cannot_go_on
        stated = step.confidence if plan.confidence is None else plan.confidence
        reasoning = step.reasoning if not plan.reason else f"{plan.reason}: {step.reasoning}"
        return TeacherAction(int(step.button), plan.source, stated, reasoning, plan.option.key)

    def overruled(self) -> None:
        """Another button than the teacher's last one was pressed: what the rules noted of their press is taken back.

        An option whose last press it would have been is still under way; one that was over before it stays so.
        """
        if self._last_plan is not None:
            self._plan, self._last_plan = None if self._was_over else self._last_plan, None
            self.player.overruled()

    def judge_end(self, ended: bool) -> None:
        """Somebody else than the rules says whether the option of the last action has come to its end; what nothing
        carries on is over in any case."""
        self._plan = None if ended or self._cannot_go_on else self._acted

    def look_again(self, state: GameState) -> None:
        """Keeps the option under way only if the rules still list it, as they list it now. For who judges ends without
        them: in the next turn of a fight the same line of the bag holds another item."""
        plan = self._plan
        if plan is not None:
            listed = {option.key: option for option in self.player.options(state)}
            now = listed.get(plan.option.key)
            self._plan = None if now is None else replace(plan, option=now)

    def _next_plan(self, state: GameState, situation: str, ask_model: AskModel) -> _Plan:
        if self._situation == "overworld" and situation != "overworld":
            self._interrupted = self._plan
        self._situation = situation
        options = self.player.options(state)
        interrupted = self._interrupted
        if situation == "overworld" and interrupted is not None:
            self._interrupted = None
            if any(option.key == interrupted.option.key for option in options):
                self._plan = interrupted
                return interrupted
        self._plan = None
        under_way = None if interrupted is None else interrupted.option.kind
        who = None if self.who_chooses is None or len(options) < 2 else self.who_chooses(state, options)
        can_ask = len(options) > 1 and not self._advisor.names_buttons
        if can_ask and (ask_model(matters(options, under_way)) if who is None else who is Source.LLM):
            self._plan = self._chosen_by_model(state, options)
        if self._plan is None:
            self._plan = self._chosen_by_rules(state, options, who)
        if len(options) > 1:
            self.offered = tuple(options)
            self.writer.chose(self._plan.option.label, state)
        return self._plan

    def _chosen_by_rules(self, state: GameState, options: Sequence[Option], who: Source | None) -> _Plan:
        may_choose = self.who_chooses is None or who is Source.POLICY
        if self.chooser is not None and may_choose and len(options) > 1:
            return _Plan(options[self.chooser(state, options)], Source.POLICY, None, "")
        if self.statistics is None or len(options) < 2:
            return _Plan(self.player.choose(state), Source.RULES, None, "")
        preference = self.statistics.prefer(options, GameStateAnalysis.from_game_state(state).context)
        return _Plan(preference.option, Source.RULES, None, preference.reason)

    def _chosen_by_model(self, state: GameState, options: Sequence[Option]) -> _Plan | None:
        """None when the model cannot answer now."""
        stale = self.writer.stale()
        kept = self._cache.find(state, options)
        if kept is not None and kept[1].label not in stale:
            known, option = kept
            return _Plan(option, Source.LLM, known.confidence, known.reason)
        earlier = self._cache.take_open(state, options)
        if earlier is not None:  # the model has been asked, and most likely it has answered by now
            listed = earlier.options
            choice = self._asked(lambda: earlier.prompt, listed)
        else:
            listed = _listed(options, stale)
            choice = self._asked(lambda: self._prompt(state, listed), listed)
        if isinstance(choice, LateAnswer):
            self._cache.leave_open(state, options, OpenQuestion(choice.prompt, listed))
            return None
        if choice is None:
            return None
        self.model_calls += earlier is not None or not choice.cached
        if choice.note:
            self.writer.note(choice.note)
        chosen = listed[choice.index]
        meant = next((option for option in options if option.key == chosen.key), None)
        if meant is None:  # what was chosen earlier cannot be done now
            return None
        reason = choice.reason or chosen.label
        answer = CachedChoice(
            chosen.key, choice.confidence, f"{reason} (noted: {choice.note})" if choice.note else reason
        )
        self._cache.note(state, options, meant, answer)
        return _Plan(meant, Source.LLM, answer.confidence, answer.reason)

    def _asked(self, describe: Callable[[], str], listed: Sequence[Option]) -> Choice | LateAnswer | None:
        return self._advisor.choose(describe, [option.label for option in listed], self._episode)

    def _prompt(self, state: GameState, options: Sequence[Option]) -> str:
        words = self.writer.describe(state, options)
        return words if self.screen is None else SeenPrompt(words, self.screen.copy())

    def _pressed_by_model(self, state: GameState) -> TeacherAction | None:
        """The button that a custom manager names; None when it names none now."""
        pressed = self._advisor.press(lambda: self.writer.describe(state))
        if pressed is None:
            return None
        self.model_calls += 1
        self._last_plan = None
        return TeacherAction(pressed.index, Source.LLM, pressed.confidence, pressed.reason)

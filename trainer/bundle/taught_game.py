"""One game in which the rules are asked at every step, whoever presses and whoever chooses among the options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.heads.button_view import ButtonView, ButtonViews
from core.agent.repeated_presses import RepeatedPresses, Repetition
from core.agent.teacher import LaneTeacher, PlainWriter, TeacherAction
from core.env.lanes.lane_history import StartPoint
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv, Outcome
from core.game.state import GameState
from core.rules import RulePlayer
from core.vocabulary import GameMode, Option

Choose = Callable[["TaughtGame", Sequence[Option]], int]
"""Chooses among several options, given best first: its place in the list."""


@dataclass(frozen=True, slots=True, eq=False)
class TaughtStep:
    """What the rules would do now."""

    wanted: TeacherAction
    repetition: Repetition
    mask: NDArray[np.bool_]
    """(actions,): what the game allows."""


class TaughtGame:
    """Call `begin`, then `look` and `press` in turn. The env is the caller's, who closes it."""

    def __init__(
        self,
        env: EnhancedPyBoyPokemonCrystalEnv,
        player_seed: int,
        starter: int | None = None,
        choose: Choose | None = None,
    ) -> None:
        """`choose`: who chooses in the rules' place; their first option if None."""
        self.env = env
        self.player = RulePlayer(env.rom.game, player_seed, starter=starter)
        self.teacher = LaneTeacher(self.player, None, PlainWriter(str))
        self._repeats = RepeatedPresses()
        self._views = ButtonViews()
        self._situation: ButtonView | None = None
        self._wanted: int | None = None
        if choose is not None:
            self.teacher.chooser = lambda _state, options: choose(self, options)

    @property
    def state(self) -> GameState:
        """The game as it is now."""
        return self.env.state

    def begin(self, seed: int, start: StartPoint | None = None) -> None:
        """A new game from its start, or from the `start`; the rules remember nothing of what was before."""
        self.env.restart(seed=seed, options=None if start is None else start.reset_options)
        self.teacher.reset()
        self._repeats.reset()

    def look(self) -> TaughtStep:
        """Asks the rules; an option is chosen on the way where it is time."""
        self._situation = None
        state, mask = self.env.state, self.env.action_masks()
        repetition = self._repeats.look(state.state_hash, mask)
        self._reached = self.player.reached_flags.copy()
        stuck = repetition.looping and state.mode is GameMode.FREE
        wanted = self.teacher.act(state, ask_model=lambda _matters: False, stuck=stuck)
        self._wanted = wanted.action
        return TaughtStep(wanted, repetition, mask)

    def situation(self) -> ButtonView:
        """What the option head sees of this step."""
        if self._situation is None:
            seen = self.env.policy_observation()
            self._situation = self._views.situation(self.state, seen["features"], seen["map"], self._reached)
        return self._situation

    def view(self, step: TaughtStep) -> ButtonView:
        """What the button head sees of this step: the situation and the option under way."""
        view = self.situation()
        self._views.add_option(view, self.state, self.teacher.option, self.player, step.repetition)
        return view

    def press(self, action: int) -> Outcome:
        """Presses; the rules are told where it is not what they wanted."""
        if action != self._wanted:
            self.teacher.overruled()
        self._repeats.pressed(action)
        outcome = self.env.advance(action)
        if outcome.reward > 0:
            self._repeats.progress()
        return outcome

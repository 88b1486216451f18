"""The rule player: what a careful player would do next, and the button for it.

One per lane, deterministic for a seed. `options` lists what can sensibly be decided now, best first; `choose` takes the
best; `act` carries an option out one press at a time. A language model or a person may choose instead: the player
carries out any option it has listed. Where an option ends, it goes on with its own choice and says so
(`RuleStep.done`), so every press it names is a useful one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.game.game_data import GameData
from core.game.milestone_tracker import MilestoneTracker
from core.game.state import GameState
from core.navigation.ground_archive import GroundArchive
from core.navigation.known_grounds import KnownGrounds
from core.navigation.travel import TravelMemory, WorldGraph
from core.rules.field.overworld import FieldRules
from core.rules.field.walking import Heading
from core.rules.fights.battle import BattleRules
from core.rules.menus.answers import READ_ON, WAIT, AnswerRules
from core.rules.menus.menu_watch import MenuWatch
from core.rules.menus.task_menus import MenuTaskRules, TaskStage
from core.rules.menus.typed_names import NO_NAMES, TypedNames
from core.rules.noticing import Noticing
from core.rules.planning.goals import PlannedGoal
from core.rules.planning.lane_memory import LaneMemory
from core.rules.planning.story_planner import StoryPlanner
from core.rules.step import RuleStep
from core.rules.values import ON_THE_WAY
from core.vocabulary import Button, GameMode, Option, OptionKind, Position

MOST_OPTIONS = 12
MOST_LISTED = 16
"""With `RulePlayer.lists_more`."""
BUSY_MODES = frozenset((GameMode.BOOT, GameMode.MAP_LOADING, GameMode.CUTSCENE, GameMode.WALKING))
PRESSING_KINDS = frozenset((OptionKind.HEAL, OptionKind.MANAGE, OptionKind.BUY, OptionKind.TRAIN))
"""What a fight can make more urgent than the option under way."""
MENU_MODES = frozenset((GameMode.DIALOG, GameMode.MENU))
FIELD_KINDS = frozenset(
    (
        OptionKind.GO_TO,
        OptionKind.TALK,
        OptionKind.ENTER,
        OptionKind.HEAL,
        OptionKind.TRAIN,
        OptionKind.PICK_UP,
        OptionKind.PUSH,
        OptionKind.BUY,
        OptionKind.MANAGE,
        OptionKind.EXPLORE,
    )
)


class RulePlayer:
    """A careful player of one lane.

    Args:
        game: the fixed facts of the game.
        seed: settles free choices, such as which starter to take.
        archive: ground that others and earlier games have seen; this lane adds what it sees. None shares nothing.
        names: what to type on keyboards.
        starter: which of the first creatures on offer to take (from 1); None leaves it to the seed.
    """

    def __init__(
        self,
        game: GameData,
        seed: int = 0,
        archive: GroundArchive | None = None,
        names: TypedNames = NO_NAMES,
        starter: int | None = None,
    ) -> None:
        self.game = game
        self.seed = seed
        self.starter = starter
        self._names = names
        self._archive = archive
        self.lists_more = False
        """Options are listed, too, that the rules like too little ever to choose them, for somebody who may."""
        self._graph = WorldGraph(game)
        self._tracker = MilestoneTracker(game)
        self._planner = StoryPlanner(game, game.milestones, self._graph)
        self.reset()

    def reset(self) -> None:
        """A new episode begins: forget everything that was learned in the last one, but for what an archive keeps.

        Every part that keeps notes of an episode is made anew, so that nothing of the last one can be left over.
        """
        self.memory = LaneMemory(travel=TravelMemory(KnownGrounds(self._archive)))
        self._answers = AnswerRules(self.game, self.memory, self._names)
        self._menu_tasks = MenuTaskRules(self.game, self.memory)
        self._watch = MenuWatch()
        self._battle = BattleRules(self.game, self._answers, self.memory)
        self._field = FieldRules(self.game, self._graph, self.memory)
        self._noticing = Noticing(self.memory, self._graph, self._field, self._battle)
        self._field_options: tuple[Option, ...] = ()
        """What was planned when the player was last free to walk."""
        self._tracker.reset()

    @property
    def parts_of_game(self) -> tuple[object, ...]:
        """What was derived from the game's facts, once for all episodes, and can be derived again."""
        return self._graph, self._planner

    @property
    def milestones(self) -> tuple[str, ...]:
        """Ids of the milestones reached in this episode, in the order of reaching."""
        return self._tracker.reached

    @property
    def reached_flags(self) -> NDArray[np.bool_]:
        """(milestones,): which of the game's milestones were reached, in the order of its list."""
        return self._tracker.reached_flags

    def heading(self, state: GameState) -> Heading | None:
        """Where the walk under way leads to on this map; None when nobody walks."""
        return self._field.walker.heading(state)

    def task_stage(self, state: GameState) -> TaskStage | None:
        """How far the menu task under way is; None without one."""
        return self._menu_tasks.stage(state)

    def goals(self, state: GameState) -> tuple[PlannedGoal, ...]:
        """The planner's goals now, most urgent first."""
        self._look(state)
        self.memory.lists_more = self.lists_more
        return self._planner.goals(state, self.milestones, self.memory, self.seed, self.starter)

    def options(self, state: GameState) -> tuple[Option, ...]:
        """What can sensibly be decided now, best first, never empty. While the game is busy: what was last planned."""
        self._look(state)
        match state.mode:
            case GameMode.BATTLE:
                return self._battle.options(state)
            case GameMode.DIALOG | GameMode.MENU:
                return self._menu_tasks.options(state) or self._answers.options(state)
            case GameMode.FREE:
                self._field_options = self._plan(state)
                return self._field_options
            case _:
                return self._field_options or (WAIT,)

    def choose(self, state: GameState) -> Option:
        """The option that the rules like best."""
        return self.options(state)[0]

    def act(self, state: GameState, option: Option) -> RuleStep:
        """The next press for `option`. Calls count as the lane's steps, so call it once a step.

        `done` says that the option has come to its end (carried out, pointless or out of reach): choose anew.
        """
        self.memory.step += 1
        if option.kind is OptionKind.HEAL:
            self.memory.bound_for = option.key
        self._answers.begin_press()
        self._look(state)
        mode = state.mode
        if mode is GameMode.FREE:
            self._answers.talk_ended()
        self._watch.note(mode, mode in MENU_MODES and state.menu is not None)
        if mode in BUSY_MODES:
            return self._while_busy(state, option)
        if mode in MENU_MODES and self._watch.backs_out:
            why = f"menus have held on for {self._watch.presses} presses: back out"
            return RuleStep(Button.B, 0.2, why, done=True)
        if mode is GameMode.FREE and self._noticing.has_fought:
            self._noticing.has_fought = False
            step = self._press_for_a_need(state, option)
            if step is not None:
                return step
        step = self._carry_out(state, mode, option)
        if step is not None:
            return step
        for own in self.options(state):
            step = self._carry_out(state, mode, own)
            if step is not None:
                why = f"after that: {step.reasoning}"
                return RuleStep(step.button, 0.5 * step.confidence, why, done=True, is_for_next=True, cannot_go_on=True)
        return RuleStep(Button.B, 0.1, "nothing fits this situation", done=True)

    def _press_for_a_need(self, state: GameState, option: Option) -> RuleStep | None:
        """After a fight: the press for what cannot wait, which ends the option; None when the option can go on."""
        first = self.options(state)[0]
        if first.kind not in PRESSING_KINDS or first.key == option.key or first.value <= option.value:
            return None
        step = self._carry_out(state, GameMode.FREE, first)
        if step is None:
            return None
        return replace(step, reasoning=f"before that: {step.reasoning}", done=True, is_for_next=True)

    def overruled(self) -> None:
        """The press that `act` named last was not made: somebody else chose another button for this step.

        What the rules had noted of their own press (an answer, a talk begun, a step that had no effect) is taken back.
        """
        mode = self._noticing.mode
        if mode is GameMode.FREE:
            self._field.overruled()
        elif mode is GameMode.BATTLE:
            self._battle.overruled()
        else:
            self._menu_tasks.overruled()
        self._answers.overruled()

    def _carry_out(self, state: GameState, mode: GameMode, option: Option) -> RuleStep | None:
        if mode is GameMode.FREE:
            return self._field.act(state, option) if option.kind in FIELD_KINDS else None
        if mode is not GameMode.BATTLE and option.menu_task is not None:
            return self._menu_tasks.act(state, option)
        if option.kind in FIELD_KINDS:
            return None
        return self._battle.act(state, option) if mode is GameMode.BATTLE else self._answers.act(state, option)

    def _while_busy(self, state: GameState, option: Option) -> RuleStep:
        if state.mode is GameMode.BOOT:
            return RuleStep(Button.A, 0.5, "the game has not begun", done=True)
        return RuleStep(Button.NONE, 0.9, "the game is busy", done=option.kind not in FIELD_KINDS)

    def _look(self, state: GameState) -> None:
        """Notice what has changed since the last state, milestones of the story included."""
        if not self._noticing.look(state):
            return
        self._tracker.update(state)

    # -- planning ----------------------------------------------------------------------------------------------

    def _plan(self, state: GameState) -> tuple[Option, ...]:
        """The goals' options, then the doors of this map that are some, each key once."""
        found = {goal.option.key: goal.option for goal in reversed(self.goals(state))}
        for index, exit_ in enumerate(self._graph.exits(state.position.map)):
            if exit_.edge is None and not self._graph.is_open(exit_, self.memory.travel.grounds):
                continue  # a landing spot, or a hole that is not open yet
            place = self.game.map_name(exit_.to_map)
            key = f"enter:{self.game.maps[exit_.map].key}:{exit_.key}"
            position = Position(exit_.map, exit_.x, exit_.y)
            value = ON_THE_WAY.shut_door if self.memory.is_abandoned(key) else ON_THE_WAY.door
            option = Option(OptionKind.ENTER, f"Leave by {exit_.label} to {place}", key, position, index, value)
            found.setdefault(key, option)
        ordered = sorted(found.values(), key=lambda option: -option.value)
        return tuple(ordered[: MOST_LISTED if self.lists_more else MOST_OPTIONS]) or (READ_ON,)

"""The rule player: what a careful player would do next, and the button for it.

One per lane, deterministic for a seed. `options` lists what can sensibly be decided now, best first; `choose` takes the
best; `act` carries an option out one press at a time. Language models and people may choose in its stead: it carries
out any option it has listed, and where an option has come to its end it goes on with its own choice and says so
(`RuleStep.done`), so every press it names is a useful one.
"""

from __future__ import annotations

from dataclasses import replace

from core.game.game_data import GameData
from core.game.milestone_tracker import MilestoneTracker
from core.game.state import GameState
from core.navigation.ground_archive import GroundArchive
from core.navigation.known_grounds import KnownGrounds
from core.navigation.travel import TravelMemory, WorldGraph
from core.rules.field.overworld import FieldRules
from core.rules.fights.battle import BattleRules
from core.rules.menus.answers import READ_ON, WAIT, AnswerRules
from core.rules.menus.menu_watch import MenuWatch
from core.rules.menus.task_menus import ErrandRules
from core.rules.planning.goal_planner import GoalOrientedPlanner, PlannedGoal
from core.rules.planning.lane_memory import LaneMemory, Subject
from core.rules.step import RuleStep
from core.vocabulary import Button, GameMode, MapId, Option, OptionKind, Position

MOST_OPTIONS = 12
LOSS_LEVELS = 2
"""After a lost battle the lead trains this many levels before it tries again."""
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
    """

    def __init__(self, game: GameData, seed: int = 0, archive: GroundArchive | None = None) -> None:
        self.game = game
        self._archive = archive
        self.seed = seed
        self._graph = WorldGraph(game)
        self._tracker = MilestoneTracker(game)
        self._planner = GoalOrientedPlanner(game, game.milestones, self._graph)
        self.reset()

    def reset(self) -> None:
        """A new episode begins: forget everything that was learned in the last one, but for what an archive keeps."""
        self.memory = LaneMemory(travel=TravelMemory(KnownGrounds(self._archive)))
        self._answers = AnswerRules(self.game, self.memory)
        self._errands = ErrandRules(self.game, self.memory)
        self._watch = MenuWatch()
        self._battle = BattleRules(self.game, self._answers)
        self._field = FieldRules(self.game, self._graph, self.memory)
        self._map: MapId | None = None
        self._mode: GameMode | None = None
        self._field_options: tuple[Option, ...] = ()
        self._party_level = 0
        self._rides = False
        self._asked: tuple[Subject, float] | None = None
        """Whom one has spoken to since one was last free, and the party's health then."""
        self._fought = False
        self._tracker.reset()

    @property
    def milestones(self) -> tuple[str, ...]:
        """Ids of the milestones reached in this episode, in the order of reaching."""
        return self._tracker.reached

    def goals(self, state: GameState) -> tuple[PlannedGoal, ...]:
        """The planner's goals now, most urgent first."""
        self._look(state)
        return self._planner.goals(state, self.milestones, self.memory, self.seed)

    def options(self, state: GameState) -> tuple[Option, ...]:
        """What can sensibly be decided now, best first, never empty. While the game is busy: what was last planned."""
        self._look(state)
        match state.mode:
            case GameMode.BATTLE:
                return self._battle.options(state)
            case GameMode.DIALOG | GameMode.MENU:
                return self._errands.options(state) or self._answers.options(state)
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
        self._watch.note(mode, mode in MENU_MODES and state.menu is not None)
        if mode in BUSY_MODES:
            return self._while_busy(state, option)
        if mode in MENU_MODES and self._watch.backs_out:
            why = f"menus have held on for {self._watch.presses} presses: back out"
            return RuleStep(Button.B, 0.2, why, done=True)
        if mode is GameMode.FREE and self._fought:
            self._fought = False
            step = self._press_for_a_need(state, option)
            if step is not None:
                return step
        step = self._carry_out(state, mode, option)
        if step is not None:
            return step
        for own in self.options(state):
            step = self._carry_out(state, mode, own)
            if step is not None:
                return RuleStep(step.button, 0.5 * step.confidence, f"after that: {step.reasoning}", done=True)
        return RuleStep(Button.B, 0.1, "nothing fits this situation", done=True)

    def _press_for_a_need(self, state: GameState, option: Option) -> RuleStep | None:
        """After a fight: the press for what cannot wait, which ends the option; None when the option can go on."""
        first = self.options(state)[0]
        if first.kind not in PRESSING_KINDS or first.key == option.key or first.value <= option.value:
            return None
        step = self._carry_out(state, GameMode.FREE, first)
        return replace(step, reasoning=f"before that: {step.reasoning}", done=True) if step is not None else None

    def overruled(self) -> None:
        """The press that `act` named last was not made: somebody else chose another button for this step.

        What the rules had noted of their own press (an answer, a talk begun, a step that had no effect) is taken back.
        """
        mode = self._mode
        if mode is GameMode.FREE:
            self._field.overruled()
        elif mode is GameMode.BATTLE:
            self._battle.overruled()
        else:
            self._errands.overruled()
        self._answers.overruled()

    def _carry_out(self, state: GameState, mode: GameMode, option: Option) -> RuleStep | None:
        if mode is GameMode.FREE:
            return self._field.act(state, option) if option.kind in FIELD_KINDS else None
        if mode is not GameMode.BATTLE and option.menu_task is not None:
            return self._errands.act(state, option)
        if option.kind in FIELD_KINDS:
            return None
        return self._battle.act(state, option) if mode is GameMode.BATTLE else self._answers.act(state, option)

    def _while_busy(self, state: GameState, option: Option) -> RuleStep:
        if state.mode is GameMode.BOOT:
            return RuleStep(Button.A, 0.5, "the game has not begun", done=True)
        return RuleStep(Button.NONE, 0.9, "the game is busy", done=option.kind not in FIELD_KINDS)

    # -- noticing ----------------------------------------------------------------------------------------------

    def _look(self, state: GameState) -> None:
        """Notice what has changed since the last state: a map, a mode, a lost battle, progress of the story."""
        mode, map_id = state.mode, state.position.map
        if mode is self._mode and map_id == self._map:
            return
        self._mode, last_mode = mode, self._mode
        if self._field.talking_to is not None and mode not in (GameMode.FREE, GameMode.WALKING):
            self.memory.note_spoken(self._field.talking_to)
            self._asked = (self._field.talking_to, state.party_hp_fraction)
            self._field.talking_to = None
        if mode in (GameMode.BOOT, GameMode.MAP_LOADING):
            return
        if mode is not last_mode and GameMode.BATTLE in (mode, last_mode):
            self._note_battle(state)
        self._tracker.update(state)
        if mode is not GameMode.FREE:
            return
        if self._asked is not None:
            subject, health = self._asked
            if state.party_hp_fraction > health and not self._fought:
                self.memory.healers.add(subject)
            self._asked = None
        self.memory.note_progress(progress_of(state))
        self.memory.travel.grounds.see(state)
        if state.is_surfing and not self._rides:
            self.memory.forget_answers()
        self._rides = state.is_surfing
        if map_id != self._map:
            self._map = map_id
            self.memory.visited.add(map_id)
            self.memory.travel.entered(map_id, self._graph.entry_key_at(state.position))
            self._field.entered_map()

    def _note_battle(self, state: GameState) -> None:
        """After a lost battle the lead has to grow first."""
        if state.mode is GameMode.BATTLE:
            self._battle.reset()
            self._field.fought()
            self._party_level = max((member.level for member in state.party), default=0)
            self._fought = True
        elif state.lost_last_battle and self._party_level:
            self.memory.wanted_level = max(self.memory.wanted_level, self._party_level + LOSS_LEVELS)

    # -- planning ----------------------------------------------------------------------------------------------

    def _plan(self, state: GameState) -> tuple[Option, ...]:
        """The goals' options, then the doors of this map, each key once."""
        goals = self._planner.goals(state, self.milestones, self.memory, self.seed)
        found = {goal.option.key: goal.option for goal in reversed(goals)}
        for index, exit_ in enumerate(self._graph.exits(state.position.map)):
            place = self.game.map_name(exit_.to_map)
            key = f"enter:{self.game.maps[exit_.map].key}:{exit_.key}"
            position = Position(exit_.map, exit_.x, exit_.y)
            value = 0.05 if self.memory.is_abandoned(key) else 0.1
            option = Option(OptionKind.ENTER, f"Leave by {exit_.label} to {place}", key, position, index, value)
            found.setdefault(key, option)
        ordered = sorted(found.values(), key=lambda option: -option.value)
        return tuple(ordered[:MOST_OPTIONS]) or (READ_ON,)


def progress_of(state: GameState) -> int:
    """A number that changes when the story moves: flags, badges, party size, key items."""
    keys = tuple(slot.item for slot in state.key_items)
    return hash((state.event_flags, state.johto_badges, state.kanto_badges, len(state.party), keys))

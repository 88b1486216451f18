"""Carries out overworld options: walk there, through doors and across maps, then talk, pick up, rest or train.

Between presses it only compares where the player stands with the path that is already known. It plans again when the
map, the option or a person's place has changed, and it remembers in `TravelMemory` what proved out of reach.
"""

from __future__ import annotations

from dataclasses import replace

from core.game.field_moves import abilities_of
from core.game.game_data import GameData
from core.game.state import GameState
from core.navigation import boulders
from core.navigation.exits import Exit
from core.navigation.map_ground import Cell, MapGround, walking_distances
from core.navigation.pathfinding import Blocked, BlockReason, Goal, talk_goals
from core.navigation.travel import WorldGraph, cell_key
from core.rules.field.approach import Approach
from core.rules.field.boulder_pushes import BoulderPushes
from core.rules.field.flights import Flights
from core.rules.field.hunting_walk import HuntingLesson, HuntingWalk, Wild
from core.rules.field.walked_ground import WalkedGround
from core.rules.field.walking import Arrived, GoalMaker, Walked, Walker
from core.rules.menus.radio import Radio
from core.rules.planning.goals import ANYWHERE
from core.rules.planning.hunting_grounds import CAVES
from core.rules.planning.lane_memory import LaneMemory
from core.rules.planning.needs import HEAL_BELOW
from core.rules.step import RuleStep
from core.vocabulary import Button, ChooseFloor, MapId, Option, OptionKind, Position

PERSON_BLOCKS_STEPS = 120
"""How long an exit counts as shut when somebody stood in the way."""
WALL_BLOCKS_STEPS = 5000
MOST_STEPS = 700
"""Presses in the overworld, not counting those before the last battle, after which an option is given up."""
MOST_RETURNS = 20
"""Times on the same spot, facing the same way, after which an option is given up as a loop."""
MOST_KNOCKS = 4
"""Presses at the goal (A, or the way out) without effect before it is given up."""


class FieldRules:
    """One lane's hands and feet in the overworld."""

    def __init__(self, game: GameData, graph: WorldGraph, memory: LaneMemory) -> None:
        self._game = game
        self._graph = graph
        self._memory = memory
        self._ground = WalkedGround(game, lambda state: self._boulders.cells(state))
        self.walker = Walker(self._ground)
        self._approach = Approach(game)
        self._radio = Radio(game)
        self.reset()

    def reset(self) -> None:
        """A new episode begins."""
        self.walker.reset()
        self._option_key: str = ""
        self._steps = 0
        self._knocks = 0
        self._returns: dict[tuple[Position, Button], int] = {}
        self._last_spot: tuple[Position, Button] | None = None
        self._leg: tuple[str, MapId, Exit] | None = None
        self._hunt = HuntingWalk()
        self._boulders = BoulderPushes(self._game)
        self._flights = Flights(self._game, self._graph)
        self._last_push: boulders.Push | None = None
        self._lesson = HuntingLesson()
        self.talking_to: tuple[MapId, str] | None = None
        """Whom the last press of A was for; it counts as spoken to when the game reacts (`core.rules.noticing`)."""

    def entered_map(self) -> None:
        """The map has changed: forget what was planned on the last one."""
        self._memory.tuned = None
        self._leg = None
        self._knocks = 0
        self._hunt.entered_map()
        self._boulders.reset()
        self._flights.reset()

    def fought(self) -> None:
        """A battle has begun: whatever led to it was not in vain."""
        self._memory.tuned = None
        self._steps = 0
        self._hunt.fought()
        self._forget_returns()

    def overruled(self) -> None:
        """The press that `act` named last was not made, another was: nothing that was counted for it counts."""
        self.walker.overruled()
        self._steps = max(0, self._steps - 1)
        self._knocks = max(0, self._knocks - 1)
        self.talking_to = None
        if self._last_spot is not None:
            self._returns[self._last_spot] -= 1
            self._last_spot = None

    def _forget_returns(self) -> None:
        self._returns.clear()
        self._last_spot = None

    def _goes_in_circles(self, state: GameState, option: Option) -> bool:
        """Whether the player came back to this spot too often; training comes back on purpose."""
        self._last_spot = None
        if option.kind is OptionKind.TRAIN:
            return False
        spot = (state.position, state.facing)
        times = self._returns[spot] = self._returns.get(spot, 0) + 1
        self._last_spot = spot
        return times > MOST_RETURNS

    def act(self, state: GameState, option: Option) -> RuleStep | None:
        """The press for an overworld option; None when it is finished, pointless or out of reach."""
        if option.key != self._option_key:
            self._option_key, self._steps, self._knocks, self._leg = option.key, 0, 0, None
            self._forget_returns()
        self._steps += 1
        if self._steps > MOST_STEPS or self._goes_in_circles(state, option):
            return self._give_up(option)
        self._memory.menu_task = option.menu_task
        if option.kind is OptionKind.MANAGE:
            return self._open_menu(option)
        if option.position is None:
            return None
        if option.position.map != state.position.map:
            return self._travel(state, option, option.position.map)
        match option.kind:
            case OptionKind.TALK | OptionKind.PICK_UP | OptionKind.HEAL | OptionKind.BUY:
                return self._talk(state, option)
            case OptionKind.PUSH:
                return self._push_into_hole(state, option)
            case OptionKind.TRAIN:
                return self._train(state, option)
            case OptionKind.ENTER:
                return self._enter(state, option)
            case _ if option.position.x == ANYWHERE:
                return None
            case _:
                return self._stand_on(state, option, (option.position.x, option.position.y))

    # -- menu tasks -----------------------------------------------------------------------------------------------

    def _travel(self, state: GameState, option: Option, target: MapId) -> RuleStep | None:
        """One press on the way to another map."""
        leg = self._leg
        if leg is None or leg[0] != option.key or leg[1] != state.position.map:
            position = option.position
            cell = None if position is None or position.x == ANYWHERE else (position.x, position.y)
            route = self._flights.walk(state, target, cell, self._memory)
            flight = self._flights.toward(state, target, cell, route, self._memory)
            if flight is not None:
                self._memory.menu_task = flight
                return RuleStep(Button.START, 0.9, f"{option.label}: by air")
            if isinstance(route, Blocked) or not route.exits:
                return self._give_up(option)
            leg = self._leg = (option.key, state.position.map, route.exits[0])
        return self._take_exit(state, option, leg[2])

    def _take_exit(self, state: GameState, option: Option, exit_: Exit) -> RuleStep | None:
        if exit_.person is not None:
            return self._board(state, option, exit_)
        if exit_.floor is not None and not self._stands_at(state, exit_.to_map):
            return self._choose_floor(state, option, exit_, exit_.floor)
        key = f"{option.key}>{exit_.key}"
        answer = self._walk(state, option, key, lambda ground: self._graph.goals(exit_, ground, state.collision))
        if isinstance(answer, RuleStep):
            return answer
        if isinstance(answer, Blocked):
            return self._exit_is_shut(state, option, exit_, answer)
        if isinstance(answer, Arrived):
            self._knocks += 1
            if self._knocks > MOST_KNOCKS or answer.goal.then is None:
                shut = Blocked(BlockReason.PERSON_IN_THE_WAY, "the way out does not open")
                return self._exit_is_shut(state, option, exit_, shut)
            return RuleStep(answer.goal.then, 0.9, f"{option.label}: out by {exit_.label}")
        self._knocks = 0
        return RuleStep(answer, 0.9, option.label)

    def _board(self, state: GameState, option: Option, ride: Exit) -> RuleStep | None:
        """Talk to who takes one elsewhere, wherever they stand now."""
        person = next((one for one in state.people if one.object_id == ride.person), None)
        if person is None:
            return self._exit_is_shut(state, option, ride, Blocked(BlockReason.NO_SUCH_CELL, "nobody is there"))
        self.talking_to = None
        step = self._press_a_at(state, option, ride, (person.x, person.y))
        if step is not None and step.button is Button.A:
            self.talking_to = (state.map_id, f"object {ride.person}")
        return step

    def _choose_floor(self, state: GameState, option: Option, exit_: Exit, floor: str) -> RuleStep | None:
        """To the elevator's list of floors; once the floor is chosen, its door leads there."""
        panel = self._game.maps[state.map_id].signs[0]
        step = self._press_a_at(state, option, exit_, (panel.x, panel.y))
        if step is not None and step.button is Button.A:
            self._memory.menu_task = ChooseFloor(floor, exit_.floors)
        return step

    def _stands_at(self, state: GameState, floor: MapId) -> bool:
        """Whether the elevator's door leads to this floor now."""
        return MapId(state.byte("wBackupMapGroup"), state.byte("wBackupMapNumber")) == floor

    def _press_a_at(self, state: GameState, option: Option, exit_: Exit, cell: Cell) -> RuleStep | None:
        """A press on the way to a cell, or A in front of it; in vain too often, the exit is shut."""
        key = f"{option.key}>{exit_.key}@{cell[0]},{cell[1]}"
        answer = self.walker.next(state, self._memory.step, key, lambda ground: talk_goals(ground, *cell))
        if isinstance(answer, Button):
            self._knocks = 0
            return RuleStep(answer, 0.9, option.label)
        self._knocks += 1
        if isinstance(answer, Arrived) and self._knocks <= MOST_KNOCKS:
            return RuleStep(Button.A, 0.9, f"{option.label}: by {exit_.label}")
        shut = answer if isinstance(answer, Blocked) else Blocked(BlockReason.PERSON_IN_THE_WAY, "no way by it now")
        return self._exit_is_shut(state, option, exit_, shut)

    def _exit_is_shut(self, state: GameState, option: Option, exit_: Exit, why: Blocked) -> RuleStep | None:
        """Remember it, and look for another way at once."""
        self._remember_block(state, exit_.key, why)
        self._leg = None
        self._knocks = 0
        assert option.position is not None
        if option.kind is OptionKind.ENTER and option.position.map == state.position.map:
            return self._give_up(option)
        return self._travel(state, option, option.position.map)

    def _remember_block(self, state: GameState, key: str, why: Blocked) -> None:
        """For this entry and for all others that lead to the same part of the map."""
        person = why.reason is BlockReason.PERSON_IN_THE_WAY
        until = self._memory.step + (PERSON_BLOCKS_STEPS if person else WALL_BLOCKS_STEPS)
        ground = self._ground.with_people(state, frozenset())
        near = walking_distances(ground, [(state.position.x, state.position.y)])
        exits = self._graph.exits(state.position.map)
        doors = [one.key for one in exits if any((goal.x, goal.y) in near for goal in one.goals(ground))]
        self._memory.travel.block(state.position.map, key, until, doors)

    def _enter(self, state: GameState, option: Option) -> RuleStep | None:
        exits = self._graph.exits(state.position.map)
        if option.index is None or option.index >= len(exits):
            return None
        return self._take_exit(state, option, exits[option.index])

    def _talk(self, state: GameState, option: Option) -> RuleStep | None:
        """Go next to it, face it, press A; people move, so their present place counts."""
        assert option.position is not None
        subject, cell = self._subject(state, option)
        if subject is None:
            return None
        key = f"{option.key}@{cell[0]},{cell[1]}"
        answer = self._walk(state, option, key, lambda ground: self._approach.goals(state, ground, option.index, cell))
        if isinstance(answer, RuleStep):
            return answer
        if isinstance(answer, Blocked):
            self._remember_block(state, cell_key(option.position.x, option.position.y), answer)
            return self._give_up(option)
        if isinstance(answer, Arrived):
            self._knocks += 1
            if self._knocks > MOST_KNOCKS:
                return self._give_up(option)
            if (task := self._radio.tuning_for(state, option.index, self._memory.tuned)) is not None:
                self._memory.menu_task = task
                return RuleStep(Button.START, 0.9, f"{option.label}: first the radio")
            self.talking_to = (state.position.map, subject)
            return RuleStep(Button.A, 0.9, option.label)
        return RuleStep(answer, 0.9, option.label)

    # -- boulders -----------------------------------------------------------------------------------------------

    def _walk(self, state: GameState, option: Option, key: str, make_goals: GoalMaker) -> Walked | RuleStep:
        """The walker's answer; where nothing but boulders is in the way, a press that pushes them out of it."""
        answer = self.walker.next(state, self._memory.step, key, make_goals)
        if not isinstance(answer, Blocked) or answer.reason is not BlockReason.PERSON_IN_THE_WAY:
            return answer
        lie = self._boulders.cells(state)
        if lie.isdisjoint(answer.cells) or not abilities_of(state).can_push:
            return answer
        ground = self._without(state, lie)
        push = self._boulders.toward(state, ground, [(goal.x, goal.y) for goal in make_goals(ground)])
        step = self._push(state, option, push) if push is not None else None
        return answer if step is None else step

    def _push_into_hole(self, state: GameState, option: Option) -> RuleStep | None:
        """Push by push; where none helps any more, out and in again, which puts the boulders back."""
        assert option.position is not None
        boulder = next((one for one in state.people if one.object_id == option.index), None)
        if boulder is None:
            return None  # it has fallen
        hole, lie = (option.position.x, option.position.y), self._boulders.cells(state)
        if not abilities_of(state).can_push:
            return self._give_up(option)
        push = self._boulders.into(state, self._without(state, lie), (boulder.x, boulder.y), hole)
        if push is not None:
            return self._push(state, option, push) or self._give_up(option)
        doors = self._graph.doors_at_hand(self._ground.with_people(state, frozenset()), state.position)
        if lie == self._boulders.first_cells(state) or not doors:
            return self._give_up(option)
        return self._take_exit(state, option, doors[0])

    def _push(self, state: GameState, option: Option, push: boulders.Push) -> RuleStep | None:
        """A press on the way to a push, for strength (A), or the push itself; None when it does not work."""
        if push != self._last_push:
            self._last_push, self._knocks = push, 0
        strong = self._boulders.is_strong(state)
        goal = Goal(*push.stand, then=push.button)
        key = f"{option.key}^{push.x},{push.y}{push.button.name}"
        answer = self.walker.next(state, self._memory.step, key, lambda ground: (goal,))
        if isinstance(answer, Button):
            return RuleStep(answer, 0.9, option.label)
        self._knocks += 1
        if isinstance(answer, Blocked) or self._knocks > MOST_KNOCKS:
            return None
        return RuleStep(push.button if strong else Button.A, 0.9, option.label)

    def _without(self, state: GameState, lie: frozenset[Cell]) -> MapGround:
        """The ground without the boulders, which lie on these cells."""
        ground = self._ground.with_people(state, frozenset())
        return replace(ground, people=ground.people - lie)

    def _open_menu(self, option: Option) -> RuleStep | None:
        """START, for a menu task of the menus; opened again and again without the menu task being done, it is given
        up."""
        self._knocks += 1
        if option.menu_task is None or self._knocks > MOST_KNOCKS:
            return self._give_up(option)
        return RuleStep(Button.START, 0.9, option.label)

    @staticmethod
    def _subject(state: GameState, option: Option) -> tuple[str | None, Cell]:
        """Name and present cell of what the option speaks of; no name when it is gone."""
        assert option.position is not None
        cell = (option.position.x, option.position.y)
        if option.index is None:
            return f"sign {cell[0]},{cell[1]}", cell
        person = next((one for one in state.people if one.object_id == option.index), None)
        if person is None:
            return None, cell
        return f"object {option.index}", (person.x, person.y)

    def _stand_on(self, state: GameState, option: Option, cell: Cell) -> RuleStep | None:
        answer = self._walk(state, option, option.key, lambda ground: (Goal(*cell),))
        if isinstance(answer, RuleStep):
            return answer
        if isinstance(answer, Blocked):
            self._remember_block(state, cell_key(*cell), answer)
            return self._give_up(option)
        return None if isinstance(answer, Arrived) else RuleStep(answer, 0.9, option.label)

    def _train(self, state: GameState, option: Option) -> RuleStep | None:
        """To the nearest wild, and about in it until the level is reached or the lead is tired."""
        lead = state.party[0] if state.party else None
        if lead is None or lead.level >= (option.index or 0) or lead.hp_fraction < HEAL_BELOW:
            return None
        if self._lesson.learns_nothing(lead, self._memory.step):
            return self._give_up(option)
        here = (state.position.x, state.position.y)
        everywhere = self._is_wild_everywhere(state.position.map)
        wild = Wild(self._ground.with_people(state, frozenset()), everywhere)
        button = self._hunt.next(wild, here, state.facing, self._memory.step)
        if button is not None:
            return RuleStep(button, 0.7, option.label)
        answer = self._walk_into_the_wild(state, option, everywhere)
        if isinstance(answer, Blocked):
            self._hunt.settle(wild)
            answer = self._walk_into_the_wild(state, option, everywhere)
        if isinstance(answer, Blocked) and answer.reason is not BlockReason.PERSON_IN_THE_WAY:
            self._memory.note_barren(state.map_id)
        if not isinstance(answer, Button):
            return self._give_up(option)
        return RuleStep(answer, 0.8, option.label)

    def _walk_into_the_wild(self, state: GameState, option: Option, everywhere: bool) -> Button | Arrived | Blocked:
        here = (state.position.x, state.position.y)
        return self.walker.next(
            state, self._memory.step, option.key, lambda ground: self._hunt.goals(Wild(ground, everywhere), here)
        )

    def _is_wild_everywhere(self, map_id: MapId) -> bool:
        """Whether wild creatures appear at every step, as in caves."""
        known = self._game.maps.get(map_id)
        return known is not None and known.environment in CAVES and known.key in self._game.wild

    def _give_up(self, option: Option) -> None:
        self._memory.abandon(option)
        self.walker.reset()
        self._leg = None
        self._option_key = ""

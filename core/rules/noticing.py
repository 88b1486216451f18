"""Notices what has changed since the last state: the mode, the map, a fight, a talk, the progress of the story.

The rules act on one state at a time. What a state alone does not tell is written down here, in the lane's memory and in
the parts that act on it. A state that shows the same mode on the same map as the last one costs two comparisons.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.game import terrain
from core.game.field_moves import abilities_of
from core.game.state import GameState
from core.game.terrain import OFFSET
from core.navigation.map_ground import Cell
from core.navigation.travel import WorldGraph
from core.rules.field.overworld import FieldRules
from core.rules.fights.battle import BattleRules
from core.rules.planning.lane_memory import LaneMemory, Subject
from core.rules.planning.lost_fight import Creature
from core.vocabulary import GameMode, MapId

LOSS_LEVELS = 2
"""After a battle that was lost against somebody of whom the data tell nothing the lead trains this many levels."""


@dataclass(frozen=True, slots=True)
class _Talk:
    """A talk that began since the player was last free."""

    subject: Subject
    health: float
    """The party's share of its HP when the talk began."""


class Noticing:
    """One lane's episode: compares each state with the last one."""

    def __init__(self, memory: LaneMemory, graph: WorldGraph, field: FieldRules, battle: BattleRules) -> None:
        self._memory = memory
        self._graph = graph
        self._field = field
        self._battle = battle
        self.mode: GameMode | None = None
        """The mode of the last state; None before the first."""
        self.has_fought = False
        """A battle began since `act` last looked; who acts on it sets it back."""
        self._map: MapId | None = None
        self._talk: _Talk | None = None
        self._party_level = 0
        """The highest level of the party when the last battle began; 0 before the first."""
        self._foes: tuple[Creature, ...] = ()
        """The creatures of the trainer of the last battle; none of a wild one, or of one whom the data do not know."""
        self._battle_map: MapId | None = None
        """Where the last battle began."""
        self._surfs = False
        self._progress: int | None = None
        """`progress_of` the state when the player was last free; None before the first time."""
        self._rough: tuple[MapId, Cell] | None = None
        """The whirlpool or waterfall that the player faced when it was last free."""

    def look(self, state: GameState) -> bool:
        """Notes what is new. True when something is, and the game is past its loading."""
        mode, map_id = state.mode, state.position.map
        if mode is self.mode and map_id == self._map:
            return False
        self.mode, last_mode = mode, self.mode
        if self._field.talking_to is not None and mode not in (GameMode.FREE, GameMode.WALKING):
            self._memory.note_spoken(self._field.talking_to)
            self._talk = _Talk(self._field.talking_to, state.party_hp_fraction)
            self._field.talking_to = None
        if mode in (GameMode.BOOT, GameMode.MAP_LOADING):
            return False
        if mode is not last_mode and GameMode.BATTLE in (mode, last_mode):
            self._note_battle(state)
        if mode is GameMode.FREE:
            self._note_freedom(state)
        return True

    def _note_battle(self, state: GameState) -> None:
        """After a lost battle something has to be done first (`core.rules.planning.remedies`)."""
        if state.mode is GameMode.BATTLE:
            self._battle.reset()
            self._field.fought()
            self._party_level = max((member.level for member in state.party), default=0)
            self.has_fought = True
            self._foes, self._battle_map = foes_of(state), state.position.map
        elif not self._party_level:
            return
        elif not state.lost_last_battle:
            self._memory.note_won(self._foes)
        elif self._foes:
            self._memory.note_lost(self._foes, self._battle_map)
        elif self._memory.remedy is None or self._memory.remedy.grower(state) is None:  # who is to grow is weak
            self._memory.wanted_level = max(self._memory.wanted_level, self._party_level + LOSS_LEVELS)

    def _note_freedom(self, state: GameState) -> None:
        """The player can walk again: what the last talk brought, how far the story is, where it stands."""
        if self._talk is not None:
            if not self.has_fought:
                if state.party_hp_fraction > self._talk.health:
                    self._memory.healers.add(self._talk.subject)
                elif self._talk.health < 1:
                    self._memory.note_no_help(self._talk.subject)
            self._talk = None
        progress = progress_of(state)
        if progress != self._progress:
            self._progress = progress
            self._memory.travel.open_rides = self._graph.open_rides(state)
            self._memory.reach = reach_of(state)
        self._memory.note_progress(progress)
        self._memory.travel.grounds.see(state)
        if state.is_surfing and not self._surfs:
            self._memory.forget_answers()
        self._surfs = state.is_surfing
        rough = _rough_water_ahead(state)
        if self._rough is not None and self._rough != rough:
            self._memory.forget_answers()
        self._rough = rough
        map_id = state.position.map
        if map_id != self._map:
            self._map = map_id
            self._memory.visited.add(map_id)
            self._memory.travel.entered(map_id, self._graph.entry_key_at(state.position))
            self._field.entered_map()


def _rough_water_ahead(state: GameState) -> tuple[MapId, Cell] | None:
    """The whirlpool or waterfall that the player faces, as map and cell."""
    dx, dy = OFFSET[state.facing]
    cell = (state.position.x + dx, state.position.y + dy)
    byte = state.collision_at(*cell)
    return (state.map_id, cell) if byte in terrain.WHIRLPOOLS or byte in terrain.WATERFALLS else None


def foes_of(state: GameState) -> tuple[Creature, ...]:
    """(level, species) of the creatures of the trainer whom a battle that begins is fought against, as the data say."""
    data, layout = state.snapshot.data, state.game.layout
    number, place = data[layout.index("wOtherTrainerClass")], data[layout.index("wOtherTrainerID")]
    return state.game.trainer_creatures.get((number, place), ())


def reach_of(state: GameState) -> int:
    """A number that changes with what opens ways: badges, key items and moves of the way."""
    keys = tuple(slot.item for slot in state.key_items)
    return hash((state.johto_badges, state.kanto_badges, keys, abilities_of(state)))


def progress_of(state: GameState) -> int:
    """A number that changes when the story moves: flags, badges, party size, key items."""
    keys = tuple(slot.item for slot in state.key_items)
    return hash((state.event_flags, state.johto_badges, state.kanto_badges, len(state.party), keys))

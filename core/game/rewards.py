"""Reward as named events between two game states.

An event pays once for something that cannot be undone and done again: every kind latches what it has paid for as long
as an episode lasts. What can be repeated at will (walking, fleeing, opening menus, healing without need, storing and
fetching creatures, losing) pays nothing or ever less, and a test shows it for each.

The kinds are in `core/game/reward_events/`, with their default weights; `core/game/reward_event.py` says what a kind
is. Here is what an episode remembers, and what a step pays.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from core.exceptions import ConfigurationError
from core.game.milestone_tracker import MilestoneTracker
from core.game.reward_event import REWARD_EVENTS, EpisodeFacts, EventKind, When
from core.game.state import GameState
from core.game.visits import Visits
from core.nearest import nearest
from core.vocabulary import GameMode, RewardEvent

LARGEST_WEIGHT: Final = 10.0


def built_in_kinds() -> tuple[type[EventKind], ...]:
    """The kinds that every env pays, in the order in which they are asked."""
    kinds = [REWARD_EVENTS.resolve(name) for name in REWARD_EVENTS.built_in_names()]
    return tuple(sorted(kinds, key=lambda kind: kind.when.value))


def kinds_with(own: Iterable[type[EventKind]]) -> tuple[type[EventKind], ...]:
    """The built-in kinds and those beside them, in the order of `reward_parts`. Raises ConfigurationError for a name
    that two of them have."""
    kinds = (*built_in_kinds(), *sorted(own, key=lambda kind: kind.when.value))
    names = [kind.name for kind in kinds]
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(f"two reward events are called {name!r}; give yours another name")
    return kinds


class RewardWeights(Mapping[str, float]):
    """What one unit of each event pays, by the event's name; from -10 to 10, and frozen.

    The built-in events are all there, with the weights of their kinds where nothing else is said. Weights of events of
    your own may stand beside them; whether an event has each name is checked where the events are known
    (`check_names`).
    """

    __slots__ = ("_weights",)

    def __init__(self, **weights: float) -> None:
        """Raises ConfigurationError for a weight that is no number in the range."""
        for name, value in weights.items():
            if not _is_weight(value):
                raise ConfigurationError(f"reward weight {name} is {value!r}; it must be a number from -10 to 10")
        self._weights: dict[str, float] = {kind.name: kind.weight for kind in built_in_kinds()} | weights

    def __getitem__(self, name: str) -> float:
        return self._weights[name]

    def __getattr__(self, name: str) -> float:
        if name.startswith("_") or name not in self._weights:
            raise AttributeError(f"there is no reward event {name!r}; {nearest(name, self)}")
        return self._weights[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._weights)

    def __len__(self) -> int:
        return len(self._weights)

    def __hash__(self) -> int:
        return hash(tuple(self._weights.items()))

    def __repr__(self) -> str:
        return f"RewardWeights({', '.join(f'{name}={value}' for name, value in self._weights.items())})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _weights_of, (self._weights,)

    def check_names(self, own: Iterable[type[EventKind]]) -> None:
        """Raises ConfigurationError for a weight of which no event knows; `own` are the kinds beside the built-in."""
        known = [kind.name for kind in kinds_with(own)]
        for name in self:
            if name not in known:
                raise ConfigurationError(f"unknown key 'rewards.{name}'; {nearest(name, known)}")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """In JSON an object of numbers."""
        numbers = core_schema.dict_schema(core_schema.str_schema(), core_schema.float_schema(strict=True))
        from_numbers = core_schema.no_info_after_validator_function(_weights_of, numbers)
        return core_schema.json_or_python_schema(
            json_schema=from_numbers,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), from_numbers]),
            serialization=core_schema.plain_serializer_function_ser_schema(dict),
        )


def _is_weight(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return math.isfinite(value) and abs(value) <= LARGEST_WEIGHT


def _weights_of(numbers: Mapping[str, float]) -> RewardWeights:
    return RewardWeights(**numbers)


class RewardMemory:
    """What one episode has already been paid for. `start` at every reset: what is true then pays nothing."""

    def __init__(
        self, weights: RewardWeights, tracker: MilestoneTracker, kinds: Sequence[type[EventKind]] = ()
    ) -> None:
        """`kinds` are paid beside the built-in ones. Raises ConfigurationError for a name that two kinds have, and for
        a weight whose name no kind has."""
        weights.check_names(kinds)
        events = [kind() for kind in kinds_with(kinds)]
        self.names = tuple(event.name for event in events)
        """Of all events, in the order of the vector env's `reward_parts`."""
        self.places = {name: place for place, name in enumerate(self.names)}
        """The column of each name there."""
        self.episode = EpisodeFacts(tracker)
        self._events = events
        self._by_moment = {
            when: tuple((event, weights.get(event.name, event.weight)) for event in events if event.when is when)
            for when in When
        }
        self.has_every_step = bool(self._by_moment[When.EVERY_STEP])
        """Whether anything is looked for at every step; nothing that is built in is."""

    @property
    def tracker(self) -> MilestoneTracker:
        """The milestones of the episode."""
        return self.episode.tracker

    @property
    def visits(self) -> Visits:
        """The steps of the episode."""
        return self.episode.visits

    def start(self, state: GameState) -> None:
        """Begin an episode in this state."""
        self.tracker.reset()
        self.tracker.update(state)
        self.visits.clear()
        self.visits.add_map(state.map_id)
        self.visits.add(state.position)
        for event in self._events:
            event.start(state, self.episode)

    def ask(self, when: When, previous: GameState, current: GameState, events: list[RewardEvent]) -> None:
        """Adds to `events` what the kinds of that moment have found."""
        for kind, weight in self._by_moment[when]:
            units = kind.found(previous, current, self.episode)
            if not units:
                continue
            events.append(RewardEvent(kind.name, weight * units))
            if kind.is_progress:
                for other in self._events:
                    other.progress_made()


def reward_events(previous: GameState, current: GameState, memory: RewardMemory) -> list[RewardEvent]:
    """What happened between two consecutive states that deserves reward; updates the memory.

    Before the game (BOOT) nothing is paid: RAM is being cleared and filled then.
    """
    events: list[RewardEvent] = []
    mode = current.mode
    if mode is GameMode.BOOT:
        return events
    episode = memory.episode
    episode.reached = episode.tracker.update(current)
    if episode.reached:
        memory.ask(When.MILESTONE, previous, current, events)
    changed = current.possessions is not previous.possessions
    if changed:
        memory.ask(When.POSSESSIONS, previous, current, events)
    if (mode is GameMode.FREE or mode is GameMode.WALKING) and _is_new_ground(current, episode):
        memory.ask(When.NEW_GROUND, previous, current, events)
    if changed and current.party is not previous.party:
        memory.ask(When.PARTY, previous, current, events)
    if memory.has_every_step:
        memory.ask(When.EVERY_STEP, previous, current, events)
    return events


def _is_new_ground(current: GameState, episode: EpisodeFacts) -> bool:
    map_id, x, y = current.position
    width, height = current.map_size_steps
    if x >= width or y >= height:
        return False  # crossing the edge between two maps
    episode.is_new_map = episode.visits.add_map(map_id)
    return episode.visits.add(current.position)

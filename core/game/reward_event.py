"""What a kind of reward event is, and where the kinds are registered.

A kind has a name, a default weight, and finds in two consecutive states how many of its units happened. The built-in
ones are in `core/game/reward_events/`; one of your own is a class derived from `EventKind`, which a config names in
`reward_events` as `package.module:Name` and weighs in `rewards` by its name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import ClassVar

from core.game.milestone_tracker import MilestoneTracker
from core.game.state import GameState
from core.game.visits import Visits
from core.registry import Registry, must_derive_from


class When(Enum):
    """When a kind of event is looked for, so that a step costs what happened in it. Kinds are asked in this order."""

    MILESTONE = auto()
    """A milestone was reached just now."""
    POSSESSIONS = auto()
    """Badges, flags, bag, money, party or Pokedex have changed."""
    NEW_GROUND = auto()
    """The player stands on a step of the episode for the first time."""
    PARTY = auto()
    """Something about the party has changed."""
    EVERY_STEP = auto()
    """Always. Dear: whatever is decoded of a state for it is decoded at every step of the env."""


@dataclass(slots=True)
class EpisodeFacts:
    """What all kinds of an episode share. It is kept up to date for them before they are asked."""

    tracker: MilestoneTracker
    visits: Visits = field(default_factory=Visits)
    reached: tuple[str, ...] = ()
    """Ids of the milestones reached in this step."""
    is_new_map: bool = False
    """Whether the map of this step was entered for the first time in the episode."""


class EventKind(ABC):
    """One kind of reward event. An object of it lives as long as an env and begins anew with every episode.

    It pays once for what cannot be undone and done again: keep in the object what was paid already, and take from
    `start` what is true at the beginning. A test plays it in circles and asserts that nothing comes of it.
    """

    name: ClassVar[str]
    """As `rewards` of a config and the vector env's `reward_names` have it."""
    weight: ClassVar[float]
    """What one unit pays unless the config says otherwise; -10 to 10."""
    when: ClassVar[When] = When.EVERY_STEP
    is_progress: ClassVar[bool] = False
    """Whether the game goes forward by it: healing is then paid in full again."""

    def start(self, state: GameState, episode: EpisodeFacts) -> None:  # noqa: B027 - a hook that may be left out
        """An episode begins in this state: what is true now will not be paid. By default nothing is kept."""

    @abstractmethod
    def found(self, previous: GameState, current: GameState, episode: EpisodeFacts) -> float:
        """How many units of it happened between two consecutive states, 0 for none."""

    def progress_made(self) -> None:  # noqa: B027 - a hook that may be left out
        """A kind that `is_progress` was paid just now. Override it where that matters."""


def _fault(thing: object) -> str:
    fault = must_derive_from(EventKind)(thing)
    if not fault and not (isinstance(getattr(thing, "name", None), str) and hasattr(thing, "weight")):
        return "it has no name or no weight"
    return fault


REWARD_EVENTS: Registry[type[EventKind]] = Registry(
    "reward event", fault=_fault, room="core.game.reward_events", one_a_file=False
)

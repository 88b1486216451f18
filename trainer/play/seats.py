"""Who plays in which lane: an agent at its lanes is a seat, and a seating gives each lane of an environment to one.

The hybrid trainer and an evaluation have one seat with all lanes; the multi-model trainer has a seat of one lane for
each model. What learns has a `LearningSeat`; seats that cooperate share its team. In a worker of a fleet the seat is a
`WatchedSeat`: what its learner observes goes home.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from agents.learning.policy_group import PolicyGroup
from agents.learning.sb3_policy import MaskablePPOLearner
from core.agent.hybrid_agent import HybridAgent
from core.agent.lane_transitions import LaneInputs
from core.exceptions import ConfigurationError
from core.game.state import GameState
from core.vocabulary import Decision
from trainer.play.team_state import TeamState


class ViewedStep(Protocol):
    """The part of an environment's step that decisions need; arrays have a leading axis of lanes."""

    @property
    def observations(self) -> Mapping[str, NDArray[Any]]: ...
    @property
    def masks(self) -> NDArray[np.bool_]: ...


@dataclass(slots=True, eq=False)
class Seat:
    """An agent and the lanes in which it plays; its own lane 0 is the first of them."""

    agent: HybridAgent
    lanes: range
    decision_s: float = field(default=0.0, init=False)
    """Wall time of its decisions so far. Where all policies are asked at once, that is nobody's."""

    @property
    def rows(self) -> slice:
        """Of its lanes in an array of all lanes."""
        return slice(self.lanes.start, self.lanes.stop)

    def own(self, lane: int) -> int:
        """The number that its agent has for a lane of the environment."""
        return lane - self.lanes.start

    def decide(
        self, step: ViewedStep, states: Sequence[GameState], policy_rows: NDArray[np.float32] | None
    ) -> list[Decision]:
        """One decision for each of its lanes; the arguments are those of all lanes."""
        begun_s = time.perf_counter()
        rows, first = self.rows, self.lanes.start
        view = LaneInputs({key: value[rows] for key, value in step.observations.items()}, step.masks[rows])
        known = None if policy_rows is None else policy_rows[rows]
        decisions = self.agent.decide(view, lambda own: states[first + own], known)
        self.decision_s += time.perf_counter() - begun_s
        return decisions


@dataclass(slots=True, eq=False)
class WatchedSeat(Seat):
    """A seat whose steps a learner observes. The learner is usually the agent's policy too."""

    learner: MaskablePPOLearner


@dataclass(slots=True, eq=False)
class LearningSeat(WatchedSeat):
    """A seat that is trained."""

    team: TeamState
    """Its own, or one that it shares with other seats: curriculum, counters, decision record."""


SeatT = TypeVar("SeatT", bound=Seat, covariant=True)


class Seating(Generic[SeatT]):
    """Every lane of an environment has one seat; the seats have their lanes in order."""

    def __init__(self, seats: Sequence[SeatT]) -> None:
        """Raises ConfigurationError when the seats' lanes are not 0, 1, 2, ... in a row, or an agent has too few."""
        given = [lane for seat in seats for lane in seat.lanes]
        if not given or given != list(range(len(given))):
            raise ConfigurationError(f"the seats have the lanes {given}: give each lane from 0 on to one, in order")
        for seat in seats:
            if seat.agent.lanes != len(seat.lanes):
                raise ConfigurationError(
                    f"a seat of {len(seat.lanes)} lanes has an agent of {seat.agent.lanes}: attach as many lanes"
                )
        self.seats = tuple(seats)
        self.lanes = len(given)
        self.group: PolicyGroup | None = None
        """The policies of seats of one lane, to be asked together: make a new one when their weights have moved. None:
        each agent asks its own."""
        self._at = [seat for seat in seats for _ in seat.lanes]

    def __iter__(self) -> Iterator[SeatT]:
        return iter(self.seats)

    def at(self, lane: int) -> SeatT:
        """Whose lane it is."""
        return self._at[lane]

    def decide(self, step: ViewedStep, states: Sequence[GameState]) -> list[Decision]:
        """One decision per lane."""
        known = None if self.group is None else self.group.probabilities(step.observations, step.masks)
        return [decision for seat in self.seats for decision in seat.decide(step, states, known)]

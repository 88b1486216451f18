"""What the driver of a multi-model training and the workers that hold its seats tell each other.

Everything here travels pickled. What is the same for a whole team is one object, and travels once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.learning.rollout import Rollout
from core.agent.exchange import AgentNews, AgentReport
from core.env.go_explore_archive import ArchiveCell
from core.env.lanes.lane_history import StartPoint
from core.game.collision import CollisionMap
from core.vocabulary import MapId, Source
from trainer.fleet.finished_games import FinishedGame
from trainer.fleet.questions import AdvisorNews
from trainer.play.episode_starts import StartSupply

SeenMaps = tuple[tuple[MapId, CollisionMap], ...]
"""Maps and their ground, in the order in which they were first seen."""
Running = tuple[int, int]
"""The game of a lane: which of the episode's games it is, and which start of its team."""
Decided = tuple[Source, str, float, float]
"""What `ConfidenceCalibration.decided` is told of a decision, but for the lane."""


# -- questions ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OfSeat:
    """A question of `trainer.fleet.questions`, or one of the below, as the seat at a lane asks it."""

    lane: int
    """As the whole training counts them."""
    step: int
    """Of the segment, from 0."""
    asked: Any


@dataclass(frozen=True, slots=True)
class AskForGround:
    """Answered with the ground that the seat's team knew when the segment began, `SeenMaps`."""


@dataclass(frozen=True, slots=True)
class TellPlans:
    """Answered with None."""

    first_step: int
    plans: tuple[str, ...]
    """Keys of what the leader carried out, step by step; "" for nothing."""
    ended: bool
    """The leader plays no more steps of this segment."""


@dataclass(frozen=True, slots=True)
class AskForPlans:
    """Answered with the keys of what the leader carried out in this step and later ones, as far as it is known; after
    its end with none."""

    first_step: int


# -- to a worker -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TeamNews:
    """What all seats of a team go by in a segment."""

    number: int
    record_changes: int
    """`DecisionHistoryAnalyzer.changes`."""
    horizon_steps: int
    """Games that begin now are cut off after so many steps."""
    starts: StartSupply
    """The worker's, of the team's starts."""
    asks_for_start_points: bool
    """Some games begin in the team's archive."""
    known_cells: tuple[ArchiveCell, ...]
    """Of which the archive has states."""
    seen: SeenMaps
    """Ground that the team has got to know since the last segment."""


@dataclass(frozen=True, slots=True)
class SeatNews:
    """What one seat goes by in a segment."""

    team: TeamNews
    agent: AgentNews
    advisor: AdvisorNews
    weights: Mapping[str, Any]
    """`MaskablePPOLearner.weights`."""
    dice: Mapping[str, Any]
    """The state of its agent's random numbers."""
    running: Running | None
    """For a worker that knows nothing of the games: the one that the lane was playing."""


# -- from a worker -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SeatPlay:
    """What a seat has played in a segment."""

    rollout: Rollout
    """With the rewards that the world gave."""
    decided: tuple[Decided, ...]
    """Step by step."""
    plans: tuple[str, ...]
    """The option that was carried out, step by step; empty where nobody leads."""
    reached: tuple[str, ...]
    """Milestones, each once a game."""
    report: AgentReport
    decision_s: float
    """Wall time of its decisions."""
    running: Running | None
    """The game that its lane plays now."""


@dataclass(frozen=True, slots=True)
class TeamPlay:
    """What the seats of a team in one worker have played in a segment."""

    taken: tuple[int, ...]
    """Starts of the team that games were begun with."""
    seen: SeenMaps
    """Ground that they saw first or otherwise than it was known."""
    states: tuple[tuple[ArchiveCell, StartPoint], ...]
    """For the archive, by lane and in the order in which they were met."""


@dataclass(frozen=True, slots=True)
class SeatsResult:
    """What a worker has played in a segment."""

    is_new: bool
    """Its games began in this segment."""
    seats: tuple[SeatPlay, ...]
    """By lane."""
    teams: Mapping[int, TeamPlay]
    games: tuple[FinishedGame, ...]
    """In the order in which they ended."""
    taken: tuple[int, ...]
    """Of the episode's games, those that were begun."""

"""A stretch of a multi-model training as a worker plays it: the agents of its lanes decide beside their emulators.

A session is one episode of the training. What comes of its segments goes home: transitions, what was decided, finished
games, ground that was seen. What the mode pays, what is learned, counted and written down is the driver's
(`trainer/multi_model/seats/episode.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from agents.learning.policy_group import PolicyGroup
from agents.learning.sb3_policy import MaskablePPOLearner
from core.agent.arbiter import POLICY_MODES
from core.agent.exchange import report_of, take_news
from core.agent.hybrid_agent import HybridAgent
from core.agent.reported_strategy import ReportedStrategy
from core.env.go_explore_archive import CarriedStates
from core.env.lanes.lane_history import StartPoint
from core.navigation.ground_archive import GroundArchive
from core.rules import RulePlayer
from trainer.fleet import keepsake
from trainer.fleet.bench_parts import shared_parts_of, shared_parts_of_object
from trainer.fleet.finished_games import Shelf
from trainer.fleet.questions import AskForDeaths, DistantAdvisor, DistantRecord, start_point
from trainer.fleet.segment import DEATHS_OF_CHANCE
from trainer.fleet.workbench import Workbench
from trainer.multi_model.planning_player import PlanningPlayer
from trainer.multi_model.seats.leader import LeadersPlan
from trainer.multi_model.seats.ledger import Ledger, NotedCalibration
from trainer.multi_model.seats.messages import (
    AskForGround,
    OfSeat,
    Running,
    SeatNews,
    SeatPlay,
    SeatsResult,
    TeamNews,
    TeamPlay,
)
from trainer.play.episode_seeds import training_seed
from trainer.play.episode_starts import StartSupply
from trainer.play.games import Game
from trainer.play.loop import PlayLoop
from trainer.play.player import LanePlayer
from trainer.play.seats import Seat, Seating
from trainer.play.stages import CreditStage, RecordStage

_SESSION: Final = "seats"


@dataclass(frozen=True, slots=True)
class SeatsJob:
    """So many steps of all lanes of a worker (`trainer.fleet.workbench.SessionJob`)."""

    session: int
    """Segments of one session go on from one another."""
    steps: int
    cuts: bool
    """All games end with the last step."""
    first_seed: int
    """Number of the seed of the episode's game 0."""
    games: StartSupply
    """The worker's, of the episode's games."""
    leader: int | None
    """The lane of the one that leads."""
    seats: tuple[SeatNews, ...]
    """By lane."""

    def play(self, bench: Workbench) -> SeatsResult:
        """Plays it."""
        session: _Session | None = bench.kept.get(_SESSION)
        if session is None or session.number != self.session:
            parts = _Parts.made(bench, self.seats) if session is None else session.parts
            session = bench.kept[_SESSION] = _Session(bench, self, parts)
        return session.play(self)

    def keepsake(self, bench: Workbench) -> bytes:
        """What the worker remembers of its games; the emulators are played to where they are."""
        session: _Session = bench.kept[_SESSION]
        return keepsake.dump((session, bench.env.histories_now()), session.parts.shared(bench))

    def recall(self, bench: Workbench, kept: bytes) -> None:
        """Goes on with the games of another worker. Raises TrainingError where they do not come out as they were."""
        session, histories = keepsake.load(kept, _Parts.made(bench, self.seats).shared(bench))
        bench.env.play_again(histories, lambda: bench.note(0, 0))
        for archive in session.carried:
            archive.take()
        bench.kept[_SESSION] = session


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is made from the blueprint once, for all sessions."""

    grounds: dict[int, GroundArchive]
    """By team. What is in them is the session's."""
    players: list[RulePlayer]
    policies: list[MaskablePPOLearner]

    @classmethod
    def made(cls, bench: Workbench, seats: tuple[SeatNews, ...]) -> _Parts:
        settings, game = bench.blueprint.settings, bench.env.rom.game
        grounds = {seat.team.number: GroundArchive() for seat in seats}
        # of the learner only its policy is used: the segment's steps go home
        own = replace(settings.learner, rollout_steps=1)
        return cls(
            grounds,
            [
                RulePlayer(
                    game,
                    seed=settings.seed + lane,
                    archive=grounds[seat.team.number],
                    names=settings.names,
                    starter=settings.starter,
                )
                for lane, seat in zip(bench.lanes, seats, strict=True)
            ],
            [MaskablePPOLearner(bench.env.policy_space, 1, own, settings.seed) for _ in bench.lanes],
        )

    def shared(self, bench: Workbench) -> dict[str, object]:
        """What every worker has of its own, by a name that is the same in all: see `trainer.fleet.keepsake`."""
        parts = shared_parts_of(bench)
        for lane, (player, policy) in enumerate(zip(self.players, self.policies, strict=True)):
            parts |= shared_parts_of_object(f"policy {lane}", policy)
            parts |= {f"player {lane} {place}": part for place, part in enumerate(player.parts_of_game)}
        return parts


class _Line:
    """How a seat asks the driver."""

    def __init__(self, bench: Workbench, lane: int) -> None:
        self.step = 0
        """Of the segment."""
        self._bench = bench
        self._lane = lane

    def __call__(self, asked: Any) -> Any:
        return self._bench.ask(OfSeat(self._lane, self.step, asked))


class _WorkerSeat(Seat):
    """The agent at one lane of a worker."""

    def __init__(
        self, bench: Workbench, place: int, news: SeatNews, player: RulePlayer, policy: MaskablePPOLearner
    ) -> None:
        settings, lane = bench.blueprint.settings, bench.lanes[place]
        self.line = _Line(bench, lane)
        self.plans = PlanningPlayer(player)
        self.policy = policy
        self.calibration = NotedCalibration()
        self.advisor = DistantAdvisor(self.line, news.advisor)
        self.record = DistantRecord(self.line, news.team.record_changes)
        self.strategy = ReportedStrategy(self.record, news.agent.strategy)
        agent = HybridAgent(self.advisor, self.strategy, mode=news.agent.mode, seed=settings.seed + lane)
        agent.arbiter.calibration = self.calibration
        agent.attach_policy(policy)
        agent.attach_lanes([self.plans])
        super().__init__(agent, range(place, place + 1))

    def take_news(self, news: SeatNews, other_dice: int) -> None:
        self.policy.load_weights(news.weights)
        self.advisor.take_news(news.advisor)
        self.record.changes = news.team.record_changes
        take_news(self.agent, self.strategy, news.agent, news.dice)
        if other_dice:
            words = self.agent.arbiter.random.integers(2**32, size=4).tolist()
            self.agent.arbiter.random = np.random.default_rng([other_dice, *words])
        self.calibration.noted = []
        self.decision_s = 0.0


class _Session:
    """What a worker keeps from segment to segment."""

    def __init__(self, bench: Workbench, job: SeatsJob, parts: _Parts) -> None:
        self.number = job.session
        self.parts = parts
        self._bench = bench
        self._is_new = True
        seats = [
            _WorkerSeat(bench, place, news, parts.players[place], parts.policies[place])
            for place, news in enumerate(job.seats)
        ]
        self._seating = Seating(seats)
        deaths: int = seats[0].line(AskForDeaths())
        self._other_dice = deaths if deaths > DEATHS_OF_CHANCE else 0
        """Other than 0 in a first segment that workers keep dying of."""
        self._first_of_team = {
            news.team.number: seat for news, seat in reversed(list(zip(job.seats, seats, strict=True)))
        }
        for number, grounds in sorted(parts.grounds.items()):
            grounds.load_state_dict({"maps": []})
            for map_id, ground in self._first_of_team[number].line(AskForGround()):
                grounds.add(map_id, ground)
        self.carried = [env.go_explore for env in bench.env.envs if isinstance(env.go_explore, CarriedStates)]
        for archive in self.carried:
            archive.take()  # of who played here before
        self._leader = _leaders_plan(bench, job.leader, seats)
        for lane, seat in zip(bench.lanes, seats, strict=True):
            seat.plans.leader = None if lane == job.leader else self._leader
        self._games = _SeatGames(bench, seats)
        self._shelf = Shelf(self._games, bench.lanes)
        self._ledger = Ledger(bench.env.policy_space, len(seats))
        stages = [CreditStage(self._seating), RecordStage(len(seats), self._shelf.keep), self._ledger, self._shelf]
        self._loop = PlayLoop(LanePlayer(bench.env, self._seating, with_contexts=True), self._games, stages)

    def play(self, job: SeatsJob) -> SeatsResult:
        """The next segment."""
        is_new, self._is_new = self._is_new, False
        self._take_news(job)
        self._games.begin_segment(job, is_new)
        self._shelf.clear()
        self._ledger.begin_segment(job.steps)
        asks_policies = job.seats[0].agent.mode in POLICY_MODES
        if asks_policies:
            policies = [seat.policy for seat in self._seating]
            self._seating.group = PolicyGroup(policies, [news.weights for news in job.seats])
        seen = {number: dict(grounds) for number, grounds in self.parts.grounds.items()}
        if is_new:
            self._loop.begin()
        if self._leader is not None:
            self._leader.begin_segment()
        steps, goes_on = 0, True
        while goes_on and steps < job.steps:
            goes_on = self._step(job, steps)
            steps += 1
        if self._leader is not None:
            self._leader.end_segment(steps)
        self._seating.group = None
        return SeatsResult(
            is_new=is_new,
            seats=tuple(self._seats_played()),
            teams={number: self._team_played(job, number, before) for number, before in seen.items()},
            games=tuple(self._shelf.games),
            taken=tuple(self._games.taken),
        )

    def _step(self, job: SeatsJob, step: int) -> bool:
        for seat in self._seating:
            seat.line.step = step
        if self._leader is not None:
            self._leader.before_step(step)
        ended, is_last = len(self._shelf.games), step == job.steps - 1
        self._loop.step(cut=is_last and job.cuts, pauses=is_last)
        if self._leader is not None:
            self._leader.after_step(step)
        return self._bench.note(self._seating.lanes, len(self._shelf.games) - ended)

    def _take_news(self, job: SeatsJob) -> None:
        for seat, news in zip(self._seating, job.seats, strict=True):
            seat.line.step = 0
            seat.take_news(news, self._other_dice)
        self._other_dice = 0
        for team in _teams(job).values():
            for map_id, ground in team.seen:
                self.parts.grounds[team.number].add(map_id, ground)
        if self.carried:
            for archive, news in zip(self.carried, job.seats, strict=True):
                archive.know(news.team.known_cells)

    def _seats_played(self) -> Iterator[SeatPlay]:
        for place, (seat, rollout) in enumerate(zip(self._seating, self._ledger.rollouts(), strict=True)):
            yield SeatPlay(
                rollout=rollout,
                decided=tuple(seat.calibration.noted),
                plans=() if self._leader is None else tuple(self._ledger.plans[place]),
                reached=tuple(self._ledger.reached[place]),
                report=replace(report_of(seat.agent, seat.strategy), outcomes=()),
                decision_s=seat.decision_s,
                running=self._games.running.get(place),
            )

    def _team_played(self, job: SeatsJob, number: int, before: dict[Any, Any]) -> TeamPlay:
        grounds = self.parts.grounds[number]
        carried = zip(self.carried, job.seats, strict=True) if self.carried else ()
        return TeamPlay(
            taken=tuple(self._games.starts_taken[number]),
            seen=tuple((map_id, ground) for map_id, ground in grounds if before.get(map_id) is not ground),
            states=tuple(state for archive, news in carried if news.team.number == number for state in archive.take()),
        )


def _teams(job: SeatsJob) -> dict[int, TeamNews]:
    """The teams of a worker's seats, by number."""
    return {news.team.number: news.team for news in job.seats}


def _leaders_plan(bench: Workbench, leader: int | None, seats: list[_WorkerSeat]) -> LeadersPlan | None:
    """None where nobody leads."""
    if leader is None:
        return None
    if leader not in bench.lanes:
        return LeadersPlan(seats[0].line, None)
    seat = seats[bench.lanes.index(leader)]
    return LeadersPlan(seat.line, seat.plans)


class _SeatGames:
    """The games of a worker (`trainer.play.games.Games`), in the order in which its lanes become free."""

    def __init__(self, bench: Workbench, seats: list[_WorkerSeat]) -> None:
        self.running: dict[int, Running] = {}
        """By lane of the worker."""
        self.taken: list[int] = []
        self.starts_taken: dict[int, list[int]] = {}
        self.ended_start = 0
        """Of the game that was finished last."""
        self._bench = bench
        self._seats = seats
        self._job: SeatsJob | None = None
        self._again: dict[int, Running] = {}
        """What a worker before this one was playing."""
        self._games: Iterator[int] = iter(())
        self._starts: dict[int, Iterator[int]] = {}
        self._finished = 0

    def begin_segment(self, job: SeatsJob, is_new: bool) -> None:
        """Another supply; a new session begins with what its lanes were playing."""
        # what it goes by is remembered with the session, and weights are not worth remembering
        self._job = replace(job, seats=tuple(replace(news, weights={}) for news in job.seats))
        self._games = iter(job.games)
        self._starts = {number: iter(team.starts) for number, team in _teams(job).items()}
        self.taken, self.starts_taken = [], {number: [] for number in self._starts}
        if is_new:
            self._again = {place: news.running for place, news in enumerate(job.seats) if news.running is not None}

    def take(self, lane: int) -> Game:
        """The next game, with the next start of the lane's team."""
        number = self._news(lane).team.number
        running = self._again.pop(lane, None) or (next(self._games), next(self._starts[number]))
        self.running[lane] = running
        self.taken.append(running[0])
        self.starts_taken[number].append(running[1])
        return self.again(lane)

    def again(self, lane: int) -> Game:
        """The same game."""
        assert self._job is not None
        seed = training_seed(self._bench.blueprint.settings.seed, self._job.first_seed + self.running[lane][0])
        return Game(seed, self._news(lane).team.horizon_steps)

    def start_point(self, lane: int) -> StartPoint | None:
        """As the team's archive has it."""
        if not self._news(lane).team.asks_for_start_points:
            return None
        return start_point(self._seats[lane].line, self.running[lane][1])

    def is_repeated(self, lane: int, steps: int) -> bool:
        """A worker loses no lane but with itself."""
        del lane, steps
        return False

    def finish(self, lane: int) -> int:
        """The number of games that the worker has finished."""
        self.ended_start = self.running.pop(lane)[1]
        self._finished += 1
        return self._finished

    @property
    def over(self) -> bool:
        """Never: the driver counts."""
        return False

    def _news(self, lane: int) -> SeatNews:
        assert self._job is not None, "begin_segment comes first"
        return self._job.seats[lane]

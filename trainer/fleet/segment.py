"""A stretch of training as a worker plays it: everything is decided beside the emulators, and one result goes back.

The first segment of a session begins games in all lanes; later ones go on with them. What learns from the steps, counts
the games and writes them down is the driver (`trainer/run/fleet_training.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from agents.learning.rollout import Rollout
from agents.learning.sb3_policy import MaskablePPOLearner
from core.agent.exchange import AgentNews, AgentReport, report_of, take_news
from core.agent.reported_strategy import ReportedStrategy
from core.env.go_explore_archive import ArchiveCell, CarriedStates
from core.env.lanes.lane_history import StartPoint
from core.rules import RulePlayer
from trainer.fleet import keepsake
from trainer.fleet.bench_parts import shared_parts_of, shared_parts_of_object
from trainer.fleet.finished_games import FinishedGame, Shelf
from trainer.fleet.questions import AdvisorNews, AskForDeaths, DistantAdvisor, DistantRecord, start_point
from trainer.fleet.workbench import Workbench
from trainer.lane_views.lane_slots import FOLDER
from trainer.lane_views.live_decisions import LiveDecisionsStage, shows_lanes
from trainer.play.episode_seeds import training_seed
from trainer.play.episode_starts import StartSupply
from trainer.play.games import Game
from trainer.play.learned_half import agent_with, playing_learner
from trainer.play.loop import PlayLoop, Stage
from trainer.play.player import LanePlayer
from trainer.play.rule_players import rule_players
from trainer.play.seats import Seating, WatchedSeat
from trainer.play.stages import CreditStage, LearnStage, RecordStage

_SESSION = "training"
DEATHS_OF_CHANCE: Final = 1
"""So many workers may die of a segment before it is played with other dice: playing it again is what the next one would
die of."""


@dataclass(frozen=True, slots=True)
class SegmentNews:
    """What is broadcast before a segment."""

    weights: Mapping[str, Any]
    """`MaskablePPOLearner.weights`."""
    agent: AgentNews
    advisor: AdvisorNews
    record_changes: int | None
    """`DecisionHistoryAnalyzer.changes`; None without a record."""
    horizon_steps: int
    """Games that begin now are cut off after so many steps."""
    asks_for_start_points: bool
    """Some games begin in the archive."""
    known_cells: tuple[ArchiveCell, ...]
    """Of which the archive has states."""


@dataclass(frozen=True, slots=True)
class SegmentResult:
    """What a worker has played."""

    is_new: bool
    """The session began with this segment: no game goes on from one before."""
    rollout: Rollout
    """Of its lanes; not full where it was halted."""
    games: tuple[FinishedGame, ...]
    """In the order in which they ended."""
    taken: tuple[int, ...]
    """Starts that it has taken, of its supply and of `running`."""
    running: tuple[int, ...]
    """The start that each of its lanes plays now; a lane whose game has just ended plays none."""
    agent: AgentReport
    states: tuple[tuple[ArchiveCell, StartPoint], ...]
    """For the archive, by lane and in the order in which they were met."""


@dataclass(frozen=True, slots=True)
class SegmentJob:
    """So many steps of all lanes of a worker (`trainer.fleet.workbench.Job`)."""

    session: int
    """Segments of one session go on from one another."""
    steps: int
    supply: StartSupply
    running: tuple[int, ...]
    """Starts that its lanes were playing, for a worker that knows nothing of the session: it plays them again."""
    dice: Mapping[str, Any]
    """The state of its random numbers."""

    def play(self, bench: Workbench) -> SegmentResult:
        """Plays it."""
        session: _Session | None = bench.kept.get(_SESSION)
        if session is None or session.number != self.session:
            session = bench.kept[_SESSION] = _Session(bench, self.session, deaths=bench.ask(AskForDeaths()))
        return session.play(self)

    def keepsake(self, bench: Workbench) -> bytes:
        """What the worker remembers of its games; the emulators are played to where they are."""
        session: _Session = bench.kept[_SESSION]
        return keepsake.dump((session, bench.env.histories_now()), session.parts.shared(bench))

    def recall(self, bench: Workbench, kept: bytes) -> None:
        """Goes on with the games of another worker. Raises TrainingError where they do not come out as they were."""
        session, histories = keepsake.load(kept, _Parts.made(bench, 0).shared(bench))
        bench.env.play_again(histories, lambda: bench.note(0, 0))
        for archive in session.archives:
            archive.take()
        bench.kept[_SESSION] = session


@dataclass(frozen=True, slots=True)
class _Parts:
    """Of a session: those that are made from the blueprint."""

    players: list[RulePlayer]
    policy: MaskablePPOLearner
    shows: LiveDecisionsStage | None

    @classmethod
    def made(cls, bench: Workbench, first_seed: int) -> _Parts:
        """`first_seed` is that of the fleet's first rule player."""
        settings, game = bench.blueprint.settings, bench.env.rom.game
        # of the learner only its policy is used: the segment's steps go home
        own = replace(settings.learner, rollout_steps=1)
        return cls(
            players=rule_players(settings, game, bench.lanes, first_seed),
            policy=playing_learner(settings, bench.env.policy_space, len(bench.lanes), own),
            shows=LiveDecisionsStage(settings.save_dir / FOLDER, bench.lanes) if shows_lanes(settings) else None,
        )

    def shared(self, bench: Workbench) -> dict[str, object]:
        """What every worker has of its own, by a name that is the same in all: see `trainer.fleet.keepsake`."""
        parts = shared_parts_of(bench) | shared_parts_of_object("policy", self.policy)
        for lane, player in enumerate(self.players):
            parts |= {f"player {lane} {place}": part for place, part in enumerate(player.parts_of_game)}
        return parts if self.shows is None else parts | {"shows": self.shows}


class _Session:
    """What a worker keeps from segment to segment."""

    def __init__(self, bench: Workbench, number: int, deaths: int) -> None:
        """`deaths`: so many workers have died of its first segment."""
        news: SegmentNews = bench.news
        settings, lanes = bench.blueprint.settings, bench.lanes
        self.number = number
        self._bench = bench
        self._advisor = DistantAdvisor(bench.ask, news.advisor)
        self._record = None if news.record_changes is None else DistantRecord(bench.ask, news.record_changes)
        self._strategy = ReportedStrategy(self._record, news.agent.strategy)
        self._other_dice = deaths if deaths > DEATHS_OF_CHANCE else 0
        """Other than 0 in a first segment that workers keep dying of."""
        self.parts = _Parts.made(bench, settings.seed + self._other_dice * bench.blueprint.lanes)
        self._policy = self.parts.policy
        self._agent = agent_with(
            self._policy, settings, self._advisor, self._strategy, mode=news.agent.mode, seed=settings.seed
        )
        self._agent.attach_lanes(self.parts.players)
        self._games = _SegmentGames(bench)
        self._shelf = Shelf(self._games, lanes)
        seating = Seating([WatchedSeat(self._agent, range(len(lanes)), self._policy)])
        self._learn = LearnStage(seating, waits=True)
        stages: list[Stage] = [
            CreditStage(seating),
            RecordStage(len(lanes), self._shelf.keep),
            self._learn,
            self._shelf,
        ]
        if self.parts.shows is not None:
            stages.append(self.parts.shows)
        self._loop = PlayLoop(LanePlayer(bench.env, seating, with_contexts=True), self._games, stages)
        self.archives = [env.go_explore for env in bench.env.envs if isinstance(env.go_explore, CarriedStates)]
        self._is_new = True

    def play(self, job: SegmentJob) -> SegmentResult:
        """The next segment."""
        is_new, self._is_new = self._is_new, False
        self._take_news(job)
        self._games.begin_segment(job, is_new)
        self._shelf.clear()
        rollout = self._policy.begin_rollout(job.steps)
        if is_new:
            self._loop.begin()
        goes_on, missing, lanes = True, job.steps, len(self._bench.lanes)
        while goes_on and missing:
            ended, missing = len(self._shelf.games), missing - 1
            self._loop.step(pauses=not missing)
            goes_on = self._bench.note(lanes, len(self._shelf.games) - ended)
        self._learn.hand_over()
        return SegmentResult(
            is_new=is_new,
            rollout=rollout,
            games=tuple(self._shelf.games),
            taken=tuple(self._games.taken),
            running=tuple(self._games.running.values()),
            agent=report_of(self._agent, self._strategy),
            states=tuple(state for archive in self.archives for state in archive.take()),
        )

    def _take_news(self, job: SegmentJob) -> None:
        news: SegmentNews = self._bench.news
        self._policy.load_weights(news.weights)
        self._advisor.take_news(news.advisor)
        if self._record is not None and news.record_changes is not None:
            self._record.changes = news.record_changes
        for archive in self.archives:
            archive.know(news.known_cells)
        take_news(self._agent, self._strategy, news.agent, job.dice)
        if self._other_dice:
            self._agent.arbiter.random = np.random.default_rng([self._other_dice, *_words_of(job.dice)])
            self._other_dice = 0


def _words_of(dice: Mapping[str, Any]) -> list[int]:
    """The state of random numbers as seeds of others."""
    state = int(dice["state"]["state"])
    return [state >> shift & 0xFFFFFFFF for shift in (0, 32, 64, 96)]


class _SegmentGames:
    """The games of a worker (`trainer.play.games.Games`): its starts, in the order in which lanes become free."""

    def __init__(self, bench: Workbench) -> None:
        self.taken: list[int] = []
        self.running: dict[int, int] = {}
        """The start of each lane."""
        self._bench = bench
        self._finished = 0
        self._starts = iter(StartSupply((), 0, 1))
        self.ended_start = 0
        """Of the game that was finished last."""

    def begin_segment(self, job: SegmentJob, is_new: bool) -> None:
        """Another supply; a new session begins with what its lanes were playing."""
        supply = replace(job.supply, again=(*job.running, *job.supply.again)) if is_new else job.supply
        self._starts = iter(supply)
        self.taken = []

    def take(self, lane: int) -> Game:
        """The next start."""
        start = next(self._starts)
        self.taken.append(start)
        self.running[lane] = start
        return self.again(lane)

    def again(self, lane: int) -> Game:
        """The same game."""
        news: SegmentNews = self._bench.news
        seed = training_seed(self._bench.blueprint.settings.seed, self.running[lane])
        return Game(seed, news.horizon_steps)

    def start_point(self, lane: int) -> StartPoint | None:
        """As the run's archive has it."""
        news: SegmentNews = self._bench.news
        return start_point(self._bench.ask, self.running[lane]) if news.asks_for_start_points else None

    def is_repeated(self, lane: int, steps: int) -> bool:
        """A worker loses no lane but with itself."""
        del lane, steps
        return False

    def finish(self, lane: int) -> int:
        """The number of games that the worker has finished."""
        self.ended_start = self.running.pop(lane)
        self._finished += 1
        return self._finished

    @property
    def over(self) -> bool:
        """Never: the driver counts."""
        return False

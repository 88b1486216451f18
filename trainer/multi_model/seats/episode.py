"""An episode of several models in a fleet: workers play segments; the driver pays, counts, records and learns.

    jobs -> every worker plays its segment -> pay by the mode -> credit, learn -> games in the order in which they ended

What the mode pays joins all models at every step, so it is settled here, when a segment has come home: calibration,
strategies, language models and learners are told of it then. An agent in a worker goes by what the world pays until the
next segment. Updates of the weights are made beside the next segment (`trainer/multi_model/seats/update.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.agent.exchange import news_of
from core.exceptions import EpisodeTimeoutError
from trainer.fleet.finished_games import FinishedGame
from trainer.fleet.fleet import Fleet
from trainer.multi_model.model_seat import ModelSeat
from trainer.multi_model.model_team import ModelTeam
from trainer.multi_model.seated_episode import SeatedEpisode
from trainer.multi_model.seats.broker import SeatsBroker
from trainer.multi_model.seats.messages import Running, SeatNews, SeatPlay, SeatsResult, SeenMaps, TeamNews
from trainer.multi_model.seats.segment import SeatsJob
from trainer.multi_model.seats.update import WeightUpdates
from trainer.multi_model.session import Deadline, Standing
from trainer.multi_model.weights import WeightUpdate
from trainer.play.episode_starts import EpisodeStarts, StartSupply
from trainer.play.loop import Stage

MOST_SEGMENT_STEPS: Final = 128
"""Of each lane: as in `trainer/run/fleet_training.py`."""


@dataclass(frozen=True, slots=True)
class EpisodePlan:
    """Which episode is played, and how."""

    session: int
    """Of the fleet, another one for every episode that is begun."""
    first_seed: int
    """Number of the seed of its game 0."""
    steps: int
    standing: Standing
    deadline: Deadline
    name: str
    """For messages."""


class FleetEpisode:
    """One episode, from its beginning to its end."""

    def __init__(
        self,
        fleet: Fleet,
        broker: SeatsBroker,
        seats: Sequence[ModelSeat],
        teams: Sequence[ModelTeam],
        plan: EpisodePlan,
        account: SeatedEpisode,
        stages: Sequence[Stage],
    ) -> None:
        """`stages` see every finished game, after it is counted and recorded."""
        self._fleet = fleet
        self._broker = broker
        self._seats = seats
        self._teams = teams
        self._plan = plan
        self._account = account
        self._stages = stages
        self._steps_left = plan.steps
        self._games = EpisodeStarts()
        """The episode's games; each has a seed of its own."""
        self._running: list[Running | None] = [None] * len(seats)
        self._seen: list[SeenMaps] = [()] * len(teams)
        """What each team has got to know in the last segment."""
        self._team_of = [teams.index(seat.team) for seat in seats]

    def play(self, update: Callable[[], WeightUpdate], updates: WeightUpdates) -> None:
        """Plays it to its end. Raises EpisodeTimeoutError when the time is over."""
        self._fleet.before_replacement = updates.wait
        while self._steps_left:
            self._plan.deadline.check(self._plan.name)
            if self._can_learn and not updates.beside_play:
                self._account.updates.append(update())
            jobs = self._jobs()
            if self._can_learn:
                updates.begin(update)
            played = self._played(jobs)
            done = updates.finish()
            if done is not None:
                self._account.updates.append(done)
            self._settle(played)
        if self._can_learn:
            self._account.updates.append(update())

    # -- a segment ---------------------------------------------------------------------------------------------

    @property
    def _can_learn(self) -> bool:
        """The rollouts are full, all at the same step."""
        return self._seats[0].learner.ready

    def _jobs(self) -> list[SeatsJob]:
        """The next segment's, with the weights as they are now."""
        learner, plan = self._seats[0].learner, self._plan
        missing = learner.settings.rollout_steps if self._can_learn else learner.missing_steps
        steps = min(MOST_SEGMENT_STEPS, missing, self._steps_left)
        self._steps_left -= steps
        weights = self._weights()
        blueprint = self._fleet.blueprint
        starts = [self._supplies(team) for team in range(len(self._teams))]
        jobs = []
        for worker, games in enumerate(self._games.share_out(blueprint.workers)):
            lanes = blueprint.lanes_of(worker)
            teams = {team: self._team_news(team, starts[team][worker]) for team in {self._team_of[at] for at in lanes}}
            news = tuple(self._seat_news(lane, teams[self._team_of[lane]], weights[lane]) for lane in lanes)
            assert games is not None, "all workers are waited for"
            cuts = self._steps_left == 0
            jobs.append(SeatsJob(plan.session, steps, cuts, plan.first_seed, games, plan.standing.leader, news))
        return jobs

    def _weights(self) -> list[Mapping[str, NDArray[np.float32]]]:
        """By seat; equal ones are one object, which travels once."""
        found: list[Mapping[str, NDArray[np.float32]]] = []
        for seat in self._seats:
            own = seat.learner.weights()
            alike = bool(found) and all(np.array_equal(own[name], found[0][name]) for name in own)
            found.append(found[0] if alike else own)
        return found

    def _supplies(self, team: int) -> dict[int, StartSupply]:
        """The team's starts, by worker that holds seats of it."""
        workers = self._workers_of(team)
        shares = self._teams[team].starts.share_out(len(workers))
        return {worker: share for worker, share in zip(workers, shares, strict=True) if share is not None}

    def _workers_of(self, team: int) -> list[int]:
        blueprint = self._fleet.blueprint
        return [
            worker
            for worker in range(blueprint.workers)
            if any(self._team_of[lane] == team for lane in blueprint.lanes_of(worker))
        ]

    def _team_news(self, number: int, starts: StartSupply) -> TeamNews:
        team = self._teams[number]
        return TeamNews(
            number=number,
            record_changes=team.record.changes,
            horizon_steps=team.horizon_steps(self._plan.steps),
            starts=starts,
            asks_for_start_points=team.go_explore.has_archive,
            known_cells=tuple(team.go_explore.cells()),
            seen=self._seen[number],
        )

    def _seat_news(self, lane: int, team: TeamNews, weights: Mapping[str, NDArray[np.float32]]) -> SeatNews:
        seat = self._seats[lane]
        return SeatNews(
            team=team,
            agent=news_of(seat.agent),
            advisor=self._broker.advisor_of(lane).news(),
            weights=weights,
            dice=seat.agent.arbiter.random.bit_generator.state,
            running=self._running[lane],
        )

    def _played(self, jobs: Sequence[SeatsJob]) -> list[SeatsResult]:
        """What the workers have played. Raises EpisodeTimeoutError when the time is over."""
        self._broker.begin()
        for team in self._teams:
            team.go_explore.begin_segment()
        for seat in self._seats:
            seat.begin_segment()
        too_late: list[EpisodeTimeoutError] = []

        def goes_on(_steps: int, _games: int) -> bool:
            try:
                self._plan.deadline.check(self._plan.name)
            except EpisodeTimeoutError as error:
                too_late.append(error)
            return not too_late

        results = self._fleet.play(jobs, self._broker, goes_on)
        if too_late:
            raise too_late[0]
        return [result for result in results if result is not None]

    # -- what came of it ---------------------------------------------------------------------------------------

    def _settle(self, results: Sequence[SeatsResult]) -> None:
        blueprint = self._fleet.blueprint
        for worker, result in enumerate(results):
            lost = [lane for lane in blueprint.lanes_of(worker) if self._running[lane] is not None]
            for lane in lost if result.is_new else ():  # its predecessor is lost, with the games in its lanes
                self._seats[lane].lose_game()
        plays = [play for result in results for play in result.seats]
        games = [game for result in results for game in result.games]
        games.sort(key=lambda game: (game.ended_step, game.ended.lane))
        rewards = np.concatenate([play.rollout.rewards for play in plays], axis=1)
        paid = self._paid(rewards, plays)
        for lane, (seat, play) in enumerate(zip(self._seats, plays, strict=True)):
            given, pay = rewards[:, lane].tolist(), paid[:, lane].tolist()
            seat.credit(play, given, pay, [game.ended.result for game in games if game.ended.lane == lane])
            self._account.add(lane, given, pay, play.reached)
            self._running[lane] = play.running
        self._games.settle([result.taken for result in results])
        for number in range(len(self._teams)):
            self._settle_team(number, results)
        for game in games:
            self._take_game(game)
        for stage in self._stages:
            stage.after_games()

    def _paid(self, rewards: NDArray[np.float32], plays: Sequence[SeatPlay]) -> NDArray[np.float64]:
        """What the mode pays for the rewards of the world, (steps, seats)."""
        standing = self._plan.standing
        paid = rewards.astype(np.float64)
        for step in np.flatnonzero(rewards.any(axis=1)):
            plans = [play.plans[step] for play in plays] if standing.leader is not None else []
            paid[step] = standing.pay(paid[step], followed(plans, standing.leader))
        return paid

    def _settle_team(self, number: int, results: Sequence[SeatsResult]) -> None:
        team = self._teams[number]
        parts = [results[worker].teams[number] for worker in self._workers_of(number)]
        team.starts.settle([part.taken for part in parts])
        team.go_explore.end_segment()
        team.go_explore.file(state for part in parts for state in part.states)
        seen = [(map_id, ground) for part in parts for map_id, ground in part.seen]
        for map_id, ground in seen:
            team.grounds.add(map_id, ground)
        news = {map_id for map_id, _ in seen}
        self._seen[number] = tuple((map_id, ground) for map_id, ground in team.grounds if map_id in news)

    def _take_game(self, game: FinishedGame) -> None:
        """Counts and records a finished game, under its team's next number."""
        team = self._seats[game.ended.lane].team
        number = team.tally.episodes + 1
        ended = replace(game.ended, result=replace(game.ended.result, episode=number))
        team.starts.finish_start(game.start)
        team.count(ended.result)
        team.commit(replace(game.record, number=number))
        for stage in self._stages:
            stage.after_episode(ended)


def followed(plans: Sequence[str], leader: int | None) -> NDArray[np.float64] | None:
    """By seat: 1 where the leader's plan is carried out, else 0; None without a leader."""
    if leader is None:
        return None
    plan = plans[leader]
    return np.array([float(bool(plan) and one == plan) for one in plans])

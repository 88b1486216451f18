"""Training in a fleet: workers play segments, the driver counts, records and learns.

    broadcast -> every worker plays its segment -> credit -> learn -> update -> games in the order in which they ended

A segment ends where a rollout does, or after `MOST_SEGMENT_STEPS`. The weights of a segment are those of the update
before the last: the last one is learned while the segment is played (`agents/learning/overlapped_learner.py`). Games
that ended in a segment get their numbers by step and lane, so the order does not depend on who was fast. With a
`straggler_factor` a slow worker is not waited for without end: its lanes count as not played in this rollout, and what
it has played joins the next one (V-trace corrects for the older weights).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from agents.learning.core_turns import CoreTurns
from agents.learning.overlapped_learner import OverlappedLearner
from core.agent.exchange import count_report, news_of
from trainer.fleet.finished_games import FinishedGame
from trainer.fleet.fleet import Fleet, GoesOn
from trainer.fleet.run_broker import RunBroker
from trainer.fleet.segment import SegmentJob, SegmentNews
from trainer.play.loop import EndedEpisode, Stage
from trainer.play.seats import LearningSeat
from trainer.play.stages import UpdateStage
from trainer.run.machine import usable_cores
from trainer.run.reporter import Reporter
from trainer.run.run_stages import CheckpointStage
from trainer.run.training_run import TrainingRun

MOST_SEGMENT_STEPS: Final = 128
"""Of each lane: some seconds. Longer ones would keep what ended in them from the record, and from the display."""
SWITCH_S: Final = 0.001
"""How long the learner's thread keeps the interpreter from one that answers a worker; Python's own 5 ms are as long as
three steps of a worker's lanes."""
_DICE: Final = 3
"""Spawn key of workers' random numbers; `trainer/play/` has 0 to 2."""


class FleetTraining:
    """Of one run. Every call of `play` is a session: games that were under way before it begin anew."""

    def __init__(self, fleet: Fleet, run: TrainingRun, run_seed: int) -> None:
        self._fleet = fleet
        self._run = run
        self._run_seed = run_seed
        self._sessions = 0

    def play(
        self,
        seat: LearningSeat,
        stages: Sequence[Stage],
        reporter: Reporter,
        most_games: int,
        longest_steps: int,
        is_stopped: Callable[[], bool],
    ) -> None:
        """Plays until the run has `most_games`, of at most `longest_steps` each, or is stopped.

        The agent and the learner of `seat` are those of the run; the seat has all lanes. `stages` see every finished
        game, after it is counted and recorded.
        """
        self._sessions += 1
        learner = seat.learner
        checkpoints = [stage for stage in stages if isinstance(stage, CheckpointStage)]
        beside = [*([learner] if isinstance(learner, OverlappedLearner) else []), *checkpoints]
        if isinstance(learner, OverlappedLearner):
            learner.core_turns = turns_beside(self._fleet.blueprint.workers)
        self._fleet.before_replacement = lambda: [one.wait() for one in beside]
        session = _Session(self._fleet, self._run, seat, self._run_seed, self._sessions, longest_steps)

        def goes_on(steps: int, _games: int) -> bool:
            if steps:
                reporter.training(steps)
            return not is_stopped()

        reporter.training(0)
        switch_s = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_S)
        try:
            while not is_stopped() and self._run.tally.episodes < most_games:
                games = session.play_segment(most_games - self._run.tally.episodes, goes_on)
                if games:  # the record is ahead of the resume point by the games of one segment, never of two
                    session.begin_study()
                    for stage in checkpoints:
                        stage.wait()
                try:
                    for game in games:
                        ended = session.take_game(game)
                        for stage in stages:
                            stage.after_episode(ended)
                finally:
                    for stage in stages:
                        stage.after_games()
        finally:
            sys.setswitchinterval(switch_s)
            session.close()


class _Session:
    """One call of `play`."""

    def __init__(
        self, fleet: Fleet, run: TrainingRun, seat: LearningSeat, run_seed: int, number: int, longest_steps: int
    ) -> None:
        self._fleet = fleet
        self._run = run
        self._agent = seat.agent
        self._learner = seat.learner
        self._number = number
        self._longest_steps = longest_steps
        self._straggler_factor = fleet.blueprint.settings.straggler_factor
        self._update = UpdateStage(seat.learner)
        workers = fleet.blueprint.workers
        self._running: list[tuple[int, ...]] = [()] * workers
        """Starts that the lanes of each worker play."""
        self._has_played = False
        if len(run.dice) != workers:
            run.dice = [_first_dice(run_seed, worker) for worker in range(workers)]
        self._record = seat.agent.adaptive_strategy.history_analyzer
        self._broker = RunBroker(
            seat.agent.advisor,
            self._record,
            workers,
            lambda worker, start: run.go_explore.choose_for(worker, start, run.curriculum.directive()),
            run.go_explore.forget,
        )

    def play_segment(self, most_games: int, goes_on: GoesOn) -> list[FinishedGame]:
        """Lets the workers play the next segment and learns from it; the games that ended in it, in their order.

        What comes after the end of the last of `most_games` is as if it had not been played. What is learned from the
        segment begins with the next one, or with `begin_study`.
        """
        self._broker.begin()
        self._run.go_explore.begin_segment()
        self._fleet.broadcast(self._news())
        steps = min(MOST_SEGMENT_STEPS, self._learner.missing_steps)
        jobs = self._jobs(steps)
        played = self._fleet.play(jobs, self._broker, goes_on, self._straggler_factor, self.begin_study)
        results = [result for result in played if result is not None]
        run = self._run
        run.starts.settle([None if result is None else result.taken for result in played])
        run.go_explore.end_segment()
        run.go_explore.file(state for result in results for state in result.states)
        for worker, result in enumerate(played):
            lanes = self._fleet.blueprint.lanes_of(worker)
            if result is None:
                self._learner.cut_lanes(lanes)
                continue
            count_report(self._agent, result.agent)
            run.dice[worker] = result.agent.random_state
            self._running[worker] = result.running
            if result.is_new and self._has_played:  # its predecessor is lost, with the games in its lanes
                self._learner.cut_lanes(lanes)
        games = [game for result in results for game in result.games]
        games = sorted(games, key=lambda game: (game.ended_step, game.ended.lane))[:most_games]
        last_step = games[-1].ended_step if len(games) == most_games else None
        is_whole = all(result.rollout.full for result in results)  # else the run was stopped
        if is_whole and last_step in (None, steps - 1):
            self._learner.observe_parts(
                [
                    self._learner.fitted_part(
                        None if result is None else result.rollout, len(self._fleet.blueprint.lanes_of(worker)), steps
                    )
                    for worker, result in enumerate(played)
                ]
            )
            self._update.update_when_due(begins=False)
        self._has_played = True
        return games

    def begin_study(self) -> None:
        """Lets the learner begin: until then it would only take the interpreter from what workers wait for."""
        if isinstance(self._learner, OverlappedLearner):
            self._learner.begin_study()

    def take_game(self, game: FinishedGame) -> EndedEpisode:
        """Counts and records a finished game, under the next number."""
        run = self._run
        number = run.tally.episodes + 1
        ended = replace(game.ended, result=replace(game.ended.result, episode=number))
        run.starts.finish_start(game.start)
        run.count(ended.result)
        run.commit(replace(game.record, number=number))
        return ended

    def close(self) -> None:
        """No question is answered any more."""
        self._broker.close()

    def _news(self) -> SegmentNews:
        return SegmentNews(
            weights=self._learner.weights(),
            agent=news_of(self._agent),
            advisor=self._broker.news(),
            record_changes=None if self._record is None else self._record.changes,
            horizon_steps=self._run.horizon_steps(self._longest_steps),
            asks_for_start_points=self._run.go_explore.has_archive,
            known_cells=tuple(self._run.go_explore.cells()),
        )

    def _jobs(self, steps: int) -> list[SegmentJob | None]:
        """None for a worker that is still playing its last one."""
        supplies = self._run.starts.share_out(len(self._running))
        return [
            None
            if supply is None
            else SegmentJob(self._number, steps, supply, self._running[worker], self._run.dice[worker])
            for worker, supply in enumerate(supplies)
        ]


def turns_beside(workers: int) -> CoreTurns | None:
    """How the learner shares the cores of this machine with so many workers; None where one is left to it."""
    return CoreTurns() if workers >= usable_cores() else None


def _first_dice(run_seed: int, worker: int) -> Any:
    """The first worker's are those of an agent that plays alone."""
    key = () if worker == 0 else (_DICE, worker)
    return np.random.default_rng(np.random.SeedSequence(run_seed, spawn_key=key)).bit_generator.state

"""What follows from a finished game for a run as a whole, after the stages of `trainer/play/stages.py`.

    evaluate -> callbacks -> curves -> checkpoint -> progress

The decision record comes before the checkpoint, so that a kill between the two repeats an episode and never loses one.
Without any of these the agent plays the very same game.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from agents.learning.sb3_policy import MaskablePPOLearner
from core.vocabulary import EpisodeResult
from trainer.checkpoints.checkpoint import CheckpointStore, Snapshot
from trainer.play.loop import EndedEpisode, Stage
from trainer.play.player import PlayedStep
from trainer.run.curves import Curves, numbers_of
from trainer.run.reporter import Reporter
from trainer.run.training_run import TrainingRun

log = logging.getLogger(__name__)


class EvaluateStage(Stage):
    """Evaluates after each `interval`-th finished episode; never where that is 0."""

    def __init__(self, interval: int, evaluate: Callable[[], object]) -> None:
        self._interval = interval
        self._evaluate = evaluate

    def after_episode(self, ended: EndedEpisode) -> None:
        """Evaluates when it is time."""
        if self._interval and ended.result.episode % self._interval == 0:
            self._evaluate()


class CallbackStage(Stage):
    """Tells the user's callbacks."""

    def __init__(self, call_back: Callable[[EpisodeResult], None]) -> None:
        self._call_back = call_back

    def after_episode(self, ended: EndedEpisode) -> None:
        """Calls them."""
        self._call_back(ended.result)


class CurvesStage(Stage):
    """Adds finished games and updates to the run's curves."""

    def __init__(
        self, curves: Curves, learner: MaskablePPOLearner, metrics_of: Callable[[EpisodeResult], Mapping[str, Any]]
    ) -> None:
        self._curves = curves
        self._learner = learner
        self._metrics_of = metrics_of

    def after_episode(self, ended: EndedEpisode) -> None:
        """Adds the game, and the updates since the last one."""
        result = ended.result
        metrics = self._metrics_of(result)
        shares = {f"{source}_share": share for source, share in metrics["source_shares"].items()}
        milestones = {"milestones": len(result.milestones), "is_whole": float(result.is_whole)}
        self._curves.add("episode", result.episode, {**numbers_of(metrics), **shares, **milestones})
        while self._learner.finished_updates:
            update = self._learner.finished_updates.popleft()
            self._curves.add("update", update.update, numbers_of(update.as_dict()))


class CheckpointStage(Stage):
    """Writes a kept checkpoint after each `interval`-th episode, and the resume point whenever games have ended.

    The resume point is that of the last of them, and is written in a thread of its own: play goes on meanwhile. While
    episodes wait for the decision record (`EpisodeQueue`), nothing is written: a kill would else lose them.
    """

    def __init__(self, interval: int, checkpoints: CheckpointStore, run: TrainingRun) -> None:
        self._interval = interval
        self._checkpoints = checkpoints
        self._run = run
        self._is_due = False
        self._snapshot: Snapshot | None = None
        """After the last of the games that ended together."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="resume-point")
        self._writes: Future[object] | None = None

    def after_episode(self, ended: EndedEpisode) -> None:
        """Takes the run as it is now; a checkpoint that is kept is written at once."""
        self._is_due |= ended.result.episode % self._interval == 0
        if not self._run.episodes.is_whole:
            return
        snapshot = self._run.snapshot()
        if self._is_due:
            self._is_due = False
            self._await_write()  # one at a time, so that `latest` is the newest
            log.info("checkpoint %s", self._checkpoints.save_checkpoint(snapshot).name)
        self._snapshot = snapshot

    def after_games(self) -> None:
        """Begins to write the resume point. Raises CheckpointError where the one before could not be written."""
        snapshot, self._snapshot = self._snapshot, None
        if snapshot is None:
            return
        self._await_write()
        as_read = json.loads(json.dumps(snapshot.state, allow_nan=False))  # nothing that goes on changing
        self._writes = self._thread.submit(self._checkpoints.save_resume_point, replace(snapshot, state=as_read))

    def wait(self) -> None:
        """Return when nothing is being written; an error shows with the next write, or at `close`."""
        if self._writes is not None:
            self._writes.exception()

    def close(self) -> None:
        """No more games. Raises CheckpointError where the last resume point could not be written."""
        self._thread.shutdown()
        self._await_write()

    def _await_write(self) -> None:
        writes, self._writes = self._writes, None
        if writes is not None:
            writes.result()


class ProgressStage(Stage):
    """Tells the reporter how far the run is."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def after_step(self, played: PlayedStep) -> None:
        """Reports the step of all lanes."""
        self._reporter.training(len(played.decisions))

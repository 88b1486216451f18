"""What follows from a finished game for a run as a whole, after the stages of `trainer/play/stages.py`.

    evaluate -> callbacks -> curves -> checkpoint -> progress

The decision record comes before the checkpoint, so that a kill between the two repeats an episode and never loses one.
Without any of these the agent plays the very same game.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from agents.learning.sb3_policy import MaskablePPOLearner
from core.vocabulary import EpisodeResult
from trainer.checkpoints.checkpoint import CheckpointStore
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
    """Writes the resume point after every episode and a kept checkpoint after each `interval`-th.

    While episodes wait for the decision record (`EpisodeQueue`), none is written: a kill would else lose them.
    """

    def __init__(self, interval: int, checkpoints: CheckpointStore, run: TrainingRun) -> None:
        self._interval = interval
        self._checkpoints = checkpoints
        self._run = run
        self._is_due = False

    def after_episode(self, ended: EndedEpisode) -> None:
        """Writes. The resume point comes last, so that `latest` is the newest."""
        self._is_due |= ended.result.episode % self._interval == 0
        if not self._run.episodes.is_whole:
            return
        snapshot = self._run.snapshot()
        if self._is_due:
            self._is_due = False
            log.info("checkpoint %s", self._checkpoints.save_checkpoint(snapshot).name)
        self._checkpoints.save_resume_point(snapshot)


class ProgressStage(Stage):
    """Tells the reporter how far the run is."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def after_step(self, played: PlayedStep) -> None:
        """Reports the step of all lanes."""
        self._reporter.training(len(played.decisions))

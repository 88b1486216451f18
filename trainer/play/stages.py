"""What follows from every step and from every finished episode, as stages that a reader sees in order.

    credit -> record -> learn -> curriculum -> evaluate -> callbacks -> checkpoint -> progress

The decision record comes before the checkpoint, so that a kill between the two repeats an episode and never loses one.
Credit, learn and curriculum teach the agent; without any of the others it plays the very same game.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from agents.learning.overlapped_learner import OverlappedLearner
from agents.learning.sb3_policy import LearnerMetrics, MaskablePPOLearner
from core.agent.hybrid_agent import HybridAgent
from core.agent.lane_transitions import LaneTransitions, teacher_action_of
from core.history.records import EpisodeRecorder
from core.history.store import HistoryStore
from core.vocabulary import EpisodeResult
from trainer.checkpoints.checkpoint import CheckpointStore
from trainer.curriculum import Curriculum, Directive, StageMove
from trainer.play.player import PlayedStep
from trainer.run.reporter import Reporter
from trainer.run.training_run import TrainingRun

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EndedEpisode:
    """A lane's episode that ended with a step."""

    result: EpisodeResult
    lane: int
    terminated: bool


class Stage:
    """One consequence; both hooks may be left out."""

    def after_step(self, played: PlayedStep) -> None:
        """After every step of all lanes."""

    def after_episode(self, ended: EndedEpisode) -> None:
        """After every finished episode, when its number is known."""


class CreditStage(Stage):
    """Tells the agent what came of its decisions."""

    def __init__(self, agent: HybridAgent) -> None:
        self._agent = agent

    def after_step(self, played: PlayedStep) -> None:
        """Credits every lane's decision."""
        for lane, decision in enumerate(played.decisions):
            if played.lost[lane]:
                self._agent.abandon_episode(lane)
                continue
            counts = not played.from_archive[lane]
            self._agent.observe(lane, decision, float(played.rewards[lane]), played.is_done(lane), counts)


class RecordStage(Stage):
    """Writes every decision down, and every finished episode into the database in one transaction."""

    def __init__(self, store: HistoryStore, run_id: int, lanes: int) -> None:
        self._store = store
        self._run_id = run_id
        self._recorders = [EpisodeRecorder(lane) for lane in range(lanes)]

    def after_step(self, played: PlayedStep) -> None:
        """Keeps the step in memory."""
        rewards = played.rewards.tolist()
        for lane, recorder in enumerate(self._recorders):
            if played.lost[lane]:
                continue  # this decision was never played
            recorder.record(played.decisions[lane], rewards[lane], played.contexts[lane])
            for milestone in played.new_milestones[lane]:
                recorder.reach(milestone)

    def after_episode(self, ended: EndedEpisode) -> None:
        """Commits the episode."""
        result = ended.result
        recorder = self._recorders[ended.lane]
        record = recorder.finish(result.episode, terminated=ended.terminated, truncated=result.truncated)
        self._store.commit_episode(self._run_id, record)


class LearnStage(Stage):
    """Hands transitions to the learner and lets it update when its rollout is full, beside the play if it can."""

    def __init__(self, learner: MaskablePPOLearner) -> None:
        self._learner = learner
        self.last_update: LearnerMetrics | None = None

    def after_step(self, played: PlayedStep) -> None:
        """Observes the step of all lanes, whoever chose the actions."""
        decisions = played.decisions
        self._learner.observe(
            LaneTransitions(
                observations=played.observations,
                masks=played.masks,
                actions=played.actions,
                behaviour_probabilities=np.array([decision.behaviour_probability for decision in decisions]),
                teacher_actions=np.array([teacher_action_of(decision) for decision in decisions]),
                teacher_probabilities=np.array([decision.teacher_probability for decision in decisions]),
                rewards=played.rewards,
                terminated=played.terminated,
                truncated=played.truncated,
                next_observations=played.next_observations,
                lost=played.lost,
            )
        )
        if not self._learner.ready:
            return
        update = self._learner.hand_over() if isinstance(self._learner, OverlappedLearner) else self._learner.update()
        if update is not None:
            self.last_update = update
            log.debug(
                "update %d: policy loss %.4f, value loss %.4f, entropy %.3f, KL %.4f, clipped %.2f, teacher agreement "
                "%.2f, explained variance %.2f, mean weight %.2f, %.2f s",
                update.update,
                update.policy_loss,
                update.value_loss,
                update.entropy,
                update.approx_kl,
                update.clip_fraction,
                update.teacher_agreement,
                update.explained_variance,
                update.weight_mean,
                update.duration_s,
            )


class CurriculumStage(Stage):
    """Moves between stages of the curriculum and hands each episode's directive to the agent and the learner."""

    def __init__(self, curriculum: Curriculum, agent: HybridAgent, learner: MaskablePPOLearner) -> None:
        self._curriculum = curriculum
        self._agent = agent
        self._learner = learner
        self._apply(curriculum.directive())

    def after_episode(self, ended: EndedEpisode) -> None:
        """Counts the episode if it is a whole game; says so when the stage changes."""
        if not ended.result.is_whole:
            return
        move = self._curriculum.finish_episode(ended.result)
        directive = self._curriculum.directive()
        if move is not StageMove.STAY:
            log.info(
                "curriculum: %s to stage %d of %d after episode %d, teacher share %.0f%%, strategy %s",
                move,
                directive.stage + 1,
                len(self._curriculum.settings.stages),
                ended.result.episode,
                100 * directive.teacher_share,
                directive.strategy_preference,
            )
        self._apply(directive)

    def _apply(self, directive: Directive) -> None:
        self._agent.direct(directive.teacher_share, directive.strategy_preference)
        self._learner.teacher_scale = directive.teacher_share


class EvaluateStage(Stage):
    """Evaluates after each `interval`-th finished episode."""

    def __init__(self, interval: int, evaluate: Callable[[], object]) -> None:
        self._interval = interval
        self._evaluate = evaluate

    def after_episode(self, ended: EndedEpisode) -> None:
        """Evaluates when it is time."""
        if ended.result.episode % self._interval == 0:
            self._evaluate()


class CallbackStage(Stage):
    """Tells the user's callbacks."""

    def __init__(self, call_back: Callable[[EpisodeResult], None]) -> None:
        self._call_back = call_back

    def after_episode(self, ended: EndedEpisode) -> None:
        """Calls them."""
        self._call_back(ended.result)


class CheckpointStage(Stage):
    """Writes the resume point after every episode and a kept checkpoint after each `interval`-th."""

    def __init__(self, interval: int, checkpoints: CheckpointStore, run: TrainingRun) -> None:
        self._interval = interval
        self._checkpoints = checkpoints
        self._run = run

    def after_episode(self, ended: EndedEpisode) -> None:
        """Writes. The resume point comes last, so that `latest` is the newest."""
        snapshot = self._run.snapshot()
        if ended.result.episode % self._interval == 0:
            log.info("checkpoint %s", self._checkpoints.save_checkpoint(snapshot).name)
        self._checkpoints.save_resume_point(snapshot)


class ProgressStage(Stage):
    """Tells the reporter how far the run is."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def after_step(self, played: PlayedStep) -> None:
        """Reports the step of all lanes."""
        self._reporter.training(len(played.decisions))

"""What follows from every step and from every finished game, as stages that a reader sees in order.

    tally -> credit -> record -> learn -> update -> curriculum -> evaluate -> callbacks -> checkpoint -> progress

Each looks up whose lane it was (`trainer/play/seats.py`). The multi-model trainer runs the same tally, credit, record,
learn and curriculum; its weights move between two steps. The decision record comes before the checkpoint, so that a
kill between the two repeats an episode and never loses one. Credit, learn, update and curriculum teach the agent;
without any of the others it plays the very same game.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from agents.learning.overlapped_learner import OverlappedLearner
from agents.learning.sb3_policy import MaskablePPOLearner
from core.agent.lane_transitions import LaneRows, LaneTransitions
from core.history.records import EpisodeRecorder
from core.vocabulary import EpisodeResult
from trainer.checkpoints.checkpoint import CheckpointStore
from trainer.curriculum import StageMove
from trainer.play.loop import EndedEpisode, Stage
from trainer.play.player import PlayedStep
from trainer.play.seats import LearningSeat, Seat, Seating
from trainer.play.team_state import TeamState
from trainer.run.reporter import Reporter
from trainer.run.training_run import TrainingRun

log = logging.getLogger(__name__)


class TallyStage(Stage):
    """Counts finished games."""

    def __init__(self, seating: Seating[LearningSeat]) -> None:
        self._seating = seating

    def after_episode(self, ended: EndedEpisode) -> None:
        """Counts one for the team whose lane it was."""
        self._seating.at(ended.lane).team.count(ended.result)


class CreditStage(Stage):
    """Tells the agents what came of their decisions."""

    def __init__(self, seating: Seating[Seat]) -> None:
        self._seating = seating

    def after_step(self, played: PlayedStep) -> None:
        """Credits every lane's decision."""
        paid, whole = played.paid.tolist(), played.whole.tolist()
        for lane, decision in enumerate(played.decisions):
            seat = self._seating.at(lane)
            if played.lost[lane]:
                seat.agent.abandon_episode(seat.own(lane))
                continue
            seat.agent.observe(seat.own(lane), decision, paid[lane], played.is_done(lane), whole[lane])


class RecordStage(Stage):
    """Writes every decision down, and every finished game into its team's database in one transaction."""

    def __init__(self, seating: Seating[LearningSeat]) -> None:
        self._seating = seating
        self._recorders = [EpisodeRecorder(lane) for lane in range(seating.lanes)]

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
        """Commits the game."""
        result = ended.result
        recorder = self._recorders[ended.lane]
        record = recorder.finish(result.episode, terminated=ended.terminated, truncated=result.truncated)
        self._seating.at(ended.lane).team.commit(record)


class LearnStage(Stage):
    """Hands transitions to the learners."""

    def __init__(self, seating: Seating[LearningSeat]) -> None:
        self._seating = seating

    def after_step(self, played: PlayedStep) -> None:
        """Every learner observes the step of its lanes, whoever chose the actions."""
        for seat in self._seating:
            rows = seat.rows
            seat.learner.observe(
                LaneTransitions.of_decisions(
                    LaneRows({key: value[rows] for key, value in played.observations.items()}, played.masks[rows]),
                    played.decisions[rows],
                    played.paid[rows],
                    {key: value[rows] for key, value in played.next_observations.items()},
                    terminated=played.terminated[rows],
                    truncated=played.truncated[rows],
                    lost=played.lost[rows],
                )
            )


class UpdateStage(Stage):
    """Lets a learner update itself when its rollout is full, beside the play if it can."""

    def __init__(self, learner: MaskablePPOLearner) -> None:
        self._learner = learner

    def after_step(self, played: PlayedStep) -> None:
        """Updates when it is time."""
        if not self._learner.ready:
            return
        update = self._learner.hand_over() if isinstance(self._learner, OverlappedLearner) else self._learner.update()
        if update is not None:
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
    """Moves between stages of a team's curriculum and hands its directive to the team's agents and learners."""

    def __init__(self, seating: Seating[LearningSeat]) -> None:
        self._seating = seating
        for seat in seating:
            self._direct(seat.team)

    def after_episode(self, ended: EndedEpisode) -> None:
        """Counts the game if it is a whole one; says so when the stage changes."""
        if not ended.result.is_whole:
            return
        team = self._seating.at(ended.lane).team
        move = team.curriculum.finish_episode(ended.result.reward)
        if move is not StageMove.STAY:
            directive = team.curriculum.directive()
            log.info(
                "curriculum: %s to stage %d of %d after episode %d, teacher share %.0f%%, strategy %s",
                move,
                directive.stage + 1,
                len(team.curriculum.settings.stages),
                ended.result.episode,
                100 * directive.teacher_share,
                directive.strategy_preference,
            )
        self._direct(team)

    def _direct(self, team: TeamState) -> None:
        directive = team.curriculum.directive()
        for seat in self._seating:
            if seat.team is team:
                seat.agent.direct(directive.teacher_share, directive.strategy_preference)
                seat.learner.teacher_scale = directive.teacher_share


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

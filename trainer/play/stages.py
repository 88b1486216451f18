"""What follows from every step and from every finished game, as stages that a reader sees in order.

    tally -> credit -> record -> learn -> update -> curriculum

Each looks up whose lane it was (`trainer/play/seats.py`). The hybrid trainer adds the stages of a run
(`trainer/run/run_stages.py`); the multi-model trainer leaves out the update, since it moves all weights together
between two steps. Credit, learn, update and curriculum teach the agent; without the others it plays the very same game.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from agents.learning.overlapped_learner import OverlappedLearner
from agents.learning.sb3_policy import MaskablePPOLearner
from core.agent.lane_transitions import LaneInputs, LaneTransitions
from core.history.records import EpisodeRecord, EpisodeRecorder
from trainer.curriculum import StageMove
from trainer.play.loop import EndedEpisode, Stage
from trainer.play.player import PlayedStep
from trainer.play.seats import LearningSeat, Seat, Seating, WatchedSeat
from trainer.play.team_state import TeamState

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
    """Writes every decision down; a finished game is handed on as a whole."""

    def __init__(self, lanes: int, commit: Callable[[int, EpisodeRecord], object]) -> None:
        """`commit(lane, record)` takes a finished game, under its number."""
        self._commit = commit
        self._recorders = [EpisodeRecorder(lane) for lane in range(lanes)]

    @classmethod
    def of_teams(cls, seating: Seating[LearningSeat]) -> RecordStage:
        """Each lane's games go into its team's database, in one transaction each."""
        return cls(seating.lanes, lambda lane, record: seating.at(lane).team.commit(record))

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
        record = recorder.finish(
            result.episode, terminated=ended.terminated, truncated=result.truncated, beginning=ended.beginning
        )
        self._commit(ended.lane, record)


class LearnStage(Stage):
    """Hands transitions to the learners, in their order.

    It may be handed many steps at once: beside an emulator, which empties the processor's caches at every step, the
    same work takes four times as long as in one go.
    """

    def __init__(self, seating: Seating[WatchedSeat], *, waits: bool = False) -> None:
        """With `waits` steps are kept until `hand_over`."""
        self._seating = seating
        self._waits = waits
        self._kept: list[tuple[WatchedSeat, Callable[[], LaneInputs], PlayedStep]] = []

    def after_step(self, played: PlayedStep) -> None:
        """Every learner observes the step of its lanes, whoever chose the actions."""
        for seat in self._seating:
            rows = seat.rows
            decided = LaneInputs({key: value[rows] for key, value in played.observations.items()}, played.masks[rows])
            self._kept.append((seat, seat.agent.learned_from(decided), played))
        if not self._waits:
            self.hand_over()

    def hand_over(self) -> None:
        """The learners observe what was kept."""
        kept, self._kept = self._kept, []
        for seat, learned_from, played in kept:
            rows = seat.rows
            seat.learner.observe(
                LaneTransitions.of_decisions(
                    learned_from(),
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
        del played
        self.update_when_due()

    def update_when_due(self, *, begins: bool = True) -> None:
        """The same, for those who hand the learner many steps at once; `begins` as in `OverlappedLearner.hand_over`."""
        learner = self._learner
        if not learner.ready:
            return
        update = learner.hand_over(begins=begins) if isinstance(learner, OverlappedLearner) else learner.update()
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

    def __init__(self, seats: Iterable[LearningSeat]) -> None:
        self._seats = tuple(seats)
        for seat in self._seats:
            self._direct(seat.team)

    def after_episode(self, ended: EndedEpisode) -> None:
        """Counts the game if it is a whole one; says so when the stage changes."""
        if not ended.result.is_whole:
            return
        team = next(seat.team for seat in self._seats if ended.lane in seat.lanes)
        move = team.curriculum.finish_episode(ended.result)
        if move is not StageMove.STAY:
            directive = team.curriculum.directive()
            log.info(
                "curriculum: %s to stage %d of %d (%s) after episode %d, teacher share %.0f%%, strategy %s",
                move,
                directive.stage + 1,
                len(team.curriculum.settings.stages),
                directive.learning,
                ended.result.episode,
                100 * directive.teacher_share,
                directive.strategy_preference,
            )
        self._direct(team)

    def _direct(self, team: TeamState) -> None:
        directive = team.curriculum.directive()
        for seat in self._seats:
            if seat.team is team:
                seat.agent.direct(directive.teacher_share, directive.strategy_preference)
                seat.learner.teacher_scale = directive.teacher_share
                seat.learner.reward_scale = directive.reward_scale

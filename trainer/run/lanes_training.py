"""Training in lanes that this process steps itself: a single environment, or a `VectorEnv` that was handed in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trainer.play.episode_seeds import training_seed
from trainer.play.games import TrainingGames
from trainer.play.loop import PlayLoop, Stage
from trainer.play.player import LanePlayer, LanesEnv
from trainer.play.seats import LearningSeat, Seating
from trainer.play.stages import CreditStage, LearnStage, RecordStage, TallyStage, UpdateStage
from trainer.run.reporter import Reporter
from trainer.run.run_stages import ProgressStage
from trainer.run.training_run import TrainingRun


class LanesTraining:
    """Of one run; `trainer.run.fleet_training.FleetTraining` is the other kind."""

    def __init__(self, env: LanesEnv, run: TrainingRun, run_seed: int) -> None:
        self._env = env
        self._run = run
        self._run_seed = run_seed

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

        `stages` see every finished game, after it is counted and recorded.
        """
        teams = [self._run] * self._env.lanes
        games = TrainingGames(teams, lambda start: training_seed(self._run_seed, start), longest_steps, most_games)
        if games.over:
            return
        seating = Seating([seat])
        before: list[Stage] = [
            TallyStage(seating),
            CreditStage(seating),
            RecordStage.of_teams(seating),
            LearnStage(seating),
            UpdateStage(seat.learner),
        ]
        player = LanePlayer(self._env, seating, with_contexts=True)
        loop = PlayLoop(player, games, [*before, *stages, ProgressStage(reporter)])
        loop.begin()
        while not (is_stopped() or games.over):
            loop.step()

"""Tells the progress display how the run stands, no more often than the display wants to know."""

from __future__ import annotations

import time

from agents.learning.sb3_policy import MaskablePPOLearner
from core.agent.standings import Deed, Standings
from core.agent.strategy_system import AdaptiveStrategySystem
from core.vocabulary import AgentMode, Source
from trainer.run.progress import ProgressDisplay, ProgressView, SpeedMeter
from trainer.run.remaining_time import EvaluationPlan, RemainingTime
from trainer.run.training_run import TrainingRun


class Reporter:
    """Of one call of `train`."""

    def __init__(
        self,
        display: ProgressDisplay,
        run: TrainingRun,
        strategy_system: AdaptiveStrategySystem,
        learner: MaskablePPOLearner,
        total_episodes: int,
        evaluations: EvaluationPlan | None = None,
        standings: Standings | None = None,
    ) -> None:
        """`evaluations` are those that the run will make; the remaining time counts them. `standings` are those of the
        agent that learns."""
        self._display = display
        self._run = run
        self._strategy_system = strategy_system
        self._learner = learner
        self._total_episodes = total_episodes
        self._standings = standings or Standings()
        self._steps = run.tally.steps
        self._remaining = RemainingTime(evaluations or EvaluationPlan(), total_episodes)
        self._evaluation_steps = 0
        self._speed = SpeedMeter()
        self._next_s = 0.0
        self._phase = ""

    def training(self, steps: int) -> None:
        """So many more environment steps were played in training."""
        self._steps += steps
        self._evaluation_steps = 0
        self._remaining.trained(steps)
        learning = self._run.curriculum.stage.learning
        self._tell("training" if learning is None else f"training ({learning})", "", steps)

    def evaluating(self, mode: AgentMode, finished: int, games: int, steps: int) -> None:
        """So many more steps were played in an evaluation, of which `finished` of `games` are over."""
        phase = f"evaluating {mode.value}"
        self._evaluation_steps = steps if phase != self._phase else self._evaluation_steps + steps
        self._remaining.evaluated(phase, steps)
        self._tell(phase, f", {finished} of {games} games done, {self._evaluation_steps:,} steps", steps)

    def _tell(self, phase: str, detail: str, steps: int) -> None:
        """Shows a new phase at once, and after that as often as the display wants."""
        self._speed.add(steps)
        now = time.perf_counter()
        if now >= self._next_s or phase != self._phase:
            self._phase = phase
            self._next_s = now + self._display.interval_s
            self._display.show(self._view(phase + detail))

    def _view(self, activity: str) -> ProgressView:
        run = self._run
        tally, curriculum = run.tally, run.curriculum
        run.note_time()
        under_way = max(0, self._steps - tally.steps)
        known = (tally.episodes, under_way, tally.episode_length)
        return ProgressView(
            activity=activity,
            episodes=tally.episodes,
            total_episodes=self._total_episodes,
            share_done=self._remaining.share_done(*known),
            steps=self._steps,
            steps_per_s=self._speed.steps_per_s(),
            mean_reward=tally.recent_reward,
            best_reward=tally.best_reward,
            milestones=tally.milestones,
            source_shares={source.value: tally.source_share(source) for source in Source},
            stage=curriculum.stage_index + 1,
            stages=len(curriculum.settings.stages),
            teacher_share=curriculum.directive().teacher_share,
            strategy=self._strategy_system.current_strategy.value,
            updates=self._learner.updates,
            eta_s=self._remaining.seconds_left(*known),
            believed_shares=believed_shares(self._standings),
        )


def believed_shares(standings: Standings) -> dict[str, dict[str, float]]:
    """By deed, whom the table would have do it, frozen; without deeds in which nobody was judged."""
    shares = {deed.value: standings.shares(deed) for deed in Deed}
    return {
        deed: {player.value: share for player, share in of_players.items()}
        for deed, of_players in shares.items()
        if any(of_players.values())
    }

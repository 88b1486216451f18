"""How much longer a run takes: what is left to play, in training and in evaluations, at the speeds that were seen."""

from __future__ import annotations

import time
from dataclasses import dataclass

MOST_GAP_S = 60.0
"""Between two looks; a longer one is a pause or a sleeping machine, and says nothing of the speed."""


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """Which evaluations a run will make from now on."""

    evaluations: int = 0
    games: int = 0
    """Of one evaluation."""


class _Speed:
    """Steps and seconds of one kind of play."""

    def __init__(self) -> None:
        self.steps = 0
        self.seconds = 0.0

    def seconds_for(self, steps: float, other: _Speed) -> float:
        """Wall time of so many steps; at the other kind's speed while this one was not seen."""
        seen = self if self.steps else other
        return steps * seen.seconds / seen.steps if seen.steps else 0.0


class RemainingTime:
    """Told of every step; asked now and then. Nothing of it is kept across a resume: speeds are those of this time."""

    def __init__(self, plan: EvaluationPlan, total_episodes: int) -> None:
        self._plan = plan
        self._total_episodes = total_episodes
        self._training, self._evaluation = _Speed(), _Speed()
        self._evaluations_done = self._finished_steps = 0
        self._evaluation_phase = ""
        self._phase_steps = 0
        self._last_s: float | None = None

    def trained(self, steps: int) -> None:
        """So many more steps of training were played."""
        self._end_evaluation()
        self._note(self._training, steps)

    def evaluated(self, phase: str, steps: int) -> None:
        """So many more steps were played in the evaluation that is called so."""
        if phase != self._evaluation_phase:
            self._end_evaluation()
            self._evaluation_phase = phase
        self._phase_steps += steps
        self._note(self._evaluation, steps)

    def _end_evaluation(self) -> None:
        if self._evaluation_phase:
            self._evaluations_done += 1
            self._finished_steps += self._phase_steps
            self._evaluation_phase, self._phase_steps = "", 0

    def _note(self, speed: _Speed, steps: int) -> None:
        now = time.perf_counter()
        if self._last_s is not None and now - self._last_s < MOST_GAP_S:
            speed.steps += steps
            speed.seconds += now - self._last_s
        self._last_s = now

    def share_done(self, episodes: int, running_steps: int, episode_steps: float | None) -> float:
        """Share of the training's episodes that is played, 0 to 1. Games under way count by their steps, at most so
        much that they are not over."""
        under_way = 0.0 if not episode_steps else running_steps / episode_steps
        left = max(0, self._total_episodes - episodes)
        return min(1.0, (episodes + min(under_way, 0.99 * left)) / max(1, self._total_episodes))

    def seconds_left(self, episodes: int, running_steps: int, episode_steps: float | None) -> float | None:
        """Wall time until the end of the run, the evaluations after it included; None before anything is known.

        `running_steps` are those of the games under way, `episode_steps` the mean length of an episode.
        """
        if not episode_steps:
            return None
        left = max(0, self._total_episodes - episodes)
        steps = max(0.0, left * episode_steps - running_steps)
        seconds = self._training.seconds_for(steps, self._evaluation)
        done = self._evaluations_done
        one = self._finished_steps / done if done else self._plan.games * episode_steps
        to_come = max(0, self._plan.evaluations - done) * one
        if self._evaluation_phase:  # it is one of them
            to_come = max(0.0, to_come - min(one, self._phase_steps))
        return seconds + self._evaluation.seconds_for(to_come, self._training)

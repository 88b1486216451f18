"""What a worker writes down of each step for the learners and the accounts at home."""

from __future__ import annotations

from collections.abc import Sequence

from gymnasium import spaces

from agents.learning.rollout import Rollout
from core.agent.calibration import ConfidenceCalibration
from core.agent.lane_transitions import LaneInputs, LaneTransitions
from core.vocabulary import ACTION_COUNT, Source
from trainer.multi_model.seats.messages import Decided
from trainer.play.loop import Stage
from trainer.play.player import PlayedStep


class NotedCalibration(ConfidenceCalibration):
    """Counts with what the world pays, as long as nobody knows what the mode pays, and notes every decision."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[Decided] = []
        """Since somebody took them."""

    def decided(self, lane: int, source: Source, situation: str, stated: float, calibrated: float) -> None:
        """As in `ConfidenceCalibration`."""
        self.noted.append((source, situation, stated, calibrated))
        super().decided(lane, source, situation, stated, calibrated)


class Ledger(Stage):
    """The transitions of all lanes of a worker, what they carried out and what they reached."""

    def __init__(self, policy_space: spaces.Dict, lanes: int) -> None:
        self._policy_space = policy_space
        self._lanes = range(lanes)
        self._rollout = Rollout(policy_space, 0, lanes, ACTION_COUNT)
        self.plans: list[list[str]] = []
        """Keys of the options, by lane and step."""
        self.reached: list[list[str]] = []
        """Milestones by lane, each once a game."""

    def begin_segment(self, steps: int) -> None:
        """Another segment begins."""
        self._rollout = Rollout(self._policy_space, steps, len(self._lanes), ACTION_COUNT)
        self.plans = [[] for _ in self._lanes]
        self.reached = [[] for _ in self._lanes]

    def after_step(self, played: PlayedStep) -> None:
        """Writes a step of all lanes."""
        self._rollout.add(
            LaneTransitions.of_decisions(
                LaneInputs(played.observations, played.masks),
                played.decisions,
                played.rewards,
                played.next_observations,
                terminated=played.terminated,
                truncated=played.truncated,
            )
        )
        for lane in self._lanes:
            self.plans[lane].append(played.decisions[lane].option_key)
            self.reached[lane] += played.new_milestones[lane]

    def rollouts(self) -> Sequence[Rollout]:
        """The segment's transitions, lane by lane."""
        return self._rollout.apart(self._policy_space)

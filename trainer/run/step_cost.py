"""What a step of training costs on this machine, part by part, and how many workers make the most of its cores.

A worker of a run plays and decides, the driver learns beside it. So a machine's speed follows from three numbers that
are measured in a few seconds: processor time of the emulator and its env, of deciding (rules, policy, arbiter), and of
the learner, each for one step of one lane. The record, a language model and the way between processes come on top.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from agents.learning.sb3_policy import MaskablePPOLearner
from core.agent.hybrid_agent import HybridAgent
from core.agent.lane_transitions import LaneInputs, LaneTransitions
from core.agent.strategy_system import AdaptiveStrategySystem
from core.rules import RulePlayer
from trainer.fleet.worker_lanes import WorkerLanes
from trainer.run.environments import environment_factory
from trainer.settings import Settings

MEASURED_ROLLOUT_STEPS: Final = 128
"""Longest rollout that is learned from here: what a step costs the learner does not hang on it."""
LEAST_GAIN: Final = 1.05
"""Another number of workers is worth this factor in speed, or is not worth naming."""
LANES_PER_WORKER: Final = 4
"""Fewer leave the policy with too few rows to answer at once."""
PARTS: Final = ("emulator", "deciding", "learner")


@dataclass(frozen=True, slots=True)
class StepCost:
    """Seconds of processor time for one step of one lane."""

    emulator_s: float
    deciding_s: float
    learner_s: float

    def steps_per_s(self, workers: int, cores: int) -> float:
        """Of all lanes together: bounded by the workers, by the one learner, and by the cores that both share."""
        playing_s = self.emulator_s + self.deciding_s
        return min(workers / playing_s, 1 / self.learner_s, cores / (playing_s + self.learner_s))

    def best_workers(self, cores: int) -> int:
        """The fewest, of at most `cores`, to which another one adds nothing worth naming."""
        most = self.steps_per_s(cores, cores)
        return next(count for count in range(1, cores + 1) if self.steps_per_s(count, cores) * LEAST_GAIN >= most)

    def limit(self, cores: int) -> str:
        """What limits a machine with so many cores: one of `PARTS`."""
        if 1 / self.learner_s <= self.steps_per_s(cores, cores):
            return "learner"
        costs = (self.emulator_s, self.deciding_s, self.learner_s)
        return PARTS[costs.index(max(costs))]


def measure_step_cost(settings: Settings, lanes: int, seconds: float) -> StepCost:
    """Plays in one process as a worker with so many lanes would, and learns from it, for about so many seconds and at
    least two updates, the first of which does not count. Raises the errors of making environments."""
    make_env = environment_factory(settings.model_copy(update={"headless": True}))
    env = WorkerLanes([make_env(lane) for lane in range(lanes)])
    try:
        return _measured(settings, env, seconds)
    finally:
        env.close()


def _measured(settings: Settings, env: WorkerLanes, seconds: float) -> StepCost:
    own = replace(settings.learner, rollout_steps=min(settings.learner.rollout_steps, MEASURED_ROLLOUT_STEPS))
    learner = MaskablePPOLearner(env.policy_space, env.lanes, own, settings.seed)
    agent = HybridAgent(None, AdaptiveStrategySystem(seed=settings.seed), mode=settings.agent_mode, seed=settings.seed)
    agent.attach_policy(learner)
    agent.attach_lanes([RulePlayer(env.rom.game, seed=lane) for lane in range(env.lanes)])
    playing_s = deciding_s = learner_s = 0.0
    steps, learned, seeds, is_warm = 0, 0, env.lanes, False
    before = env.reset(list(range(env.lanes)))
    deadline_s = time.monotonic() + seconds
    while time.monotonic() < deadline_s or not (is_warm and learned):
        begun_s = time.thread_time()
        view = LaneInputs(before.observations, before.masks)
        decisions = agent.decide(view, env.game_state)
        decided_s = time.thread_time()
        after = env.step(np.array([decision.action for decision in decisions], dtype=np.int64))
        played_s = time.thread_time()
        done = after.terminated | after.truncated
        for lane, decision in enumerate(decisions):
            agent.observe(lane, decision, float(after.rewards[lane]), bool(done[lane]))
        learner.observe(
            LaneTransitions.of_decisions(
                view,
                decisions,
                after.rewards,
                after.observations,
                terminated=after.terminated,
                truncated=after.truncated & ~after.terminated,
            )
        )
        ended_s = time.thread_time()
        playing_s += played_s - decided_s
        deciding_s += decided_s - begun_s + ended_s - played_s
        steps += env.lanes
        if learner.ready:
            learner.update()
            learner_s += time.thread_time() - ended_s
            learned = steps
            if not is_warm:  # the rules had to get to know the first maps, and torch its shapes
                is_warm, steps, learned = True, 0, 0
                playing_s = deciding_s = learner_s = 0.0
        for lane in np.flatnonzero(done):
            after = env.reset_lane(int(lane), seeds)
            seeds += 1
        before = after
    return StepCost(playing_s / steps, deciding_s / steps, learner_s / learned)

"""Documented performance measurements of real trainers and agents. Every key of the results names its unit."""

from __future__ import annotations

import resource
import statistics
import sys
import time

import psutil

from core.env.policy_view import POLICY_PARTS
from core.hybrid_agent import HybridAgent
from tests.utils import create_mock_environment
from trainer.hybrid_llm_rl_trainer import HybridLLMRLTrainer

WARM_UP_DECISIONS = 20


def benchmark_training_speed(trainer: HybridLLMRLTrainer, episodes: int = 100) -> dict[str, float]:
    """Trains `episodes` more episodes and tells how fast; evaluations are included in the time, as in a real run."""
    tally = trainer.run.tally
    episodes_before, steps_before = tally.episodes, tally.steps
    started_s, cpu_started_s = time.perf_counter(), time.process_time()
    trainer.train(**{**trainer.settings.train_arguments(), "total_episodes": episodes_before + episodes})
    seconds = time.perf_counter() - started_s
    steps = tally.steps - steps_before
    return {
        "episodes": tally.episodes - episodes_before,
        "steps": steps,
        "duration_s": seconds,
        "steps_per_s": steps / seconds,
        "episodes_per_s": (tally.episodes - episodes_before) / seconds,
        "main_process_cpu_us_per_step": 1e6 * (time.process_time() - cpu_started_s) / max(1, steps),
    }


def benchmark_memory_usage(trainer: HybridLLMRLTrainer, duration: float = 60) -> dict[str, float]:
    """Trains for at least `duration` seconds, episode by episode, and tells how the main process's memory grew."""
    resident: list[float] = [_resident_mib()]
    started_s = time.perf_counter()
    while time.perf_counter() - started_s < duration:
        benchmark_training_speed(trainer, episodes=1)
        resident.append(_resident_mib())
    return {
        "duration_s": time.perf_counter() - started_s,
        "start_mib": resident[0],
        "end_mib": resident[-1],
        "growth_mib": resident[-1] - resident[0],
        "peak_mib": _peak_mib(),
        "episodes": len(resident) - 1,
    }


def benchmark_decision_latency(agent: HybridAgent, samples: int = 1000) -> dict[str, float]:
    """Times `agent.get_action` in a real game, which the decisions drive on; an episode's reset is not timed.

    It is a frozen twin that plays: the agent itself is left as it is.
    """
    twin = agent.for_evaluation([])
    env = create_mock_environment(_seen_by(agent), max_steps=max(1, samples + WARM_UP_DECISIONS))
    try:
        observation, info = env.reset(seed=0)
        times_us = []
        for _ in range(samples + WARM_UP_DECISIONS):
            started_s = time.perf_counter()
            action = twin.get_action(observation, info)
            times_us.append(1e6 * (time.perf_counter() - started_s))
            observation, _, terminated, truncated, info = env.step(action)
            if terminated or truncated:
                observation, info = env.reset()
    finally:
        env.close()
    timed = sorted(times_us[WARM_UP_DECISIONS:])
    return {
        "samples": len(timed),
        "mean_us": statistics.fmean(timed),
        "median_us": statistics.median(timed),
        "p95_us": timed[min(len(timed) - 1, int(0.95 * len(timed)))],
        "max_us": timed[-1],
    }


def _seen_by(agent: HybridAgent) -> str:
    """The observation type that shows the agent's policy what it was made for."""
    parts = getattr(getattr(agent.policy, "observation_space", None), "spaces", {})
    return next((kind for kind, seen in POLICY_PARTS.items() if set(seen) == set(parts)), "state")


def _resident_mib() -> float:
    """Memory of this process that is in RAM now."""
    return psutil.Process().memory_info().rss / 2**20


def _peak_mib() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20

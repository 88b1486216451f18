"""The benchmark: pairs of equal policies play the coordination game. Every round counts, also while they learn."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from core.arenas.coop_compete import COMPETE, COOPERATE
from core.arenas.coordination_game import CoopCompeteEnv
from core.exceptions import ConfigurationError
from trainer.coop_compete.policies import BenchmarkPolicy, FixedPolicy, OurMethodPolicy, SimplePG

FINAL_SHARE = 0.1
"""Share of a run's last episodes that measure what was learned."""
POLICIES: dict[str, Callable[[int], BenchmarkPolicy]] = {
    "AC": lambda seed: FixedPolicy(COOPERATE),
    "AP": lambda seed: FixedPolicy(COMPETE),
    "PG": lambda seed: SimplePG(seed=seed),
    "OUR": lambda seed: OurMethodPolicy(seed=seed),
}
"""Factories by documented name, called with a seed: always cooperate, always compete, policy gradient, the lenient
model-based learner."""


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """One kind of policy playing itself; rewards are means per round."""

    avg_A: float
    """Mean reward of player A, over all episodes of all runs."""
    avg_B: float
    std_A: float
    """Standard deviation between runs."""
    std_B: float
    ci95: tuple[float, float]
    """Interval of the mean of both players (normal approximation over runs); equal ends for a single run."""
    final: float
    """Mean of both players over the last tenth of the episodes: what was learned in the end."""
    regret: float
    """Optimum minus the mean of both players: the cost of learning per round."""


def run_benchmark(
    runs: int = 5,
    episodes: int = 200,
    coop_level: float = 0.6,
    difficulty: float = 0.3,
    *,
    horizon: int = 32,
    seed: int = 42,
) -> dict[str, Any]:
    """Let each policy play itself, `runs` times for `episodes` episodes of `horizon` rounds.

    Returns:
        `params`: the arguments; `optimum`: the expected reward when both choose the better action; `metrics`: for
        `AC`, `AP`, `PG` and `OUR` a dict with the fields of `PolicyResult`. The same seed gives the same numbers.
    """
    for name, count in (("runs", runs), ("episodes", episodes), ("horizon", horizon)):
        if count < 1:
            raise ConfigurationError(f"{name} is {count}; it must be at least 1")
    params = {
        "runs": runs,
        "episodes": episodes,
        "horizon": horizon,
        "coop_level": coop_level,
        "difficulty": difficulty,
        "seed": seed,
    }
    optimum = CoopCompeteEnv(coop_level, difficulty).optimum
    metrics: dict[str, dict[str, Any]] = {}
    for name, make in POLICIES.items():
        seeds = random.Random(f"{seed} {name}")
        curves = [_play_run(make, coop_level, difficulty, episodes, horizon, seeds) for _ in range(runs)]
        metrics[name] = asdict(_summary(curves, optimum))
    return {"params": params, "optimum": optimum, "metrics": metrics}


def play_episode(
    env: CoopCompeteEnv, player_a: BenchmarkPolicy, player_b: BenchmarkPolicy, horizon: int
) -> tuple[float, float]:
    """Play one episode, let learners learn at its end; returns the mean reward per round of A and of B."""
    trajectory_a: list[tuple[int, float, float]] = []
    trajectory_b: list[tuple[int, float, float]] = []
    for _ in range(horizon):
        (action_a, log_a), (action_b, log_b) = player_a.act(), player_b.act()
        reward_a, reward_b = env.step(action_a, action_b)
        trajectory_a.append((action_a, log_a, reward_a))
        trajectory_b.append((action_b, log_b, reward_b))
        for player, seen in ((player_a, action_b), (player_b, action_a)):
            if isinstance(player, OurMethodPolicy):
                player.observe_opponent(seen)
    for player, trajectory in ((player_a, trajectory_a), (player_b, trajectory_b)):
        if isinstance(player, OurMethodPolicy):
            player.update(trajectory, env)
        elif isinstance(player, SimplePG):
            player.update(trajectory)
    return (
        sum(reward for *_, reward in trajectory_a) / horizon,
        sum(reward for *_, reward in trajectory_b) / horizon,
    )


def _play_run(
    make: Callable[[int], BenchmarkPolicy],
    coop_level: float,
    difficulty: float,
    episodes: int,
    horizon: int,
    seeds: random.Random,
) -> list[tuple[float, float]]:
    env = CoopCompeteEnv(coop_level, difficulty, seed=seeds.getrandbits(32))
    player_a, player_b = make(seeds.getrandbits(32)), make(seeds.getrandbits(32))
    return [play_episode(env, player_a, player_b, horizon) for _ in range(episodes)]


def _summary(curves: list[list[tuple[float, float]]], optimum: float) -> PolicyResult:
    of_a = [statistics.mean(a for a, _ in curve) for curve in curves]
    of_b = [statistics.mean(b for _, b in curve) for curve in curves]
    of_both = [(a + b) / 2 for a, b in zip(of_a, of_b, strict=True)]
    mean = statistics.mean(of_both)
    reach = 1.96 * statistics.stdev(of_both) / len(of_both) ** 0.5 if len(of_both) > 1 else 0.0
    last = max(1, round(FINAL_SHARE * len(curves[0])))
    return PolicyResult(
        avg_A=statistics.mean(of_a),
        avg_B=statistics.mean(of_b),
        std_A=statistics.pstdev(of_a),
        std_B=statistics.pstdev(of_b),
        ci95=(mean - reach, mean + reach),
        final=statistics.mean((a + b) / 2 for curve in curves for a, b in curve[-last:]),
        regret=optimum - mean,
    )

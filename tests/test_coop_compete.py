"""The benchmark of the coordination game: correct payoffs, and learners that learn."""

from __future__ import annotations

import pytest

from core.arenas.coordination_game import CoopCompeteEnv
from core.exceptions import ConfigurationError, DecisionValidationError, TrainingError
from trainer.coop_compete.benchmark import play_episode, run_benchmark
from trainer.coop_compete.policies import FixedPolicy, OurMethodPolicy, SimplePG


def test_payoffs() -> None:
    env = CoopCompeteEnv(cooperation_level=0.6, difficulty=0.3, noise_std=0.0)
    assert env.step(1, 1) == pytest.approx((0.85, 0.85))
    assert env.step(0, 0) == pytest.approx((0.80, 0.80))
    assert env.step(1, 0) == env.step(0, 1) == pytest.approx((0.60, 0.60))
    assert env.optimum == pytest.approx(0.85)
    noisy = CoopCompeteEnv(seed=1)
    reward_a, reward_b = noisy.step(1, 1)
    assert reward_a != reward_b
    assert CoopCompeteEnv(seed=1).step(1, 1) == (reward_a, reward_b)
    with pytest.raises(DecisionValidationError):
        env.step(2, 0)
    with pytest.raises(ConfigurationError):
        CoopCompeteEnv(cooperation_level=-0.1)


@pytest.mark.parametrize(("level", "bar"), [(0.6, 0.84), (0.2, 0.89), (0.8, 0.89)])
def test_learners_earn_nearly_the_optimum_from_the_first_round_on(level: float, bar: float) -> None:
    """Means over all episodes, those of learning included; untrained policies earn 0.71."""
    result = run_benchmark(runs=4, episodes=200, coop_level=level)
    assert list(result["metrics"]) == ["AC", "AP", "PG", "OUR"]
    for name in ("PG", "OUR"):
        metrics = result["metrics"][name]
        assert min(metrics["avg_A"], metrics["avg_B"]) >= bar, name
        assert metrics["final"] <= result["optimum"] + 0.005
        assert metrics["regret"] == pytest.approx(result["optimum"] - (metrics["avg_A"] + metrics["avg_B"]) / 2)
    better, worse = ("AC", "AP") if level > 0.5 else ("AP", "AC")
    assert result["metrics"][better]["avg_A"] == pytest.approx(result["optimum"], abs=0.003)
    assert result["metrics"][worse]["avg_A"] < result["optimum"] - 0.03


def test_the_same_seed_gives_the_same_numbers() -> None:
    first, again, other = (run_benchmark(runs=2, episodes=20, seed=seed) for seed in (1, 1, 2))
    assert first == again and first["metrics"] != other["metrics"]
    assert first["params"] == {
        "runs": 2,
        "episodes": 20,
        "horizon": 32,
        "coop_level": 0.6,
        "difficulty": 0.3,
        "seed": 1,
    }


@pytest.mark.parametrize("opponent_acts", [0, 1])
@pytest.mark.parametrize("make", [SimplePG, OurMethodPolicy])
def test_learners_find_the_best_reply_to_one_who_never_follows(
    make: type[SimplePG] | type[OurMethodPolicy], opponent_acts: int
) -> None:
    """Also where it is not what the level favours: competing against a competitor at level 0.8."""
    for level in (0.2, 0.8):
        env, learner = CoopCompeteEnv(level, seed=3), make(seed=4)
        for _ in range(200):
            play_episode(env, learner, FixedPolicy(opponent_acts), horizon=32)
        assert learner.cooperation_probability == pytest.approx(opponent_acts, abs=0.02)


def test_leniency_avoids_the_worse_equilibrium() -> None:
    """At a level of 0.55 the two equilibria differ by 0.025 a round. Patience finds the better one."""
    lenient = 0
    for seed in range(6):
        env = CoopCompeteEnv(0.55, seed=seed)
        pair = OurMethodPolicy(seed=2 * seed), OurMethodPolicy(seed=2 * seed + 1)
        for _ in range(60):
            play_episode(env, *pair, horizon=32)
        lenient += all(player.cooperation_probability > 0.9 for player in pair)
    assert lenient == 6


def test_wrong_use_is_refused() -> None:
    learner, env = OurMethodPolicy(seed=0), CoopCompeteEnv(seed=0)
    with pytest.raises(TrainingError, match="observe_opponent"):
        learner.update([(1, -0.7, 0.8)], env)
    with pytest.raises(TrainingError, match="nothing to learn"):
        SimplePG().update([])
    with pytest.raises(ConfigurationError, match="runs"):
        run_benchmark(runs=0)

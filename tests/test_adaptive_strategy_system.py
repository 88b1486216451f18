"""The bandit over the documented strategies: it finds the best, pays for calls, keeps to its thresholds, explains."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.adaptive_strategy_system import THRESHOLDS, AdaptiveStrategySystem, StrategySettings, StrategyType
from core.exceptions import CheckpointError, ConfigurationError
from core.game.game_data import load_game
from core.game.profile import identify_rom
from core.goal_planner import GoalOrientedPlanner

ROM = Path(__file__).resolve().parent.parent / "cartridge" / "fernvale.gbc"
HEAVY, BALANCED, RULES = StrategyType.LLM_HEAVY, StrategyType.BALANCED, StrategyType.RULE_HEAVY


def live(system: AdaptiveStrategySystem, returns: dict[StrategyType, float], calls: int, episodes: int) -> list[str]:
    """Plays episodes whose return depends on the strategy, with noise; a model-heavy one makes more calls."""
    random = np.random.default_rng(1)
    chosen = []
    for _ in range(episodes):
        strategy = system.select_strategy({"llm_available": True})
        chosen.append(strategy.value)
        model_calls = round(calls * strategy.llm_share)
        system.record_outcome(strategy, float(returns[strategy] + random.normal(scale=0.5)), model_calls)
    return chosen


@pytest.mark.parametrize("best", list(StrategyType))
def test_the_best_strategy_is_found(best: StrategyType) -> None:
    system = AdaptiveStrategySystem(seed=3)
    chosen = live(system, {strategy: 2.0 if strategy is best else 0.0 for strategy in StrategyType}, 0, 200)
    assert chosen[100:].count(best.value) > 55
    stats = system.get_strategy_stats()
    rates = {name: arm["success_rate"] for name, arm in stats["strategies"].items()}
    assert max(rates, key=lambda name: rates[name]) == best.value


def test_a_strategy_that_changed_for_the_worse_is_left() -> None:
    system = AdaptiveStrategySystem(initial_strategy=HEAVY, seed=0)
    live(system, {HEAVY: 2.0, BALANCED: 0.0, RULES: 0.0}, 0, 100)
    chosen = live(system, {HEAVY: -2.0, BALANCED: 0.0, RULES: 2.0}, 0, 150)
    assert chosen[-50:].count(HEAVY.value) < 10


def test_calls_cost() -> None:
    """Equal returns, 100 calls an episode at share 1: dear calls drive the choice to the rules, free ones do not."""
    equal = dict.fromkeys(StrategyType, 1.0)
    dear = AdaptiveStrategySystem(settings=StrategySettings(reward_per_model_call=0.05), seed=2)
    free = AdaptiveStrategySystem(settings=StrategySettings(reward_per_model_call=0.0), seed=2)
    assert live(dear, equal, 100, 200)[100:].count(RULES.value) > 60
    assert live(free, equal, 100, 200)[100:].count(RULES.value) < 60


def test_documented_thresholds_keep_and_leave() -> None:
    for strategy, thresholds in THRESHOLDS.items():
        for seed in range(20):
            system = AdaptiveStrategySystem(initial_strategy=strategy, seed=seed)
            assert system.select_strategy({"success_rate": thresholds.success}) is strategy
            assert system.select_strategy({"success_rate": thresholds.failure - 0.01}) is not strategy
            assert system.switches == 1


def test_between_the_thresholds_both_happen() -> None:
    seen = {AdaptiveStrategySystem(seed=seed).select_strategy({"success_rate": 0.4}) for seed in range(40)}
    assert len(seen) == 3


def test_a_strategy_is_tried_for_a_while_before_it_is_left() -> None:
    system = AdaptiveStrategySystem(initial_strategy=HEAVY)
    assert [system.select_strategy({}) for _ in range(20)] == [HEAVY] * 20
    assert system.switches == 0


def test_without_a_language_model_nothing_is_switched() -> None:
    system = AdaptiveStrategySystem(initial_strategy="balanced")
    for _ in range(50):
        assert system.select_strategy({"llm_available": False, "success_rate": 0.0}) is BALANCED
        system.record_outcome(BALANCED, 0.0, 0)
    assert system.switches == 0


def test_switches_are_counted_and_explained() -> None:
    system = AdaptiveStrategySystem(initial_strategy="rule_heavy", seed=0)
    chosen = system.select_strategy({"success_rate": 0.1})
    stats = system.get_strategy_stats()
    assert stats["total_switches"] == 1 == system.switches
    assert stats["current_strategy"] == chosen.value
    (switch,) = stats["recent_switches"]
    assert (switch["previous"], switch["chosen"]) == ("rule_heavy", chosen)
    assert "success rate 0.10 of rule_heavy is below 0.2" in switch["reason"]
    json.dumps(stats)


def test_a_planner_names_the_next_milestone_in_the_reason() -> None:
    profile = identify_rom(ROM)
    planner = GoalOrientedPlanner(milestones=load_game(profile.game).milestones)
    system = AdaptiveStrategySystem(goal_planner=planner, initial_strategy=RULES)
    system.select_strategy({"success_rate": 0.0, "milestones": ()})
    (switch,) = system.get_strategy_stats()["recent_switches"]
    expected = next(milestone.name for milestone in load_game(profile.game).milestones if not milestone.optional)
    assert switch["reason"].endswith(f"next milestone: {expected}")


def test_a_preference_switches_once_and_counts_as_evidence() -> None:
    system = AdaptiveStrategySystem(initial_strategy=BALANCED)
    before = system.success_rate(HEAVY)
    for _ in range(3):
        system.prefer("llm_heavy")
    assert system.current_strategy is HEAVY
    assert system.switches == 1
    assert system.success_rate(HEAVY) > before
    assert "curriculum" in system.get_strategy_stats()["recent_switches"][0]["reason"]
    system.prefer(None)
    assert system.current_strategy is HEAVY
    assert system.success_rate(HEAVY) == before


def test_a_restored_system_chooses_as_the_first_would_have() -> None:
    first = AdaptiveStrategySystem(seed=9)
    returns = {HEAVY: 0.4, BALANCED: 0.5, RULES: 0.6}
    live(first, returns, 3, 37)
    restored = AdaptiveStrategySystem(initial_strategy=RULES, seed=1)
    restored.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert restored.get_strategy_stats() == first.get_strategy_stats()
    assert live(first, returns, 3, 60) == live(restored, returns, 3, 60)
    with pytest.raises(CheckpointError, match="version None"):
        restored.load_state_dict({})


def test_an_unknown_strategy_is_named_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"'bold'.*llm_heavy, balanced, rule_heavy"):
        AdaptiveStrategySystem(initial_strategy="bold")

"""Judges a model by play: whole games in which it alone chooses every option."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from core.adaptive_strategy_system import AdaptiveStrategySystem
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.state import GameState
from core.hybrid_agent import HybridAgent
from core.rules.player import RulePlayer
from core.vocabulary import AgentMode
from trainer.llm_manager import LLMManager


@dataclass(frozen=True, slots=True)
class GameOutcome:
    """One game from the start."""

    seed: int
    finished: bool
    """The last milestone was reached."""
    steps: int
    milestones: tuple[str, ...]
    asks: int
    """Questions that the model answered, from the cache or anew."""


def play_games(
    model: str,
    context_length: int,
    rom_path: Path,
    seeds: Iterable[int],
    steps_per_game: int,
    say: Callable[[str], None],
    mode: AgentMode = AgentMode.LLM_ONLY,
) -> list[GameOutcome]:
    """A game for each seed; `model` as in a config (`none` with RULES_ONLY judges the rules by the same measure)."""
    manager = LLMManager(model, context_length)
    env = EnhancedPyBoyPokemonCrystalEnv(rom_path, observation_type="state", max_steps=steps_per_game)
    outcomes = []
    try:
        for seed in seeds:
            outcome = _play(env, manager, mode, seed)
            outcomes.append(outcome)
            end = "finished" if outcome.finished else f"stopped after milestone {outcome.milestones[-1:]}"
            say(f"{mode.value}, seed {seed}: {end}, {outcome.steps} steps, {outcome.asks} questions")
    finally:
        env.close()
        manager.close()
    return outcomes


def _play(env: EnhancedPyBoyPokemonCrystalEnv, manager: LLMManager, mode: AgentMode, seed: int) -> GameOutcome:
    observation, info = env.reset(seed=seed)
    state: GameState = info["game_state"]
    agent = HybridAgent(manager, AdaptiveStrategySystem(seed=seed), mode=mode, seed=seed)
    agent.frozen = True
    agent.attach_lanes([RulePlayer(state.world, seed)])
    asked_before = manager.reading.asks if manager.reading is not None else 0
    terminated = truncated = False
    steps = 0
    while not terminated and not truncated:
        action = agent.get_action(observation, info)
        following, reward, terminated, truncated, info = env.step(action)
        agent.update(observation, action, float(reward), following, terminated or truncated, truncated)
        observation = following
        steps += 1
    asks = manager.reading.asks - asked_before if manager.reading is not None else 0
    return GameOutcome(seed, terminated, steps, tuple(info["milestones"]), asks)

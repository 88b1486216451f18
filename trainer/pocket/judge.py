"""Judges a model by play: whole games in which the model alone chooses every option."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agents.llm.settings import LanguageModelSettings
from core.agent.hybrid_agent import HybridAgent
from core.agent.strategy_system import AdaptiveStrategySystem
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.state import GameState
from core.rules.player import RulePlayer
from core.vocabulary import AgentMode
from trainer.llm_manager import LLMManager
from trainer.play.processes import map_in_processes


@dataclass(frozen=True, slots=True)
class GameOutcome:
    """One game from the start."""

    seed: int
    finished: bool
    """The last milestone was reached."""
    steps: int
    milestones: tuple[str, ...]
    badges: int
    asks: int
    """Questions that the model answered, cached answers included."""

    def __str__(self) -> str:
        end = "finished" if self.finished else "stopped"
        return f"{end} after {self.steps} steps, {len(self.milestones)} milestones, {self.badges} badges"


def play_games(
    model: str,
    context_length: int,
    rom_path: Path,
    seeds: Sequence[int],
    steps_per_game: int,
    say: Callable[[str], None],
    mode: AgentMode = AgentMode.LLM_ONLY,
    workers: int = 1,
    final_milestone: str | None = None,
) -> list[GameOutcome]:
    """Play a game for each seed; `model` as in a config (`none` with RULES_ONLY measures the rules the same way).

    A game ends at `final_milestone`, None: at the end of the story.
    """
    play = partial(_play_some, model, context_length, rom_path, steps_per_game, mode, final_milestone)
    shares = [seeds[start::workers] for start in range(workers)]
    played = map_in_processes(play, shares, workers)
    outcomes = sorted((one for share in played for one in share), key=lambda one: one.seed)
    for outcome in outcomes:
        say(f"{mode.value}, seed {outcome.seed}: {outcome}")
    return outcomes


def _play_some(
    model: str,
    context_length: int,
    rom_path: Path,
    steps_per_game: int,
    mode: AgentMode,
    final_milestone: str | None,
    seeds: Sequence[int],
) -> list[GameOutcome]:
    """Play games one after the other, in a separate process."""
    short = LanguageModelSettings(cache_path=None, prompts="short")  # it is trained on such prompts
    manager = LLMManager(model, context_length, short)
    env = EnhancedPyBoyPokemonCrystalEnv(
        rom_path, observation_type="state", max_steps=steps_per_game, final_milestone=final_milestone
    )
    try:
        return [_play(env, manager, mode, seed) for seed in seeds]
    finally:
        env.close()
        manager.close()


def _play(env: EnhancedPyBoyPokemonCrystalEnv, manager: LLMManager, mode: AgentMode, seed: int) -> GameOutcome:
    observation, info = env.reset(seed=seed)
    state: GameState = info["game_state"]
    agent = HybridAgent(manager, AdaptiveStrategySystem(seed=seed), mode=mode, seed=seed)
    agent.frozen = True
    agent.attach_lanes([RulePlayer(state.game, seed)])
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
    final: GameState = info["game_state"]
    return GameOutcome(seed, terminated, steps, tuple(info["milestones"]), final.badge_count, asks)

"""How often is a language model asked? python -m benchmarks.llm_calls [--games 4] [--model pocket]

Plays whole games, from the first step to the lamp of the valley, with the teacher in charge of the buttons, and counts
calls (questions that the answer cache did not know) and what the cache knew:

  llm_heavy            the strategy at the beginning of a training, language model 80, rules 20
  the same seeds again with the answers kept from the row before
  curriculum's end     rule_heavy, the teacher's share down to a tenth: what is left when the policy has taken over

Limits: at most 1 call in 100 steps, at least 60 % of the asks of the second row from the cache, fewer than 1 call in
1,000 steps in the third.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from agents.llm.settings import LanguageModelSettings
from core.adaptive_strategy_system import AdaptiveStrategySystem
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.hybrid_agent import HybridAgent
from core.rules import RulePlayer
from core.vocabulary import AgentMode, StrategyType
from trainer.llm_manager import LLMManager

ROM = Path("cartridge/fernvale.gbc")
FIRST_SEED = 500_000
MOST_STEPS = 60_000


class BelievesTheTeacher:
    """A policy that leaves every step to the teacher: only the asking is measured."""

    teacher_evidence = 100.0

    def probabilities(self, observations: dict[str, NDArray[Any]], masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        return (masks / masks.sum(axis=1, keepdims=True)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Count:
    """Of the games of one row."""

    finished: int
    steps: int
    asks: int
    calls: int

    @property
    def calls_in_1000_steps(self) -> float:
        return 1000 * self.calls / self.steps

    @property
    def from_cache(self) -> float:
        """Share of the asks, 0 to 1."""
        return 1 - self.calls / max(1, self.asks)


def count(
    env: EnhancedPyBoyPokemonCrystalEnv, model: str, cache: Path, games: int, strategy: StrategyType, share: float
) -> Count:
    """Whole games under one strategy and teacher's share; answers are kept in `cache`."""
    manager = LLMManager(model, settings=LanguageModelSettings(cache_path=str(cache)))
    finished = steps = 0
    try:
        for seed in range(FIRST_SEED, FIRST_SEED + games):
            observation, info = env.reset(seed=seed)
            system = AdaptiveStrategySystem(initial_strategy=strategy, seed=seed)
            trained = HybridAgent(manager, system, mode=AgentMode.ADAPTIVE, seed=seed)
            trained.attach_policy(BelievesTheTeacher())
            agent = trained.for_evaluation([RulePlayer(env.rom.game, seed)], seed=seed)
            agent.direct(share, None)
            terminated = truncated = False
            while not terminated and not truncated:
                action = agent.get_action(observation, info)
                following, reward, terminated, truncated, info = env.step(action)
                agent.update(observation, action, float(reward), following, terminated or truncated, truncated)
                observation = following
                steps += 1
            finished += terminated
        reading = manager.reading
        assert reading is not None, "a model was named"
        return Count(finished, steps, reading.asks, reading.calls)
    finally:
        manager.close()


def main() -> None:
    """Plays and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--games", type=int, default=4)
    parser.add_argument("--model", default="pocket")
    arguments = parser.parse_args()
    env = EnhancedPyBoyPokemonCrystalEnv(
        ROM, observation_type="state", max_steps=MOST_STEPS, final_milestone="lamp_lit"
    )
    table = Table("", "games finished", "steps", "asks", "calls", "calls in 1,000 steps", "from the cache")
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "answers.db"
        rows = (
            ("llm_heavy", kept, StrategyType.LLM_HEAVY, 0.9),
            ("the same seeds again", kept, StrategyType.LLM_HEAVY, 0.9),
            ("curriculum's end", Path(folder) / "other.db", StrategyType.RULE_HEAVY, 0.1),
        )
        for name, cache, strategy, share in rows:
            one = count(env, arguments.model, cache, arguments.games, strategy, share)
            table.add_row(
                name,
                f"{one.finished} of {arguments.games}",
                f"{one.steps:,}",
                f"{one.asks:,}",
                f"{one.calls:,}",
                f"{one.calls_in_1000_steps:.2f}",
                f"{one.from_cache:.0%}",
            )
    env.close()
    Console().print(table)


if __name__ == "__main__":
    main()

"""Does the hybrid beat its parents? python -m benchmarks.hybrid [--steps 30000] [--seeds 1] [--games 32]

Trains the hybrid (language model or rules guide, policy learns) and RL alone (the same learner, rewards and view, no
guide) for equal environment steps, freezes them, and plays new games on seeds that training never sees:

  random         any allowed button
  rules          the rule player by itself
  language model by itself, where the config names one
  RL alone       the policy that learned without a guide
  hybrid         guide and policy together, with the shares that training ended with
  its policy     the hybrid's policy by itself: language model and rules switched off

Everything else is as `--config` says. Games of all seeds are pooled; shares come with 95 % Wilson intervals. With
`--minutes` training stops after that wall time instead, for a comparison at equal time. Nothing is kept but the table.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from agents.sb3_policy import MaskablePPOLearner
from core.adaptive_strategy_system import AdaptiveStrategySystem
from core.hybrid_agent import HybridAgent
from core.protocols import Policy
from core.rules import RulePlayer
from core.vector_env import VectorEnv
from core.vocabulary import AgentMode, EpisodeResult
from trainer.assembly import environment_factory
from trainer.curriculum import Curriculum
from trainer.episode_seeds import training_seed
from trainer.evaluation import Evaluator
from trainer.intervals import wilson_interval
from trainer.lane_player import LanePlayer
from trainer.llm_manager import LLMManager
from trainer.settings import Settings, load_settings
from trainer.stages import CreditStage, CurriculumStage, EndedEpisode, LearnStage

Games = tuple[EpisodeResult, ...]
CONFIG = Path(__file__).resolve().parent.parent / "config.json"


class AnyAllowed:
    """A policy without preferences."""

    def probabilities(self, observations: dict[str, NDArray[Any]], masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        return (masks / masks.sum(axis=1, keepdims=True)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Budget:
    """When a training ends: after `steps` of all lanes together, or after `seconds` if that is given."""

    steps: int
    seconds: float | None

    def is_spent(self, steps: int, seconds: float) -> bool:
        return steps >= self.steps if self.seconds is None else seconds >= self.seconds


@dataclass(slots=True)
class Row:
    """One way to play, over all seeds."""

    name: str
    games: list[EpisodeResult] = field(default_factory=list)
    training_steps: list[int] = field(default_factory=list)
    training_s: list[float] = field(default_factory=list)

    def cells(self) -> tuple[str, ...]:
        """For the table."""
        finished = [game.steps for game in self.games if not game.truncated]
        low, high = wilson_interval(len(finished), len(self.games))
        milestones = [len(game.milestones) for game in self.games]
        trained = f"{statistics.fmean(self.training_steps):,.0f}" if self.training_steps else "-"
        minutes = f"{statistics.fmean(self.training_s) / 60:.1f}" if self.training_s else "-"
        return (
            self.name,
            trained,
            minutes,
            str(len(self.games)),
            f"{statistics.fmean(milestones):.1f}",
            f"{statistics.fmean(game.reward for game in self.games):.1f}",
            f"{len(finished) / len(self.games):.0%} ({low:.0%} to {high:.0%})",
            f"{statistics.median(finished):.0f}" if finished else "-",
            f"{statistics.fmean(game.llm_usage for game in self.games):.0%}",
        )


class Bench:
    """The parts that all rows share: settings, environments, language model."""

    def __init__(self, settings: Settings, stack: ExitStack) -> None:
        self.settings = settings
        self.llm_manager = LLMManager(settings.llm_model, settings.max_context_length)
        make_env = environment_factory(settings)
        self.env = stack.enter_context(VectorEnv(make_env, settings.lanes, settings.workers))

    def agent(self, mode: AgentMode, policy: Policy, seed: int) -> HybridAgent:
        """A fresh agent with rule players; it keeps no decision record."""
        agent = HybridAgent(self.llm_manager, AdaptiveStrategySystem(seed=seed), mode=mode, seed=seed)
        agent.attach_policy(policy)
        agent.attach_lanes(self.rule_players(seed))
        return agent

    def rule_players(self, seed: int) -> list[RulePlayer]:
        return [RulePlayer(self.env.rom.world, seed + lane) for lane in range(self.env.lanes)]

    def train(self, mode: AgentMode, seed: int, budget: Budget) -> tuple[HybridAgent, Curriculum, int, float]:
        """A trained agent, its curriculum, and what the training took in steps and seconds."""
        settings = self.settings
        learner = MaskablePPOLearner(self.env.policy_space, self.env.lanes, settings.learner, seed)
        agent = self.agent(mode, learner, seed)
        curriculum = Curriculum(settings.curriculum)
        stages = (CreditStage(agent), LearnStage(learner), CurriculumStage(curriculum, agent, learner))
        player = LanePlayer(self.env, agent)
        starts = itertools.count()
        horizon = settings.max_steps_per_episode
        player.begin([training_seed(seed, next(starts)) for _ in range(self.env.lanes)], [horizon] * self.env.lanes)
        began_s, steps, episodes = time.perf_counter(), 0, 0
        while not budget.is_spent(steps, time.perf_counter() - began_s):
            played = player.step()
            steps += self.env.lanes
            for stage in stages:
                stage.after_step(played)
            for lane in range(self.env.lanes):
                if played.is_done(lane):
                    episodes += 1
                    result = player.result(lane, episodes, played)
                    for stage in stages:
                        stage.after_episode(EndedEpisode(result, lane, bool(played.terminated[lane])))
                    player.restart(lane, training_seed(seed, next(starts)), horizon)
        return agent, curriculum, steps, time.perf_counter() - began_s

    def games(self, agent: HybridAgent, mode: AgentMode, curriculum: Curriculum, count: int, seed: int) -> Games:
        """New games of the frozen agent."""
        evaluator = Evaluator(self.env, lambda lanes: self.rule_players(seed), seed)
        horizon = self.settings.max_steps_per_episode
        result = evaluator.evaluate(agent, mode, count, horizon, curriculum.directive())
        assert result is not None, "an evaluation that nobody stops has a result"
        return result.episodes


def measure(bench: Bench, seed: int, budget: Budget, count: int) -> Iterator[tuple[str, Games, int, float]]:
    """Rows of one seed as they are done: name, games, training steps, training seconds."""
    untrained = Curriculum(bench.settings.curriculum)
    anybody = bench.agent(AgentMode.RL_ONLY, AnyAllowed(), seed)
    yield "random", bench.games(anybody, AgentMode.RL_ONLY, untrained, count, seed), 0, 0.0
    yield "rules", bench.games(anybody, AgentMode.RULES_ONLY, untrained, count, seed), 0, 0.0
    if bench.llm_manager.available:
        yield "language model", bench.games(anybody, AgentMode.LLM_ONLY, untrained, count, seed), 0, 0.0
    agent, curriculum, steps, seconds = bench.train(AgentMode.RL_ONLY, seed, budget)
    yield "RL alone", bench.games(agent, AgentMode.RL_ONLY, curriculum, count, seed), steps, seconds
    agent, curriculum, steps, seconds = bench.train(AgentMode.ADAPTIVE, seed, budget)
    yield "hybrid", bench.games(agent, AgentMode.ADAPTIVE, curriculum, count, seed), steps, seconds
    yield "its policy", bench.games(agent, AgentMode.RL_ONLY, curriculum, count, seed), steps, seconds


def table_of(rows: Mapping[str, Row], title: str) -> Table:
    """All rows so far."""
    table = Table("", "trained steps", "minutes", "games", "milestones", "reward", title=title)
    for name in ("to the end (95 %)", "median steps", "model's share"):
        table.add_column(name)
    for row in rows.values():
        table.add_row(*row.cells())
    return table


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("--steps", type=int, default=30_000, help="training steps of all lanes together")
    parser.add_argument("--minutes", type=float, help="train for this wall time instead")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--games", type=int, default=32, help="games of each row and seed")
    arguments = parser.parse_args()
    budget = Budget(arguments.steps, None if arguments.minutes is None else 60 * arguments.minutes)
    console = Console()
    rows: dict[str, Row] = {}
    with ExitStack() as stack:
        bench = Bench(load_settings(arguments.config), stack)
        for seed in range(arguments.seeds):
            for name, games, steps, seconds in measure(bench, seed, budget, arguments.games):
                row = rows.setdefault(name, Row(name))
                row.games += games
                if steps:
                    row.training_steps.append(steps)
                    row.training_s.append(seconds)
                console.print(f"seed {seed}: {name} done", style="dim")
        horizon = bench.settings.max_steps_per_episode
        console.print(table_of(rows, f"games of at most {horizon} steps, {arguments.seeds} seed(s)"))


if __name__ == "__main__":
    main()

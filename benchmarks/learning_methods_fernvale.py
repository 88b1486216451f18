"""Which way of learning from everybody's actions, in the game itself? python -m benchmarks.learning_methods_fernvale

Trains three learners in Fernvale's first region (`config.json`, but `--steps` of all lanes together), with the rules as
the teacher, and plays new games with each frozen policy by itself:

  V-trace PPO + teacher   what the product does
  V-trace PPO             the same without the teacher term
  plain PPO               takes every action for its own and has no teacher

`benchmarks.learning_methods` has the small worlds, and an off-policy rival.
"""

from __future__ import annotations

import argparse
import statistics
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from agents.learning.sb3_policy import MaskablePPOLearner
from benchmarks.hybrid import Bench, Budget, Cell, Game
from core.agent.lane_transitions import LaneTransitions
from core.vocabulary import AgentMode
from trainer.evaluation.intervals import wilson_interval
from trainer.settings import load_settings

CONFIG = Path(__file__).resolve().parent.parent / "config.json"
LEAST_CHANCE = 1e-3
"""A learner that takes the teacher's action for its own may have given it no chance at all."""
METHODS = ("V-trace PPO + teacher", "V-trace PPO", "plain PPO")


class TakesAllForItsOwn(MaskablePPOLearner):
    """Learns as if its own policy had chosen every action."""

    def observe(self, played: LaneTransitions) -> None:
        rows = self.probabilities(dict(played.observations), played.masks)
        own = np.maximum(rows[np.arange(len(rows)), played.actions], LEAST_CHANCE)
        super().observe(replace(played, behaviour_probabilities=own))


def learner_for(method: str, bench: Bench, seed: int) -> MaskablePPOLearner:
    """A fresh learner of one method."""
    if method == METHODS[0]:
        return bench.learner(seed)
    settings = replace(bench.settings.learner, teacher_coefficient=0.0)
    kind = MaskablePPOLearner if method == METHODS[1] else TakesAllForItsOwn
    return kind(bench.env.policy_space, bench.env.lanes, settings, seed)


def games_after(bench: Bench, method: str, seed: int, steps: int, games: int) -> list[Game]:
    """New games of the policy by itself, after training."""
    horizon = bench.settings.max_steps_per_episode
    cell = Cell(method, seed, horizon)
    learner = learner_for(method, bench, seed)
    agent, curriculum = bench.train(AgentMode.ADAPTIVE, learner, cell, Budget(steps, None), curve_points=0)
    return bench.play(agent, AgentMode.RL_ONLY, curriculum, games, seed, horizon)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=40_000)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--games", type=int, default=16, help="of each method and seed")
    arguments = parser.parse_args()
    title = f"{arguments.steps:,} steps, {arguments.seeds} seeds"
    table = Table("method", "milestones by seed", "to the end (95 %)", title=title)
    for method in METHODS:
        by_seed = []
        for seed in range(arguments.seeds):
            with ExitStack() as stack:
                bench = Bench(load_settings(CONFIG).changed(llm_model="none"), stack)
                by_seed.append(games_after(bench, method, seed, arguments.steps, arguments.games))
        games = [game for of_seed in by_seed for game in of_seed]
        reached = sum(game.reached for game in games)
        low, high = wilson_interval(reached, len(games))
        means = ", ".join(f"{statistics.fmean(game.milestones for game in of_seed):.1f}" for of_seed in by_seed)
        table.add_row(method, means, f"{reached} of {len(games)} ({low:.0%} to {high:.0%})")
    Console().print(table)


if __name__ == "__main__":
    main()

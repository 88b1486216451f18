"""What the adaptive frame cost saves, and whether the game comes out the same: python -m benchmarks.frame_cost

The rules play Fernvale's first region to its end from several seeds with the fixed and the adaptive cost, with the
game's usual options and with fast ones, and so does masked random play for as many steps. Costs are of one core.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console as Terminal
from rich.table import Table

from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.emulator.frame_cost import FrameCost
from core.rules import RulePlayer
from core.vocabulary import Option

FERNVALE = Path(__file__).resolve().parent.parent / "cartridge" / "fernvale.gbc"


@dataclass(frozen=True)
class Game:
    """How one game went."""

    finished: bool
    milestones: int
    reward: float
    steps: int
    frames: int
    cpu_s: float


def play(cost: FrameCost, fast: bool, seed: int, max_steps: int, by_rules: bool) -> Game:
    """One game by the rules or at random."""
    env = EnhancedPyBoyPokemonCrystalEnv(
        FERNVALE, observation_type="state", frame_cost=cost, fast_options=fast, max_steps=max_steps
    )
    env.restart(seed=seed)
    player, dice = RulePlayer(env.rom.game, seed=seed), np.random.default_rng(seed)
    option: Option | None = None
    reward, ended, finished = 0.0, False, False
    began_s = time.process_time()
    while not ended:
        if by_rules:
            option = option or player.choose(env.state)
            press = player.act(env.state, option)
            option = None if press.done else option
            action = int(press.button)
        else:
            action = int(dice.choice(np.flatnonzero(env.action_masks())))
        outcome = env.advance(action)
        reward += outcome.reward
        finished = outcome.terminated
        ended = finished or outcome.truncated
    cpu_s = time.process_time() - began_s
    game = Game(finished, len(env.milestones), reward, env.episode_steps, env.episode_frames, cpu_s)
    env.close()
    return game


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--max-steps", type=int, default=5000)
    arguments = parser.parse_args()
    table = Table(title=f"Fernvale, medians over {arguments.seeds} seeds, at most {arguments.max_steps} steps")
    for heading in ("player", "options", "cost", "finished", "milestones", "reward", "steps", "frames", "CPU s"):
        table.add_column(heading, justify="left" if heading in ("player", "options", "cost") else "right")
    for by_rules in (True, False):
        for fast in (False, True):
            for cost in FrameCost:
                games = [play(cost, fast, seed, arguments.max_steps, by_rules) for seed in range(arguments.seeds)]
                table.add_row(
                    "rules" if by_rules else "random",
                    "fast" if fast else "usual",
                    cost.value,
                    f"{sum(game.finished for game in games)}/{len(games)}",
                    f"{statistics.median(game.milestones for game in games):.0f}",
                    f"{statistics.median(game.reward for game in games):.1f}",
                    f"{statistics.median(game.steps for game in games):.0f}",
                    f"{statistics.median(game.frames for game in games):.0f}",
                    f"{statistics.median(game.cpu_s for game in games):.2f}",
                )
    Terminal().print(table)


if __name__ == "__main__":
    main()

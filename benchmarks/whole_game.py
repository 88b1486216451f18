"""How far do the rules get, and chance? python -m benchmarks.whole_game [--games 20] [--random-games 5]

Plays whole games of Fernvale from power-on, on seeds 0, 1, 2, ...: the rule player as the hybrid agent's RULES_ONLY
mode, and any allowed button (`--random-steps` long). A game goes on over the sea to the last milestone;
`--final-milestone lamp_lit` ends it in the valley. No cheats: what is pressed follows from `GameState` and the world's
data alone. One process, nothing drawn. Prints a table of games and one of milestones (the median step at which
the rules reach each).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from core.adaptive_strategy_system import AdaptiveStrategySystem
from core.agent.lane_transitions import LaneInputs
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.emulator.frame_cost import FIXED_FRAMES
from core.history.loops import Trail, loop_share
from core.hybrid_agent import HybridAgent
from core.rules import RulePlayer
from core.vocabulary import AgentMode, GameMode

FERNVALE = Path(__file__).resolve().parent.parent / "cartridge" / "fernvale.gbc"
MOST_STEPS = 60_000
FRAMES_PER_SECOND = 59.73

Chooser = Callable[[EnhancedPyBoyPokemonCrystalEnv], int]
"""Gives the action for the env's present state."""


@dataclass(frozen=True, slots=True)
class WholeGame:
    """What one game came to."""

    seed: int
    steps: int
    milestones: tuple[str, ...]
    milestone_steps: tuple[int, ...]
    """The step at which each of `milestones` was reached."""
    finished: bool
    lost_battles: int
    loop_steps: int
    """Steps that came back to an earlier state without gain (`core.history.loops`)."""
    wall_s: float

    @property
    def emulated_minutes(self) -> float:
        """How long the game took at the speed of the real machine."""
        return self.steps * FIXED_FRAMES / FRAMES_PER_SECOND / 60


def make_env(
    start_cache: Path | None = None, most_steps: int = MOST_STEPS, final_milestone: str | None = None
) -> EnhancedPyBoyPokemonCrystalEnv:
    """The env without pictures; `start_cache` keeps the first free moment of a new game."""
    return EnhancedPyBoyPokemonCrystalEnv(
        FERNVALE,
        observation_type="state",
        max_steps=most_steps,
        start_cache=start_cache,
        final_milestone=final_milestone,
    )


def rules_alone(env: EnhancedPyBoyPokemonCrystalEnv, seed: int) -> Chooser:
    """The hybrid agent with nobody but the rules."""
    agent = HybridAgent(None, AdaptiveStrategySystem(seed=seed), mode=AgentMode.RULES_ONLY, seed=seed, describe=str)
    agent.attach_lanes([RulePlayer(env.rom.game, seed)])
    return lambda env: agent.decide(LaneInputs({}, env.action_masks()[None]), lambda _lane: env.state)[0].action


def any_allowed(env: EnhancedPyBoyPokemonCrystalEnv, seed: int) -> Chooser:
    """A random player that presses what the mask allows."""
    random = np.random.default_rng(seed)
    return lambda env: int(random.choice(np.flatnonzero(env.action_masks())))


def play(
    env: EnhancedPyBoyPokemonCrystalEnv,
    seed: int,
    player: Callable[[EnhancedPyBoyPokemonCrystalEnv, int], Chooser] = rules_alone,
) -> WholeGame:
    """One game from power-on to the last milestone or to the env's `max_steps`."""
    began_s = time.perf_counter()
    env.restart(seed=seed)
    choose = player(env, seed)
    steps_at: list[int] = []
    lost = 0
    trail = Trail()
    while True:
        before = env.state
        outcome = env.advance(choose(env))
        trail.add(before.state_hash, outcome.reward, before.mode is GameMode.FREE)
        steps_at.extend([env.episode_steps] * (len(env.milestones) - len(steps_at)))
        lost += outcome.state.all_fainted and not before.all_fainted
        if outcome.terminated or outcome.truncated:
            return WholeGame(
                seed,
                env.episode_steps,
                env.milestones,
                tuple(steps_at),
                outcome.terminated,
                lost,
                trail.loop_steps(),
                time.perf_counter() - began_s,
            )


def games_table(rows: Sequence[tuple[str, Sequence[WholeGame]]], milestone_count: int) -> Table:
    """One row per player."""
    table = Table(
        "player",
        "games",
        "finished",
        "milestones",
        "steps",
        "emulated minutes",
        "lost battles",
        "in loops",
        "wall s a game",
    )
    for name, games in rows:
        steps = [game.steps for game in games]
        table.add_row(
            name,
            str(len(games)),
            str(sum(game.finished for game in games)),
            f"{statistics.median(len(game.milestones) for game in games):.0f} of {milestone_count}",
            f"{statistics.median(steps):,.0f} ({min(steps):,} to {max(steps):,})",
            f"{statistics.median(game.emulated_minutes for game in games):.0f}",
            f"{statistics.median(game.lost_battles for game in games):.0f}",
            f"{loop_share(games):.1%}",
            f"{statistics.median(game.wall_s for game in games):.1f}",
        )
    return table


def milestones_table(games: Sequence[WholeGame], ids: Sequence[str]) -> Table:
    """The median step of each milestone, over the games that reached it."""
    table = Table("milestone", "games", "median step")
    for one in ids:
        steps = [
            at
            for game in games
            for known, at in zip(game.milestones, game.milestone_steps, strict=True)
            if known == one
        ]
        table.add_row(one, str(len(steps)), f"{statistics.median(steps):,.0f}" if steps else "-")
    return table


def main() -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--games", type=int, default=20, help="games of the rules")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--final-milestone", help="where a game ends; lamp_lit: with the valley")
    parser.add_argument("--random-games", type=int, default=5)
    parser.add_argument("--random-steps", type=int, default=40_000)
    chosen = parser.parse_args()
    console = Console()
    rows: list[tuple[str, Sequence[WholeGame]]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, player, count, most_steps in (
            ("rules", rules_alone, chosen.games, MOST_STEPS),
            ("random", any_allowed, chosen.random_games, chosen.random_steps),
        ):
            env = make_env(Path(folder), most_steps, chosen.final_milestone)
            games: list[WholeGame] = []
            for seed in range(chosen.first_seed, chosen.first_seed + count):
                games.append(play(env, seed, player))
                last = games[-1]
                console.print(
                    f"{name}, seed {seed}: {last.steps:,} steps, {len(last.milestones)} milestones, {last.wall_s:.0f} s"
                )
            env.close()
            if games:
                rows.append((name, games))
    ids = [one.id for one in env.tracker.milestones]
    console.print(games_table(rows, len(ids)))
    if chosen.games:
        console.print(milestones_table(rows[0][1], ids))


if __name__ == "__main__":
    main()

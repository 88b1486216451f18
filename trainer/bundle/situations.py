"""Games in which rules and heads take turns, so that it is known who does better in which kind of situation.

In each game who chooses an option and who presses its buttons is drawn by what the games before have shown
(`core/agent/standings.py`). The games of one round are played side by side by the same table; what came of their
segments is counted in the order of the games, so the result does not depend on which process was faster.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import torch
import typer

from agents.heads.agent import HeadsAgent
from agents.heads.saved_heads import BUNDLED_FOLDER, STANDINGS_FILE, WEIGHTS_FILE, load_heads
from core.agent.standings import SegmentOutcome, Standings
from core.agent.strategy_system import AdaptiveStrategySystem
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.game_data import load_game
from core.game.profile import identify_rom
from core.vocabulary import AgentMode
from core.whole_files import written_aside
from trainer.commands.exit_codes import run_reporting_bad_input
from trainer.evaluation.first_badge import first_badge
from trainer.play.episode_seeds import training_seed
from trainer.play.frozen_game import FrozenGame, unschooled_state
from trainer.play.processes import map_in_processes

GAMES_OF_A_ROUND: Final = 8
FIRST_GAME: Final = 5_000
"""Of the games of a training, those that the lessons are not from."""
Say = Callable[[str], None]


TURNS_GAMES: Final = 16
"""Of taking turns, where nobody says how many: every common kind of situation is met dozens of times."""


@dataclass(frozen=True, slots=True)
class TakingTurns:
    """How rules and heads take turns while a bundle is made."""

    games: int = 0
    steps_per_game: int | None = None
    """As in its other games if None."""
    run_seed: int = 0


def judge_situations(
    heads_path: Path,
    rom_path: Path,
    games: int,
    steps_per_game: int,
    final_milestone: str | None,
    run_seed: int,
    workers: int,
    say: Say,
    standings: Standings | None = None,
) -> Standings:
    """Plays so many games and gives the table; `standings` go on from what is known.

    Raises CheckpointError for heads that cannot be read, EnvironmentError for a ROM that cannot be used.
    """
    table = standings or Standings()
    for first in range(0, games, GAMES_OF_A_ROUND):
        told = table.state_dict()
        numbers = range(first, min(games, first + GAMES_OF_A_ROUND))
        play = partial(_play, heads_path, rom_path, steps_per_game, final_milestone, run_seed, told)
        for game, (outcomes, steps, reached) in zip(numbers, map_in_processes(play, numbers, workers), strict=True):
            for outcome in outcomes:
                table.learn(outcome)
            end = "reached it" if reached else "stopped"
            say(f"taking turns, game {game}: {end} after {steps} steps, {len(outcomes)} segments")
    return table


def _play(
    heads_path: Path,
    rom_path: Path,
    steps_per_game: int,
    final_milestone: str | None,
    run_seed: int,
    told: dict[str, Any],
    game: int,
) -> tuple[list[SegmentOutcome], int, bool]:
    """One game: what its segments came to, its steps, and whether it reached the final milestone."""
    torch.set_num_threads(1)
    standings = Standings()
    standings.load_state_dict(told)
    outcomes: list[SegmentOutcome] = []
    standings.reported = outcomes
    agent = HeadsAgent(
        load_heads(heads_path),
        None,
        AdaptiveStrategySystem(seed=game),
        mode=AgentMode.ADAPTIVE,
        seed=run_seed + game,
        frozen_state=unschooled_state(standings),
    )
    agent.explores = True
    env = EnhancedPyBoyPokemonCrystalEnv(
        rom_path, observation_type="state", max_steps=steps_per_game, final_milestone=final_milestone
    )
    try:
        played = FrozenGame(env, agent, game)
        played.begin(training_seed(run_seed, FIRST_GAME + game))
        reached = played.play().terminated
        return outcomes, env.episode_steps, reached
    finally:
        env.close()


def write_standings(path: Path, standings: Standings) -> None:
    """Writes a file that is whole or not there."""
    with written_aside(path) as aside:
        aside.write_text(json.dumps(standings.state_dict()) + "\n", encoding="utf-8")


def main(
    heads: Annotated[Path, typer.Option(help="Folder of the heads; the table is written there.")] = BUNDLED_FOLDER,
    rom: Annotated[Path, typer.Option(help="The ROM.")] = Path("cartridge/fernvale.gbc"),
    games: Annotated[int, typer.Option(min=1, help="Games to judge by.")] = 24,
    max_steps: Annotated[int, typer.Option(min=1, help="Steps of a game at most.")] = 8000,
    final_milestone: Annotated[str | None, typer.Option(help="Where games end; the first badge by default.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that play.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Draws the games and who acts.")] = 0,
) -> None:
    """Let rules and heads take turns, and write who does better in which kind of situation beside the heads."""
    last = final_milestone or first_badge(load_game(identify_rom(rom).game)).id

    def say(line: str) -> None:
        print(line, flush=True)

    table = judge_situations(heads / WEIGHTS_FILE, rom, games, max_steps, last, seed, workers, say)
    write_standings(heads / STANDINGS_FILE, table)
    print(f"written to {heads / STANDINGS_FILE}")


def run() -> int:
    """The exit code of the command line."""
    return run_reporting_bad_input(lambda: typer.run(main))


if __name__ == "__main__":
    sys.exit(run())

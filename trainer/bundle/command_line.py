"""The command line of `python -m trainer.bundle`: what is made by default, and what of it may be set."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from agents.heads.saved_heads import BUNDLED_FOLDER
from trainer.bundle.card import score_table
from trainer.bundle.collect import BundleCollection
from trainer.bundle.dagger import Aggregation
from trainer.bundle.fit import CloningSettings
from trainer.bundle.judge import WHOLE_GAME_PLAYERS, Judging
from trainer.bundle.maker import BundlePlan, make
from trainer.bundle.option_learning import OptionLearning
from trainer.bundle.residual_learning import ResidualLearning
from trainer.bundle.situations import TakingTurns
from trainer.commands.exit_codes import run_reporting_bad_input

OPENING_SEED = 105
"""Draws the games to the first badge."""
WHOLE_STRAYING = 0.15
"""Of the usual shares of random presses and choices, in whole games: with more they take too long to end."""
RECODED_SHARE, TURNED_SHARE, BALANCED_SHARE = 0.5, 0.75, 0.25
"""How the lessons are varied. `docs/tasks.md` has what that is worth on maps that were held out."""


def main(
    out: Annotated[Path, typer.Option(help="Folder for the policy.")] = BUNDLED_FOLDER,
    rom: Annotated[Path, typer.Option(help="The ROM, Fernvale or your own.")] = Path("cartridge/fernvale.gbc"),
    work: Annotated[Path, typer.Option(help="Keeps what is done, to go on after a kill.")] = Path("runs/bundle"),
    final_milestone: Annotated[str | None, typer.Option(help="Where games end; the story's end by default.")] = None,
    games: Annotated[int, typer.Option(min=2, help="Games to learn from.")] = 16,
    opening_games: Annotated[int, typer.Option(min=0, help="Games to the first badge to learn from.")] = 24,
    segments: Annotated[int, typer.Option(min=0, help="Segments of its own play to learn from.")] = 192,
    rounds: Annotated[int, typer.Option(min=0, help="Rounds of PPO over options.")] = 0,
    groups: Annotated[int, typer.Option(min=0, help="Save states a round from which branches are played.")] = 4,
    corrections: Annotated[int, typer.Option(min=0, help="Rounds of correcting the rules' values.")] = 0,
    carried_by_heads: Annotated[
        bool,
        typer.Option(help="The button head, not the rules, carries out what the option head learns to choose."),
    ] = False,
    turns: Annotated[int, typer.Option(min=0, help="Games in which rules and heads take turns.")] = 16,
    judged_games: Annotated[int, typer.Option(min=1, help="Games to the first badge to judge each way by.")] = 40,
    judged_whole_games: Annotated[int, typer.Option(min=0, help="Whole games to judge by.")] = 10,
    max_steps: Annotated[int, typer.Option(min=1, help="Steps of a game at most.")] = 14_000,
    judged_steps: Annotated[int, typer.Option(min=1, help="Steps of a judged whole game at most.")] = 12_000,
    opening_steps: Annotated[int, typer.Option(min=1, help="Steps of a game to the first badge at most.")] = 8_000,
    workers: Annotated[int, typer.Option(min=1, help="Processes that play.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the weights and of the order of lessons.")] = 0,
    without_maps: Annotated[
        list[str] | None, typer.Option(help="Nothing is learned on this map, or fold:0 to fold:2; may be repeated.")
    ] = None,
) -> None:
    """Make the bundled policy: play by the rules, clone both heads, correct them in their own play, let the option
    head learn from its own choices, judge all of it, write the policy with its card."""
    started = time.perf_counter()
    plan = BundlePlan(
        BundleCollection(
            games=games, steps_per_game=max_steps, final_milestone=final_milestone, straying_scale=WHOLE_STRAYING
        ),
        CloningSettings(recoded_share=RECODED_SHARE, turned_share=TURNED_SHARE, balanced_share=BALANCED_SHARE),
        opening=BundleCollection(games=opening_games, steps_per_game=opening_steps, run_seed=OPENING_SEED),
        turns=TakingTurns(turns),
        aggregation=Aggregation(rounds=1 if segments else 0, segments=segments),
        options=OptionLearning(rounds=rounds, groups=groups, carried_by_heads=carried_by_heads),
        residual=ResidualLearning(rounds=corrections),
        judging=Judging(games=judged_games, steps_per_game=opening_steps),
        whole_judging=Judging(judged_whole_games, judged_steps, players=WHOLE_GAME_PLAYERS),
        seed=seed,
        without_maps=tuple(without_maps or ()),
    )
    report = make(
        out,
        rom,
        work,
        plan,
        workers,
        lambda line: print(f"[{(time.perf_counter() - started) / 60:5.1f} min] {line}", flush=True),
    )
    print("\n".join([*score_table(report.scores), *score_table(report.whole_scores)]))
    print(f"written to {out}")


def run() -> int:
    """The exit code of the command line."""
    return run_reporting_bad_input(lambda: typer.run(main))

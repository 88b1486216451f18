"""The command line of `python -m trainer.bundle`: what is made by default, and what of it may be set."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from agents.heads.saved_heads import BUNDLED_FOLDER
from trainer.bundle.card import score_table
from trainer.bundle.collect import BundleCollection
from trainer.bundle.dagger import Aggregation
from trainer.bundle.fit import CloningSettings
from trainer.bundle.judge import WHOLE_GAME_PLAYERS, Judging
from trainer.bundle.maker import make
from trainer.bundle.option_learning import OptionLearning
from trainer.bundle.plan import BundlePlan
from trainer.bundle.residual_learning import ResidualLearning
from trainer.bundle.situations import TURNS_GAMES, TakingTurns
from trainer.commands.exit_codes import run_reporting_bad_input

OPENING_SEED = 105
"""Draws the games beside whole ones."""
WHOLE_STRAYING = 0.15
"""Of the usual shares of random presses and choices, in whole games: with more they take too long to end."""
VARIED = CloningSettings(recoded_share=0.5, turned_share=0.75, balanced_share=0.25)
"""How lessons are varied. `docs/tasks.md` has what that is worth on maps that were held out."""


def main(
    out: Annotated[Path, typer.Option(help="Folder for the policy.")] = BUNDLED_FOLDER,
    rom: Annotated[Path, typer.Option(help="The ROM, Fernvale or your own.")] = Path("cartridge/fernvale.gbc"),
    work: Annotated[Path, typer.Option(help="Keeps what is done, to go on after a kill.")] = Path("runs/bundle"),
    final_milestone: Annotated[str | None, typer.Option(help="Where games end; the first badge by default.")] = None,
    games: Annotated[int, typer.Option(min=2, help="Games to learn from.")] = 48,
    whole_games: Annotated[int, typer.Option(min=0, help="Games to the story's end to learn from, beside them.")] = 0,
    varied: Annotated[
        bool, typer.Option(help="The button head sees part of its lessons with other codes, turned and mirrored.")
    ] = False,
    segments: Annotated[int, typer.Option(min=0, help="Segments of its own play to learn from.")] = 96,
    rounds: Annotated[int, typer.Option(min=0, help="Rounds of PPO over options.")] = 0,
    groups: Annotated[int, typer.Option(min=0, help="Save states a round from which branches are played.")] = 4,
    corrections: Annotated[int, typer.Option(min=0, help="Rounds of correcting the rules' values.")] = 0,
    carried_by_heads: Annotated[
        bool,
        typer.Option(help="The button head, not the rules, carries out what the option head learns to choose."),
    ] = False,
    turns: Annotated[int, typer.Option(min=0, help="Games in which rules and heads take turns.")] = TURNS_GAMES,
    judged_games: Annotated[int, typer.Option(min=1, help="Games to judge each way by.")] = 40,
    judged_whole_games: Annotated[int, typer.Option(min=1, help="Whole games to judge by, if any are played.")] = 10,
    max_steps: Annotated[int, typer.Option(min=1, help="Steps of a game at most.")] = 8_000,
    whole_steps: Annotated[int, typer.Option(min=1, help="Steps of a whole game at most.")] = 12_000,
    workers: Annotated[int, typer.Option(min=1, help="Processes that play.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the weights and of the order of lessons.")] = 0,
    without_maps: Annotated[
        list[str] | None, typer.Option(help="Nothing is learned on this map, or fold:0 to fold:2; may be repeated.")
    ] = None,
) -> None:
    """Make the bundled policy: play by the rules, clone both heads, correct them in their own play, let the option
    head learn from its own choices, judge all of it, write the policy with its card."""
    started = time.perf_counter()
    played = BundleCollection(games=games, steps_per_game=max_steps, final_milestone=final_milestone)
    whole = BundleCollection(games=whole_games, steps_per_game=whole_steps, straying_scale=WHOLE_STRAYING)
    plan = BundlePlan(
        whole if whole_games else played,
        VARIED if varied else CloningSettings(),
        opening=replace(played, run_seed=OPENING_SEED) if whole_games else None,
        turns=TakingTurns(turns),
        aggregation=Aggregation(rounds=1 if segments else 0, segments=segments),
        options=OptionLearning(rounds=rounds, groups=groups, carried_by_heads=carried_by_heads),
        residual=ResidualLearning(rounds=corrections),
        judging=Judging(games=judged_games, steps_per_game=max_steps),
        whole_judging=Judging(judged_whole_games, whole_steps, players=WHOLE_GAME_PLAYERS) if whole_games else None,
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

"""`crystal-agent evaluate`: what a frozen checkpoint achieves from new games on seeds that training never saw.

Nothing is written, neither to the checkpoint nor to the decision record. The whole agent (mode `adaptive`) reads the
record at the config's `decision_db_path` as it is; the other modes play without it. Shares come with Wilson intervals,
because a dozen games say less than a hundred.

`--checkpoint bundled` is the policy that comes with the project (`agents/heads`): in mode `adaptive` it presses every
button for the options of the rules or the language model, in `rl_only` it chooses the options as well. A folder that
`python -m trainer.bundle --out` has written is taken in the same way.
"""

from __future__ import annotations

import statistics
from collections import Counter
from contextlib import ExitStack
from dataclasses import astuple
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from core.vocabulary import AgentMode
from trainer.checkpoints.checkpoint import CheckpointStore
from trainer.commands.printing import print_json, print_table
from trainer.commands.registry import COMMANDS
from trainer.evaluation.evaluator import EvaluationResult, ModelUse
from trainer.evaluation.fleet_evaluator import FleetEvaluator
from trainer.evaluation.frozen_agent import frozen_agent, frozen_heads
from trainer.evaluation.intervals import wilson_interval
from trainer.play.learned_half import heads_of, standings_of
from trainer.run.checks import check_model_of_modes
from trainer.run.environments import open_evaluation_fleet
from trainer.settings import Settings, load_settings


@COMMANDS.register("evaluate")
def evaluate(
    config: Annotated[Path, typer.Option(help="The config of the run.")] = Path("config.json"),
    checkpoint: Annotated[
        str, typer.Option(help="latest, best_model, a name in save_dir, a path, or bundled.")
    ] = "latest",
    mode: Annotated[list[AgentMode] | None, typer.Option(help="Who may act; give it again for several.")] = None,
    episodes: Annotated[int, typer.Option(min=1, help="New games per mode.")] = 20,
    max_steps: Annotated[int | None, typer.Option(min=1, help="Steps of a game, instead of the config's.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Draws the games; the config's by default.")] = None,
    record: Annotated[
        bool, typer.Option(help="Ask the decision record of past games; --no-record plays without.")
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Play new games with a frozen checkpoint and count what it reaches, with 95 % Wilson intervals."""
    settings = load_settings(config).changed(seed=seed, max_steps_per_episode=max_steps)
    modes = mode or [settings.agent_mode, AgentMode.RL_ONLY, AgentMode.RULES_ONLY]
    check_model_of_modes(settings, modes)
    results = play(
        settings, checkpoint, list(dict.fromkeys(modes)), episodes, show_progress=not json, asks_record=record
    )
    if json:
        print_json({result.mode.value: with_intervals(result) for result in results})
        return
    print_results(results)


def play(
    settings: Settings,
    checkpoint: str,
    modes: list[AgentMode],
    episodes: int,
    show_progress: bool,
    asks_record: bool = True,
) -> list[EvaluationResult]:
    """One evaluation per mode, all of the same games; with `asks_record` false nobody asks the decision record.

    Raises CheckpointError for a checkpoint that does not fit.
    """
    heads = heads_of(checkpoint)
    store = CheckpointStore(settings.save_dir)
    if heads is None:
        store.load(checkpoint)  # before emulators start
    with ExitStack() as stack:
        fleet = stack.enter_context(open_evaluation_fleet(settings, episodes))
        if heads is None:
            snapshot = store.load(checkpoint, rom_sha1=fleet.rom.profile.sha1)
            agent, directive = frozen_agent(
                settings, checkpoint, snapshot, fleet.policy_space, fleet.lanes, stack, asks_record=asks_record
            )
        else:
            game, standings = fleet.rom.game.name, standings_of(checkpoint)
            agent, directive = frozen_heads(settings, heads, standings, game, stack, asks_record=asks_record)
        evaluator = FleetEvaluator(fleet, settings.seed)
        results = []
        with Progress(disable=not show_progress, transient=True) as progress:
            for mode in modes:
                task = progress.add_task(f"{mode.value} of {checkpoint}", total=episodes)

                def goes_on(finished: int, _steps: int, task: Any = task) -> bool:
                    progress.update(task, completed=finished)
                    return True

                horizon = settings.max_steps_per_episode
                result = evaluator.evaluate(agent, mode, episodes, horizon, directive, goes_on)
                assert result is not None, "goes_on never stops it"
                results.append(result)
        return results


def with_intervals(result: EvaluationResult) -> dict[str, Any]:
    """`EvaluationResult.as_dict` with `success_interval`, and `milestones` as name to count, share and interval."""
    games = len(result.episodes)
    numbers = result.as_dict()
    ended = sum(not episode.truncated for episode in result.episodes)
    return {
        **numbers,
        "success_interval": wilson_interval(ended, games),
        "median_length": statistics.median(episode.steps for episode in result.episodes),
        "milestones": {
            name: {"count": count, "share": count / games, "interval": wilson_interval(count, games)}
            for name, count in numbers["milestones"].items()
        },
    }


def print_results(results: list[EvaluationResult]) -> None:
    """A table of the modes and a table of the milestones."""
    games = len(results[0].episodes)
    rows = []
    for result in results:
        numbers = with_intervals(result)
        rows.append(
            (
                result.label,
                f"{numbers['avg_reward']:.2f} ± {numbers['std_reward']:.2f}",
                spelt_share(round(numbers["success_rate"] * games), games),
                f"{numbers['avg_milestones']:.1f}",
                f"{numbers['median_length']:.0f}",
                f"{numbers['loop_share']:.1%}",
                f"{numbers['avg_llm_usage']:.0%}",
            )
        )
    columns = ("mode", "reward", "reached the end", "milestones", "median steps", "in loops", "language model")
    print_table(f"{games} new games per mode, frozen agent, unseen seeds", columns, rows)
    asked = [result for result in results if result.model_use != ModelUse()]
    if asked:
        columns = ("mode", "asked", "answered", "calls", "cache_hits", "tokens", "cost_usd")
        print_table("What the language model cost", columns, [(one.label, *astuple(one.model_use)) for one in asked])
    counts = {result.mode: Counter(name for e in result.episodes for name in e.milestones) for result in results}
    names = list(dict.fromkeys(name for result in results for e in result.episodes for name in e.milestones))
    print_table(
        "Milestones reached (95 % Wilson interval)",
        ("milestone", *(result.label for result in results)),
        [(name, *(spelt_share(counts[result.mode][name], games) for result in results)) for name in names],
    )


def spelt_share(count: int, games: int) -> str:
    """ "80 % (49-94)": a share and its interval in per cent."""
    low, high = wilson_interval(count, games)
    return f"{count / games:.0%} ({low * 100:.0f}-{high * 100:.0f})"

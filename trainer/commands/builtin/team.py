"""`crystal-agent team ...`: train and judge teams of language-model roles with AT-GRPO.

The language-model libraries are imported when a command runs, so that the other commands need none of them.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from trainer.checkpoints.own_names import folder_of
from trainer.commands.printing import print_json, print_progress
from trainer.commands.registry import COMMANDS

app = typer.Typer(help="Train teams of language-model roles on text worlds (AT-GRPO).", no_args_is_help=True)
COMMANDS.register("team")(app)

Name = Annotated[str, typer.Argument(help="A name that `crystal-agent team configs` lists, or a JSON file.")]


@app.command()
def configs() -> None:
    """List the configurations."""
    from trainer.at_grpo.presets import preset_names

    print("\n".join(preset_names()))


@app.command()
def train(
    config_name: Name,
    iterations: Annotated[int | None, typer.Option("--iterations", "-n", min=1, help="In all; resumes count.")] = None,
    checkpoint_dir: Annotated[str, typer.Option("--dir", help="Folder of the run.")] = "checkpoints/team",
) -> None:
    """Train a team; called again on the same folder it goes on where it stopped."""
    from trainer.at_grpo.train import train as train_team

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    summary = train_team(config_name, iterations, checkpoint_dir)
    now = "" if summary.evaluation_success is None else f"{summary.evaluation_success:.1%} of the evaluation solved, "
    print(
        f"{summary.iterations} iterations, {summary.candidates} answers in {summary.seconds:.0f} s; "
        f"{now}best so far {summary.best_success:.1%}; saved as {summary.model_path}"
    )


@app.command()
def evaluate(
    model_path: Annotated[Path, typer.Argument(help="A folder that train wrote.")],
    config_name: Annotated[str | None, typer.Option("--config", help="Default: as it was trained.")] = None,
    episodes: Annotated[int, typer.Option("--episodes", "-n", min=1, help="Unseen problems.")] = 200,
) -> None:
    """Say how many unseen problems a team solves, with a 95 % interval, as JSON."""
    from trainer.at_grpo.evaluate import evaluate as evaluate_team

    print_json(evaluate_team(model_path, config_name, episodes))


@app.command()
def trl(
    model_path: Annotated[Path, typer.Argument(help="A folder that train wrote: the team to start from.")],
    out: Annotated[str, typer.Option("--out", help="Where the trained team goes.")] = "runs/trl",
    problems: Annotated[int, typer.Option("--problems", min=1, help="Problems whose turns become rows.")] = 64,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Optimizer steps of each policy.")] = 20,
) -> None:
    """Train a team of whole models further with TRL's GRPOTrainer."""
    from trainer.at_grpo.trl_recipe import TEAM, train_with_trl

    for policy in train_with_trl(model_path, folder_of("--out", out), problems, steps, print_progress):
        rewards = f"{policy.rewards[0]:.3f} to {policy.rewards[-1]:.3f}"
        print(f"{policy.name}: {policy.rows} rows, {len(policy.rewards)} steps, mean reward from {rewards}")
    print(f"saved as {Path(out) / TEAM}")


@app.command()
def verl(
    model_path: Annotated[Path, typer.Argument(help="A folder that train wrote: the team to start from.")],
    out: Annotated[str, typer.Option("--out", help="Where data sets and commands go.")] = "runs/verl",
    problems: Annotated[int, typer.Option("--problems", min=1, help="Problems whose turns become rows.")] = 256,
    gpus: Annotated[int, typer.Option("--gpus", min=1)] = 8,
    tree: Annotated[bool, typer.Option("--tree", help="Rows are problems; verl's rollouts grow the trees.")] = False,
    start: Annotated[bool, typer.Option("--launch", help="Train, too: needs verl and GPUs.")] = False,
) -> None:
    """Write the data sets and the command lines for training with verl on GPUs, and check what can be checked here."""
    from trainer.at_grpo.verl_recipe import dry_run, launch, prepare
    from trainer.at_grpo.verl_tree_recipe import dry_run_tree, prepare_tree

    folder = folder_of("--out", out)
    recipes = (
        [prepare_tree(model_path, folder, problems, gpus)] if tree else prepare(model_path, folder, problems, gpus)
    )
    for recipe in recipes:
        print("\n".join(dry_run_tree(recipe) if tree else dry_run(recipe)))
    print(f"written to {out}; commands.txt has the command lines")
    if start:
        launch(recipes)

"""Makes the pocket model, from play to model card, in half an hour on two cores."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from agents.llm.huggingface import HuggingFaceModel
from agents.llm.local_weights import write_calibration
from agents.llm.question import question_text
from agents.llm.registry import POCKET_FOLDER
from agents.llm.settings import LocalModelSettings
from agents.llm.small_model import ModelShape, create_model, save_folder, train_tokenizer
from core.vocabulary import AgentMode
from trainer.checkpoints.own_names import remove
from trainer.commands.exit_codes import run_reporting_bad_input
from trainer.pocket.calibrate import accuracy_by_situation, best_temperature, reliability
from trainer.pocket.card import RELIABILITY_PLOT, Report, write_card
from trainer.pocket.collect import CollectionSettings, collect
from trainer.pocket.examples import fingerprint, without_twins
from trainer.pocket.fit import FitSettings, fit, lessons_of, scores_of
from trainer.pocket.judge import play_games
from trainer.pocket.reliability_plot import check_can_draw, draw_reliability
from trainer.pocket.text_worlds import judge_worlds

ON_CPU = LocalModelSettings(device="cpu")
"""The CPU even with an accelerator: the same numbers everywhere, and at this size a GPU is not faster."""
CALIBRATION_SEED = 200_000
TEST_SEED = 300_000
GAME_SEED = 400_000
"""First seeds of the held-out games: for the temperature, for agreement, for whole games."""


def make(
    folder: Path,
    rom_path: Path,
    collection: CollectionSettings,
    fitting: FitSettings,
    seed: int,
    judged_games: int,
    judged_problems: int,
    workers: int,
    say: Callable[[str], None],
) -> Report:
    """Make a model and write it with its card to `folder`; raises the errors of the parts.

    Until it is judged, it is kept without calibration and card in a folder next to it that ends in `.unjudged`.
    """
    started = time.perf_counter()
    examples = without_twins(collect(rom_path, collection, say, workers))
    calibration = without_twins(collect(rom_path, collection.held_out(0.1, CALIBRATION_SEED), say, workers))
    test = without_twins(collect(rom_path, collection.held_out(0.1, TEST_SEED), say, workers))
    say(f"{len(examples)} questions to learn from, {len(calibration)} to calibrate with, {len(test)} to judge by")
    shape = ModelShape(context_length=collection.context_length)
    tokenizer = train_tokenizer((question_text(e.prompt, e.options) for e in examples), shape.vocabulary)
    unjudged = folder.with_name(f"{folder.name}.unjudged")
    with tempfile.TemporaryDirectory() as workplace:
        # Trained in full precision, judged in the precision that is stored and used.
        save_folder(Path(workplace), tokenizer, create_model(tokenizer, shape, seed))
        student = HuggingFaceModel(workplace, settings=ON_CPU)
        parameters = student.model.num_parameters()
        fit(student.model, lessons_of(examples, student.tokenize), fitting, seed, say)
        save_folder(Path(workplace), tokenizer, student.model)
        _copy(Path(workplace), unjudged)  # saved before judging can fail: training took most of the time
        graduate = HuggingFaceModel(workplace, settings=ON_CPU)
        lessons = lessons_of(calibration, graduate.tokenize)
        temperature = best_temperature(scores_of(graduate.model, lessons), lessons)
        write_calibration(Path(workplace), temperature)
        lessons = lessons_of(test, graduate.tokenize)
        scores = scores_of(graduate.model, lessons)
        seeds = range(GAME_SEED, GAME_SEED + judged_games)
        judge = partial(
            play_games,
            context_length=collection.context_length,
            rom_path=rom_path,
            seeds=seeds,
            steps_per_game=collection.steps_per_game,
            say=say,
            workers=workers,
        )
        games = judge(f"huggingface/{workplace}")
        rules = judge("none", mode=AgentMode.RULES_ONLY)
        report = Report(
            seed=seed,
            rom_sha256=hashlib.sha256(rom_path.read_bytes()).hexdigest(),
            data_fingerprint=fingerprint(examples),
            examples=len(examples),
            held_out_examples=len(test),
            parameters=parameters,
            shape=shape,
            collection=collection,
            fit=fitting,
            temperature=temperature,
            reliability=reliability(scores, lessons, temperature),
            agreement=accuracy_by_situation(scores, lessons),
            games=tuple(games),
            rule_games=tuple(rules),
            worlds=tuple(judge_worlds(graduate, judged_problems, GAME_SEED)),
            minutes=(time.perf_counter() - started) / 60,
        )
        write_card(Path(workplace), report)
        draw_reliability(report.reliability, Path(workplace) / RELIABILITY_PLOT)
        _copy(Path(workplace), folder)
        remove(unjudged, os.listdir(workplace))
    return report


def _copy(made: Path, folder: Path) -> None:
    """Put the new model's files in the place of the old one's; what else is there stays. A temporary folder is private;
    a model is readable by all users."""
    shutil.copytree(made, folder, dirs_exist_ok=True)
    folder.chmod(0o755)
    for name in os.listdir(made):
        (folder / name).chmod(0o644)


def main(
    out: Annotated[Path, typer.Option(help="Folder for the model; replaced as a whole.")] = POCKET_FOLDER,
    rom: Annotated[Path, typer.Option(help="The Fernvale ROM.")] = Path("cartridge/fernvale.gbc"),
    games: Annotated[int, typer.Option(min=1, help="Games to learn from.")] = 60,
    steps: Annotated[int, typer.Option(min=1, help="Steps of training.")] = 1500,
    judged_games: Annotated[int, typer.Option(min=1, help="Whole games to judge by.")] = 6,
    judged_problems: Annotated[int, typer.Option(min=1, help="Problems of each text world to judge by.")] = 100,
    workers: Annotated[int, typer.Option(min=1, help="Processes that play.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the weights and of the order of questions.")] = 0,
) -> None:
    """Make the pocket model: collect decisions, train, calibrate, judge, write the model with its card."""
    check_can_draw()
    report = make(
        out,
        rom,
        CollectionSettings(games=games),
        FitSettings(steps=steps),
        seed,
        judged_games,
        judged_problems,
        workers,
        lambda line: print(line, flush=True),
    )
    badges = sum(game.badges > 0 for game in report.games)
    print(f"{out}: as the rules in {report.reliability.accuracy:.1%}, a badge in {badges} of {len(report.games)} games")


def run() -> int:
    """The exit code of the command line."""
    return run_reporting_bad_input(lambda: typer.run(main))

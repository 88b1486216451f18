"""Makes the bundled policy, from play to card, in minutes on two cores. Each stage goes on where a kill left it."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from agents.heads.saved_heads import BUNDLED_FOLDER, WEIGHTS_FILE, Heads, load_heads, save_heads
from core.exceptions import CheckpointError, ConfigurationError
from core.game.game_data import load_game
from core.game.profile import identify_rom
from trainer.bundle.card import CARD_FILE, REPORT_FILE, BundleReport, score_table, write_bundle_card
from trainer.bundle.collect import BundleCollection, collect, play_by_rules
from trainer.bundle.fit import (
    CloningSettings,
    button_agreement,
    clone_button_head,
    clone_option_head,
    option_agreement,
)
from trainer.bundle.held_out import lessons_without
from trainer.bundle.judge import JudgedPlayer, Judging, play_head_games, score_of
from trainer.bundle.lessons import Lessons
from trainer.commands.exit_codes import run_reporting_bad_input
from trainer.evaluation.first_badge import first_badge
from trainer.evaluation.map_folds import maps_named

HELD_OUT_SEED = 101
"""Draws the game for agreement."""
Say = Callable[[str], None]


def make(
    out: Path,
    rom_path: Path,
    work: Path,
    collection: BundleCollection,
    cloning: CloningSettings,
    judging: Judging,
    seed: int,
    workers: int,
    say: Say,
    without_maps: Sequence[str] = (),
) -> BundleReport:
    """Makes a policy and writes it with its card to `out`. What is done is kept in `work`; the same call goes on there.

    `without_maps` (`trainer/evaluation/map_folds.py`) are held out of training.

    Raises the errors of the parts, EnvironmentError for a ROM that cannot be used among them.
    """
    profile = identify_rom(rom_path)
    game = load_game(profile.game)
    if collection.final_milestone is None:
        collection = replace(collection, final_milestone=first_badge(game).id)
    elif collection.final_milestone not in [one.id for one in game.milestones]:
        raise ConfigurationError(f"{game.name} has no milestone {collection.final_milestone!r}")
    held_out_of_training = maps_named(game, without_maps)
    work.mkdir(parents=True, exist_ok=True)
    clock = _Clock()
    say(f"stage 1 of 3: {collection.games} games by the rules to {collection.final_milestone}")
    lessons = collect(rom_path, collection, work, say, workers)
    if held_out_of_training:
        lessons = lessons_without(lessons, game, held_out_of_training)
        say(f"held out: {', '.join(held_out_of_training)}")
    say(f"{len(lessons):,} labelled steps, {len(lessons.chosen):,} choices among several options")
    collected_minutes = clock.minutes()
    say("stage 2 of 3: cloning")
    name = _name_of(rom_path, collection, cloning, seed, held_out_of_training)
    weights = work / f"heads_{name}.safetensors"
    heads = _cloned(weights, game.name, lessons, cloning, seed, say)
    held_out, _ = play_by_rules(rom_path, replace(collection, run_seed=HELD_OUT_SEED), 0)
    presses, ends = button_agreement(heads.button, held_out)
    choices = option_agreement(heads.option, held_out, shows_prior=True)
    blind = option_agreement(heads.option, held_out, shows_prior=False)
    say(f"as the rules: presses {presses:.1%}, ends {ends:.1%}, choices {choices:.1%}, without prior {blind:.1%}")
    cloned_minutes = clock.minutes()
    say(f"stage 3 of 3: judging in {judging.games} new games a player")
    told = json.dumps([name, judging.steps_per_game, judging.run_seed])
    judged = work / f"judged_{hashlib.sha256(told.encode()).hexdigest()[:12]}"
    games = play_head_games(weights, rom_path, judging, collection.final_milestone, judged, say, workers)
    scores = tuple(score_of([one for one in games if one.player == player.value]) for player in JudgedPlayer)
    report = BundleReport(
        seed=seed,
        game=game.name,
        rom_sha256=hashlib.sha256(rom_path.read_bytes()).hexdigest(),
        final_milestone=collection.final_milestone or "",
        labelled_steps=len(lessons),
        labelled_choices=len(lessons.chosen),
        button_parameters=sum(one.numel() for one in heads.button.parameters()),
        option_parameters=sum(one.numel() for one in heads.option.parameters()),
        collection=collection,
        cloning=cloning,
        judging=judging,
        press_agreement=presses,
        end_agreement=ends,
        choice_agreement=choices,
        blind_choice_agreement=blind,
        scores=scores,
        games=games,
        collection_minutes=collected_minutes,
        cloning_minutes=cloned_minutes,
        judging_minutes=clock.minutes(),
        without_maps=held_out_of_training,
    )
    _publish(out, work, weights, report)
    return report


class _Clock:
    """Wall time from one question to the next."""

    def __init__(self) -> None:
        self._since_s = time.perf_counter()

    def minutes(self) -> float:
        """Since the last question."""
        now_s = time.perf_counter()
        minutes, self._since_s = (now_s - self._since_s) / 60, now_s
        return minutes


def _name_of(
    rom_path: Path, collection: BundleCollection, cloning: CloningSettings, seed: int, held_out: Sequence[str]
) -> str:
    """Of all that the weights depend on."""
    digest = hashlib.sha256(rom_path.read_bytes())
    told = [asdict(collection), asdict(cloning), seed, *([list(held_out)] if held_out else [])]
    digest.update(json.dumps(told, sort_keys=True).encode())
    return digest.hexdigest()[:12]


def _cloned(weights: Path, game: str, lessons: Lessons, cloning: CloningSettings, seed: int, say: Say) -> Heads:
    """The trained heads, in the precision in which they are stored and used. Kept when the first of them is done."""
    half_done = weights.with_suffix(".button.safetensors")
    heads = _kept(weights, say)
    if heads is not None:
        return heads
    heads = _kept(half_done, say)
    if heads is None:
        heads = replace(Heads.fresh(seed), game=game)
        clone_button_head(heads.button, lessons, cloning, seed, say)
        save_heads(half_done, heads)
    heads = replace(heads, option=Heads.fresh(seed).option)
    clone_option_head(heads.option, lessons, cloning, seed, say)
    save_heads(weights, heads)
    return load_heads(weights)


def _kept(path: Path, say: Say) -> Heads | None:
    """Heads of an earlier call; None where there are none, or none that fit this version."""
    if not path.is_file():
        return None
    try:
        heads = load_heads(path)
    except CheckpointError as error:
        say(f"trained anew: {error}")
        return None
    say(f"{path.name} is there from an earlier run")
    return heads


def _publish(out: Path, work: Path, weights: Path, report: BundleReport) -> None:
    """Weights, card and report in the place of the old ones, each in one step."""
    out.mkdir(parents=True, exist_ok=True)
    write_bundle_card(work, report)
    for source, name in ((weights, WEIGHTS_FILE), (work / REPORT_FILE, REPORT_FILE), (work / CARD_FILE, CARD_FILE)):
        temporary = out / f".{name}.writing"
        shutil.copyfile(source, temporary)
        temporary.chmod(0o644)  # what was written under a private name is for all users of the package
        temporary.replace(out / name)


def main(
    out: Annotated[Path, typer.Option(help="Folder for the policy.")] = BUNDLED_FOLDER,
    rom: Annotated[Path, typer.Option(help="The ROM, Fernvale or your own.")] = Path("cartridge/fernvale.gbc"),
    work: Annotated[Path, typer.Option(help="Keeps what is done, to go on after a kill.")] = Path("runs/bundle"),
    final_milestone: Annotated[str | None, typer.Option(help="Where games end; the first badge by default.")] = None,
    games: Annotated[int, typer.Option(min=2, help="Games to learn from.")] = 40,
    judged_games: Annotated[int, typer.Option(min=1, help="Games to judge each way by.")] = 40,
    max_steps: Annotated[int, typer.Option(min=1, help="Steps of a game at most.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes that play.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the weights and of the order of lessons.")] = 0,
    without_maps: Annotated[
        list[str] | None, typer.Option(help="Nothing is learned on this map, or fold:0 to fold:2; may be repeated.")
    ] = None,
) -> None:
    """Make the bundled policy: play by the rules, clone both heads, judge them, write the policy with its card."""
    started = time.perf_counter()
    report = make(
        out,
        rom,
        work,
        BundleCollection(games=games, steps_per_game=max_steps, final_milestone=final_milestone),
        CloningSettings(),
        Judging(games=judged_games, steps_per_game=max_steps),
        seed,
        workers,
        lambda line: print(f"[{(time.perf_counter() - started) / 60:5.1f} min] {line}", flush=True),
        without_maps or (),
    )
    print("\n".join(score_table(report.scores)))
    print(f"written to {out}")


def run() -> int:
    """The exit code of the command line."""
    return run_reporting_bad_input(lambda: typer.run(main))

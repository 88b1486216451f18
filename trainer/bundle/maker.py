"""Makes the bundled policy, from play to card, in minutes on two cores. Each stage goes on where a kill left it."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from pathlib import Path
from typing import Any

from agents.heads.lessons import Lessons, joined
from agents.heads.options.residual import RESIDUAL_FILE
from agents.heads.saved_heads import (
    STANDINGS_FILE,
    WEIGHTS_FILE,
    Heads,
    load_heads,
    read_standings,
    save_heads,
)
from core.exceptions import CheckpointError, ConfigurationError
from core.game.game_data import GameData, load_game
from core.game.profile import identify_rom
from core.whole_files import written_aside
from trainer.bundle.card import CARD_FILE, REPORT_FILE, BundleReport, write_bundle_card
from trainer.bundle.collect import BundleCollection, collect, play_by_rules
from trainer.bundle.dagger import Aggregation, aggregate
from trainer.bundle.fit import (
    CloningSettings,
    button_agreement,
    clone_button_head,
    clone_option_head,
    option_agreement,
)
from trainer.bundle.held_out import lessons_without
from trainer.bundle.judge import HeadGame, Judging, play_head_games, scores_of
from trainer.bundle.moments import Moment
from trainer.bundle.option_learning import LearningRound, OptionLearning, learn_options
from trainer.bundle.residual_learning import ResidualLearning, ResidualReport, corrected
from trainer.bundle.situations import TakingTurns, judge_situations, write_standings
from trainer.evaluation.first_badge import first_badge
from trainer.evaluation.map_folds import maps_named

HELD_OUT_SEED = 101
"""Draws the game for agreement."""
STAGES = 7
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BundlePlan:
    """What each stage of the making does."""

    collection: BundleCollection
    cloning: CloningSettings = field(default_factory=CloningSettings)
    aggregation: Aggregation = field(default_factory=Aggregation)
    options: OptionLearning = field(default_factory=OptionLearning)
    judging: Judging = field(default_factory=Judging)
    seed: int = 0
    """Of the weights and of the order of lessons."""
    residual: ResidualLearning = field(default_factory=ResidualLearning)
    without_maps: tuple[str, ...] = ()
    """Keys of the maps that are held out of training (`trainer/evaluation/map_folds.py`). Options are not learned from
    rewards then: their segments lead over all maps."""
    opening: BundleCollection | None = None
    """Games to the first badge beside the others, and where games are judged first: every game begins there."""
    turns: TakingTurns = field(default_factory=TakingTurns)
    whole_judging: Judging | None = None
    """Further games, to where those of `collection` end."""

    @property
    def judged_milestone(self) -> str | None:
        """Where the games of `judging` end."""
        return (self.opening or self.collection).final_milestone


@dataclass(frozen=True, slots=True, eq=False)
class TrainedHeads:
    """What the stages before judging came to."""

    weights: Path
    standings: Path | None
    """The table of who does better where, if rules and heads took turns."""
    lessons: Lessons
    rounds: tuple[LearningRound, ...]
    residual: ResidualReport
    minutes: tuple[float, ...]
    """Wall time of each stage in this call."""


def planned(plan: BundlePlan, game: GameData) -> BundlePlan:
    """The plan with its end where none is named, and maps by their keys: games end with the first badge, and beside an
    opening with the story. Raises ConfigurationError for what the game does not have."""
    held_out = maps_named(game, plan.without_maps)
    options, residual = plan.options, plan.residual
    if held_out:
        options, residual = replace(options, rounds=0), replace(residual, rounds=0)
    last = first_badge(game) if plan.opening is None else game.milestones[-1]
    final = plan.collection.final_milestone or last.id
    if final not in [one.id for one in game.milestones]:
        raise ConfigurationError(f"{game.name} has no milestone {final!r}")
    opening = plan.opening
    if opening is not None and opening.final_milestone is None:
        opening = replace(opening, final_milestone=first_badge(game).id)
    return replace(
        plan,
        without_maps=held_out,
        options=options,
        residual=residual,
        opening=opening,
        collection=replace(plan.collection, final_milestone=final),
    )


def train(rom_path: Path, work: Path, plan: BundlePlan, workers: int, say: Say) -> TrainedHeads:
    """All stages but judging. What is done is kept in `work`; the same call goes on there.

    The plan is a `planned` one. Raises the errors of the parts, EnvironmentError for a ROM that cannot be used among
    them.
    """
    game = load_game(identify_rom(rom_path).game)
    work.mkdir(parents=True, exist_ok=True)
    collection, final, clock, minutes = plan.collection, plan.collection.final_milestone, _Clock(), list[float]()
    say(f"stage 1 of {STAGES}: {collection.games} games by the rules to {final}")
    lessons, moments = collect(rom_path, collection, work, say, workers)
    if plan.opening is not None:
        say(f"and {plan.opening.games} to {plan.opening.final_milestone}")
        more, more_moments = collect(rom_path, plan.opening, work, say, workers)
        lessons, moments = joined([lessons, more]), (*moments, *more_moments)
    if plan.without_maps:
        lessons = lessons_without(lessons, game, plan.without_maps)
        say(f"held out: {', '.join(plan.without_maps)}")
    say(f"{len(lessons):,} labelled steps, {len(lessons.chosen):,} choices, {len(moments)} moments to go on from")
    minutes.append(clock.minutes())

    say(f"stage 2 of {STAGES}: cloning")
    name = _name_of(rom_path, plan)
    weights = work / f"heads_{name}.safetensors"
    cloned(weights, Heads.fresh(plan.seed), game.name, lessons, plan.cloning, plan.seed, say)
    minutes.append(clock.minutes())

    say(f"stage 3 of {STAGES}: lessons from {plan.aggregation.rounds} times {plan.aggregation.segments} own segments")
    weights, lessons = _aggregated(weights, rom_path, work, plan, lessons, moments, game, workers, say)
    minutes.append(clock.minutes())

    say(f"stage 4 of {STAGES}: learning to choose options in {plan.options.rounds} rounds")
    folder = work / f"options_{_digest(weights.name, replace(plan.options, rounds=0), plan.seed)}"
    most = collection.steps_per_game
    weights, rounds = learn_options(
        weights, rom_path, plan.options, most, final, moments, folder, plan.seed, say, workers
    )
    minutes.append(clock.minutes())

    say(f"stage 5 of {STAGES}: learning to correct the rules' values in {plan.residual.rounds} rounds")
    most, badge = (plan.opening or collection).steps_per_game, plan.judged_milestone
    weights, residual = corrected(weights, rom_path, work, plan.residual, most, badge, plan.seed, say, workers)
    minutes.append(clock.minutes())

    say(f"stage 6 of {STAGES}: rules and heads take turns in {plan.turns.games} games")
    standings = None
    if plan.turns.games:
        standings = _standings(weights, rom_path, work, plan, workers, say)
    minutes.append(clock.minutes())
    return TrainedHeads(weights, standings, lessons, rounds, residual, tuple(minutes))


def judged(
    weights: Path,
    standings: Path | None,
    rom_path: Path,
    work: Path,
    judging: Judging,
    final: str | None,
    workers: int,
    say: Say,
) -> tuple[HeadGame, ...]:
    """Games to the milestone `final` by which trained heads are judged; kept in `work` as the other stages are."""
    same = replace(judging, games=0, players=())  # games that are there count for every number of them
    known = standings.name if standings is not None else ""
    folder = work / f"judged_{_digest(weights.parent.name, weights.name, same, final, known)}"
    table = standings and read_standings(standings)
    return play_head_games(weights, rom_path, judging, final, folder, say, workers, table)


def _standings(weights: Path, rom_path: Path, work: Path, plan: BundlePlan, workers: int, say: Say) -> Path:
    """The file of the table, made where it is missing."""
    path = work / f"standings_{_digest(weights.parent.name, weights.name, plan.turns)}.json"
    if path.is_file():
        say(f"{path.name} is there from an earlier run")
        return path
    turns, collection = plan.turns, plan.collection
    most, final = turns.steps_per_game or collection.steps_per_game, collection.final_milestone
    table = judge_situations(weights, rom_path, turns.games, most, final, turns.run_seed, workers, say)
    write_standings(path, table)
    return path


def make(out: Path, rom_path: Path, work: Path, plan: BundlePlan, workers: int, say: Say) -> BundleReport:
    """Makes a policy and writes it with its card to `out`. What is done is kept in `work`; the same call goes on there.

    Raises the errors of the parts, EnvironmentError for a ROM that cannot be used among them.
    """
    game = load_game(identify_rom(rom_path).game)
    plan = planned(plan, game)
    trained = train(rom_path, work, plan, workers, say)
    heads, collection = load_heads(trained.weights), plan.collection
    held_out = play_by_rules(rom_path, replace(collection, run_seed=HELD_OUT_SEED), 0).lessons
    presses, ends = button_agreement(heads.button, held_out)
    choices = option_agreement(heads.option, held_out, shows_prior=True)
    blind = option_agreement(heads.option, held_out, shows_prior=False)
    say(f"as the rules: presses {presses:.1%}, ends {ends:.1%}, choices {choices:.1%}, without prior {blind:.1%}")
    say(f"stage 7 of {STAGES}: judging in {plan.judging.games} new games a player to {plan.judged_milestone}")
    clock = _Clock()
    weights, standings = trained.weights, trained.standings
    badge = plan.judged_milestone
    games, whole_games = judged(weights, standings, rom_path, work, plan.judging, badge, workers, say), ()
    if plan.whole_judging is not None:
        final = collection.final_milestone
        say(f"and in {plan.whole_judging.games} to {final}")
        whole_games = judged(weights, standings, rom_path, work, plan.whole_judging, final, workers, say)
    report = BundleReport(
        seed=plan.seed,
        game=game.name,
        rom_sha256=hashlib.sha256(rom_path.read_bytes()).hexdigest(),
        final_milestone=collection.final_milestone or "",
        labelled_steps=len(trained.lessons),
        labelled_choices=len(trained.lessons.chosen),
        button_parameters=sum(one.numel() for one in heads.button.parameters()),
        option_parameters=sum(one.numel() for one in heads.option.parameters()),
        collection=collection,
        cloning=plan.cloning,
        aggregation=plan.aggregation,
        options=plan.options,
        judging=plan.judging,
        press_agreement=presses,
        end_agreement=ends,
        choice_agreement=choices,
        blind_choice_agreement=blind,
        rounds=trained.rounds,
        residual=plan.residual,
        corrections=trained.residual,
        scores=scores_of(games),
        games=games,
        minutes=(*trained.minutes, clock.minutes()),
        without_maps=plan.without_maps,
        opening=plan.opening,
        turns=plan.turns,
        whole_judging=plan.whole_judging,
        whole_scores=scores_of(whole_games),
        whole_games=whole_games,
    )
    _publish(out, work, trained, report)
    return report


def _aggregated(
    weights: Path,
    rom_path: Path,
    work: Path,
    plan: BundlePlan,
    lessons: Lessons,
    moments: Sequence[Moment],
    game: GameData,
    workers: int,
    say: Say,
) -> tuple[Path, Lessons]:
    """The heads after the rounds of aggregation, and all lessons."""
    aggregation, final = plan.aggregation, plan.collection.final_milestone
    for number in range(1, aggregation.rounds + 1):
        name = _digest(weights.name, aggregation, number)
        own = aggregate(weights, rom_path, aggregation, number, moments, final, work / f"segments_{name}", say, workers)
        own = lessons_without(own, game, plan.without_maps)
        say(f"round {number} of {aggregation.rounds}: {len(own):,} labelled steps more")
        lessons = joined([lessons, own])
        cloning = replace(
            plan.cloning,
            button_epochs=aggregation.epochs,
            option_epochs=aggregation.epochs * plan.cloning.option_epochs / plan.cloning.button_epochs,
            learning_rate=plan.cloning.learning_rate / 2,
        )
        present, weights = weights, work / f"heads_{name}.safetensors"
        cloned(weights, load_heads(present), game.name, lessons, cloning, plan.seed + number, say)
    return weights, lessons


class _Clock:
    """Wall time from one question to the next."""

    def __init__(self) -> None:
        self._since_s = time.perf_counter()

    def minutes(self) -> float:
        """Since the last question."""
        now_s = time.perf_counter()
        minutes, self._since_s = (now_s - self._since_s) / 60, now_s
        return minutes


def _name_of(rom_path: Path, plan: BundlePlan) -> str:
    """Of all that the cloned weights depend on."""
    digest = hashlib.sha256(rom_path.read_bytes())
    told = [
        asdict(plan.collection),
        asdict(plan.cloning),
        plan.seed,
        *([plan.without_maps] if plan.without_maps else []),
    ]
    digest.update(json.dumps(told, sort_keys=True).encode())
    return digest.hexdigest()[:12]


def _digest(*parts: Any) -> str:
    """Of what a later stage depends on: the name of the weights that it begins with, and its settings."""
    told = [asdict(part) if is_dataclass(part) and not isinstance(part, type) else part for part in parts]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]


def cloned(
    weights: Path, begin: Heads, game: str, lessons: Lessons, cloning: CloningSettings, seed: int, say: Say
) -> None:
    """Trains heads from `begin` on and writes them to `weights`, in the precision in which they are stored and used.

    Each of the two is kept when it is done; what is there is not trained again.
    """
    half_done = weights.with_suffix(".button.safetensors")
    if _kept(weights, say) is not None:
        return
    heads = _kept(half_done, say)
    if heads is None:
        heads = replace(begin, game=game)
        clone_button_head(heads.button, lessons, cloning, seed, say)
        save_heads(half_done, heads)
    heads = replace(heads, option=begin.option)
    clone_option_head(heads.option, lessons, cloning, seed, say)
    save_heads(weights, heads)


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


def _publish(out: Path, work: Path, trained: TrainedHeads, report: BundleReport) -> None:
    """Weights, standings, card and report in the place of the old ones, each in one step."""
    out.mkdir(parents=True, exist_ok=True)
    write_bundle_card(work, report)
    files = {WEIGHTS_FILE: trained.weights, REPORT_FILE: work / REPORT_FILE, CARD_FILE: work / CARD_FILE}
    if trained.standings is not None:
        files[STANDINGS_FILE] = trained.standings
    if (residual := trained.weights.with_name(RESIDUAL_FILE)).is_file():
        files[RESIDUAL_FILE] = residual
    for name in {STANDINGS_FILE, RESIDUAL_FILE} - files.keys():
        (out / name).unlink(missing_ok=True)  # of other heads
    for name, source in files.items():
        with written_aside(out / name) as aside:
            shutil.copyfile(source, aside)
            aside.chmod(0o644)  # what was written under a private name is for all users of the package

"""The stages of making a policy, from play to heads and to games that judge them. Each goes on where a kill left it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, is_dataclass, replace
from pathlib import Path
from typing import Any

from agents.heads.lessons import Lessons, joined
from agents.heads.saved_heads import Heads, load_heads, read_standings
from core.game.game_data import GameData, load_game
from core.game.profile import identify_rom
from trainer.bundle.cloned_heads import cloned
from trainer.bundle.collect import collect
from trainer.bundle.dagger import aggregate
from trainer.bundle.held_out import lessons_without
from trainer.bundle.judge import HeadGame, Judging, play_head_games
from trainer.bundle.moments import Moment
from trainer.bundle.option_learning import LearningRound, learn_options
from trainer.bundle.plan import BundlePlan
from trainer.bundle.residual_learning import ResidualReport, corrected
from trainer.bundle.situations import Say, judge_situations, write_standings

STAGES = 7
"""With the one that judges."""


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


class StageClock:
    """Wall time from one question to the next."""

    def __init__(self) -> None:
        self._since_s = time.perf_counter()

    def minutes(self) -> float:
        """Since the last question."""
        now_s = time.perf_counter()
        minutes, self._since_s = (now_s - self._since_s) / 60, now_s
        return minutes


def train(rom_path: Path, work: Path, plan: BundlePlan, workers: int, say: Say) -> TrainedHeads:
    """All stages but judging. What is done is kept in `work`; the same call goes on there.

    The plan is a `planned` one. Raises the errors of the parts, EnvironmentError for a ROM that cannot be used among
    them.
    """
    game = load_game(identify_rom(rom_path).game)
    work.mkdir(parents=True, exist_ok=True)
    collection, final, clock, minutes = plan.collection, plan.collection.final_milestone, StageClock(), list[float]()
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

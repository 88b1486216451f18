"""The stage in which play gets shorter than the rules': their values of options are corrected by what choices cost.

In each round new games are played in which options are chosen by the corrected values, with weights that are drawn
anew for each game around the best known ones: a game strays from them in its own way, and to its end. The rules carry
the options out. What the choices of all rounds have cost (`trainer/bundle/residual_fit.py`) gives the next weights.
The last ones are taken only if they are faster than the rules in games that taught nothing.
"""

from __future__ import annotations

import hashlib
import json
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.heads.options.residual import RESIDUAL_FILE, OptionResidual, save_residual
from agents.heads.options.traits import TRAITS
from agents.heads.saved_heads import WEIGHTS_FILE, load_heads, save_heads
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from trainer.bundle.corrected_play import CorrectedGame, play_corrected, read_game, write_game
from trainer.bundle.residual_fit import CostFit, FittedCosts, fit_costs
from trainer.play.episode_seeds import training_seed
from trainer.play.processes import PlayingProcesses

FIRST_JUDGED: Final = 10_000
"""Of the games of a training, those by which the result is judged."""
LEAST_GAIN: Final = 0.02
"""Mean logarithm of the steps that must be gained in those games; less is taken for luck, and the rules stay."""


@dataclass(frozen=True, slots=True)
class ResidualLearning:
    """How much is played."""

    rounds: int = 0
    """None by default: in Fernvale nothing was gained (docs/hybrid.md)."""
    games: int = 96
    """Of a round; the starters take turns."""
    deviation: float = 0.08
    """Of a game's weights from the best known ones, in units of the rules' values."""
    horizon: int = 5000
    """Steps at which a game of a round ends."""
    judged_games: int = 48
    """Of the result and of the rules each, in the end."""
    run_seed: int = 103
    """Draws the games, with the seed of the making; collections, evaluations and judging use others."""
    fit: CostFit = field(default_factory=CostFit)


@dataclass(frozen=True, slots=True)
class ResidualRound:
    """What one round came to."""

    games: int
    reached: int
    mean_steps: float
    """Geometric mean of those that got there."""
    choices: int
    """Of all rounds so far."""
    deviating: int
    """Of those, not what the rules like best."""


@dataclass(frozen=True, slots=True)
class ResidualReport:
    """What the stage came to."""

    rounds: tuple[ResidualRound, ...] = ()
    steps_of_traits: dict[str, float] = field(default_factory=dict[str, float])
    """Steps that a choice costs more than what the rules like best, by trait."""
    errors: dict[str, float] = field(default_factory=dict[str, float])
    """Their standard errors."""
    weights: dict[str, float] = field(default_factory=dict[str, float])
    """What comes of it, in units of the rules' values, taken or not."""
    steps_of_value: float = 0.0
    """For each 1 that the rules value a choice less."""
    rules: tuple[tuple[int, bool], ...] = ()
    found: tuple[tuple[int, bool], ...] = ()
    """Steps of the games by which the result was judged, and whether they got there."""
    is_taken: bool = False
    steps: int = 0
    """Played in all."""


@dataclass(frozen=True, slots=True)
class _Task:
    """One game to be played and kept."""

    path: Path
    weights: tuple[float, ...] | None
    """None: by the rules."""
    seed: int
    number: int
    most_steps: int


def learn_residual(
    rom_path: Path,
    learning: ResidualLearning,
    most_steps: int,
    final_milestone: str | None,
    folder: Path,
    seed: int,
    say: Callable[[str], None],
    workers: int,
) -> tuple[OptionResidual | None, ResidualReport]:
    """The corrections, None where none are better than the rules, and what the stage came to.

    Each game is kept in `folder`; the same call goes on after the last one, as if it had never stopped.
    """
    if not learning.rounds:
        return None, ResidualReport()
    folder.mkdir(parents=True, exist_ok=True)
    run_seed, horizon = 1000 * learning.run_seed + seed, min(most_steps, learning.horizon)
    weights, games, rounds = np.zeros(len(TRAITS)), list[CorrectedGame](), list[ResidualRound]()
    costs: FittedCosts | None = None
    with PlayingProcesses(workers) as processes:

        def played(tasks: Sequence[_Task]) -> list[CorrectedGame]:
            missing = [task for task in tasks if not task.path.is_file()]
            for _ in processes.map(partial(_play_into, rom_path, most_steps, final_milestone), missing):
                pass
            return [read_game(task.path) for task in tasks]

        for number in range(learning.rounds):
            first = number * learning.games
            drawn = [
                weights + np.random.default_rng([run_seed, game]).normal(size=len(TRAITS)) * learning.deviation
                for game in range(first, first + learning.games)
            ]
            own = played([_task(folder, one, run_seed, game, horizon) for game, one in enumerate(drawn, first)])
            games += own
            costs = fit_costs(games, learning.fit)
            weights = costs.weights
            rounds.append(_round(own, costs))
            say(
                f"round {number + 1} of {learning.rounds}: {rounds[-1].reached} of {len(own)} games got there, mean "
                f"{rounds[-1].mean_steps:,.0f} steps; {costs.deviating:,} of {costs.choices:,} choices were not the "
                "rules'"
            )
        numbers = range(FIRST_JUDGED, FIRST_JUDGED + learning.judged_games)
        rules = played([_task(folder, None, run_seed, game, most_steps) for game in numbers])
        found = played([_task(folder, weights, run_seed, game, most_steps) for game in numbers])
    is_taken = is_better(found, rules)
    say(
        f"in {len(found)} new games {math.exp(_gained(found, rules)):.0%} of the rules' steps: "
        + ("taken" if is_taken else "not taken, the rules' values stay as they are")
    )
    assert costs is not None, "there was a round"
    report = ResidualReport(
        rounds=tuple(rounds),
        steps_of_traits=_by_trait(costs.traits),
        errors=_by_trait(costs.errors),
        weights=_by_trait(weights),
        steps_of_value=costs.value,
        rules=tuple((one.steps, one.reached) for one in rules),
        found=tuple((one.steps, one.reached) for one in found),
        is_taken=is_taken,
        steps=sum(one.steps for one in (*games, *rules, *found)),
    )
    return OptionResidual(weights) if is_taken else None, report


def corrected(
    weights: Path,
    rom_path: Path,
    work: Path,
    learning: ResidualLearning,
    most_steps: int,
    final_milestone: str | None,
    seed: int,
    say: Callable[[str], None],
    workers: int,
) -> tuple[Path, ResidualReport]:
    """The file of the heads in `weights` with what was learned beside it, or `weights` where nothing was.

    The stage depends on no weights: heads that are made anew have it again for nothing.
    """
    told = json.dumps([asdict(learning), most_steps, final_milestone, seed, TRAITS])
    name = hashlib.sha256(rom_path.read_bytes() + told.encode()).hexdigest()[:12]
    residual, report = learn_residual(
        rom_path, learning, most_steps, final_milestone, work / f"residual_{name}", seed, say, workers
    )
    if residual is None:
        return weights, report
    folder = work / f"corrected_{weights.stem}_{name}"
    folder.mkdir(parents=True, exist_ok=True)
    save_residual(folder / RESIDUAL_FILE, residual)
    save_heads(folder / WEIGHTS_FILE, load_heads(weights))
    return folder / WEIGHTS_FILE, report


def is_better(games: Sequence[CorrectedGame], rules: Sequence[CorrectedGame]) -> bool:
    """Whether play is clearly shorter than the rules', and gets there as often."""
    gets_there = sum(one.reached for one in games) >= sum(one.reached for one in rules)
    return gets_there and _gained(games, rules) <= -LEAST_GAIN


def _gained(games: Sequence[CorrectedGame], rules: Sequence[CorrectedGame]) -> float:
    """Mean logarithm of the steps over the rules'."""
    return _mean_log(games) - _mean_log(rules)


def _mean_log(games: Sequence[CorrectedGame]) -> float:
    return statistics.fmean(math.log(one.steps) for one in games)


def _round(games: Sequence[CorrectedGame], costs: FittedCosts) -> ResidualRound:
    there = [one for one in games if one.reached]
    mean = math.exp(_mean_log(there)) if there else 0.0
    return ResidualRound(len(games), len(there), mean, costs.choices, costs.deviating)


def _by_trait(numbers: NDArray[np.float64]) -> dict[str, float]:
    return dict(zip(TRAITS, numbers.tolist(), strict=True))


def _task(folder: Path, weights: NDArray[np.float64] | None, run_seed: int, game: int, most_steps: int) -> _Task:
    """The kept game tells its weights by its name: other weights, another game."""
    told = None if weights is None else tuple(weights.tolist())
    name = "rules" if told is None else hashlib.sha256(np.array(told).tobytes()).hexdigest()[:8]
    return _Task(folder / f"game_{game:05d}_{name}.npz", told, training_seed(run_seed, game), game, most_steps)


def _play_into(rom_path: Path, most_steps: int, final_milestone: str | None, task: _Task) -> None:
    env = EnhancedPyBoyPokemonCrystalEnv(
        rom_path, observation_type="state", max_steps=most_steps, final_milestone=final_milestone
    )
    try:
        residual = None if task.weights is None else OptionResidual(np.array(task.weights))
        write_game(task.path, play_corrected(env, residual, task.seed, task.number, task.most_steps))
    finally:
        env.close()

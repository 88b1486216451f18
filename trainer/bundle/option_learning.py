"""The stage in which the option head gets better than the rules: rounds of play and of learning from it."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter
from safetensors.torch import load_file, save_file

from agents.heads.options.learner import OptionHeadLearner, OptionLearningSettings
from agents.heads.options.rollout import joined_rollouts
from agents.heads.saved_heads import Heads, load_heads, save_heads
from core.whole_files import written_aside
from trainer.bundle.moments import Moment
from trainer.bundle.option_play import Episode, OptionEpisode, play_episodes
from trainer.play.episode_seeds import training_seed
from trainer.play.processes import PlayingProcesses

STARTERS = (None, 1, 2, 3)
"""Games take these in turn: the head's own choice, and each of the three."""


@dataclass(frozen=True, slots=True)
class OptionLearning:
    """How much is played, and what is learned from it."""

    rounds: int = 0
    """None by default: they have not been shown to help (docs/hybrid.md)."""
    games: int = 24
    """New games of a round."""
    groups: int = 4
    """Save states of a round from which branches are played; 0 for none."""
    branches: int = 6
    """Of each save state."""
    hidden_temperature: float = 2.0
    """What the head's logits are divided by on the way, in games in which it does not see the rules' value and rank.
    In fights and menus it is 1: there the rules estimate well, and a lost fight tells more of the fight."""
    shown_temperature: float = 4.0
    """The same where it sees them: it believes the rules nearly always, and would try nothing else."""
    carried_by_heads: bool = False
    """The button head carries options out and ends them; else the rules do, in half the time."""
    run_seed: int = 102
    """Draws the games; collections, evaluations and judging use others."""
    settings: OptionLearningSettings = field(default_factory=OptionLearningSettings)


@dataclass(frozen=True, slots=True)
class LearningRound:
    """What one round came to."""

    number: int
    steps: int
    """Played in all."""
    games: int
    reached: int
    mean_steps: float
    """Of new games; one that did not get there counts with all its steps."""
    mean_hidden_steps: float
    """Of those in which the head did not see the rules' value and rank."""
    transitions: int
    entropy: float
    approx_kl: float
    explained_variance: float


def learn_options(
    begin: Path,
    rom_path: Path,
    learning: OptionLearning,
    most_steps: int,
    final_milestone: str | None,
    moments: Sequence[Moment],
    folder: Path,
    seed: int,
    say: Callable[[str], None],
    workers: int,
) -> tuple[Path, tuple[LearningRound, ...]]:
    """The file of the heads after the last round, and what the rounds came to.

    Begins with the heads in the file `begin`. Each round is kept in `folder`; the same call goes on after the last one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / "round_{:03d}.safetensors"
    done = max((n for n in range(1, learning.rounds + 1) if _of(weights, n).with_suffix(".json").is_file()), default=0)
    heads = load_heads(begin)
    learner = OptionHeadLearner(heads.option, learning.settings, seed)
    if done:
        say(f"{done} rounds are there from an earlier run")
        learner.load_tensors(load_file(folder / "learner.safetensors"))
    rounds = [_read(_of(weights, number)) for number in range(1, done + 1)]
    present = _of(weights, done) if done else begin
    with PlayingProcesses(workers) as processes:
        for number in range(done + 1, learning.rounds + 1):
            episodes = [*_games(learning, most_steps, number), *_branches(learning, moments, number)]
            play = partial(play_episodes, rom_path, present, final_milestone)
            played = [one for share in processes.map(play, _shares(episodes)) for one in share]
            last = _learned(number, played, learner)
            present = _of(weights, number)
            _keep(present, heads, learner, last)
            rounds.append(last)
            say(
                f"round {number} of {learning.rounds}: {last.reached} of {last.games} games got there, mean "
                f"{last.mean_steps:,.0f} steps, without the rules' prior {last.mean_hidden_steps:,.0f}; entropy "
                f"{last.entropy:.3f}, divergence {last.approx_kl:.3f}, critic {last.explained_variance:.0%}"
            )
    return present, tuple(rounds)


def _of(weights: Path, number: int) -> Path:
    return weights.with_name(weights.name.format(number))


def _read(path: Path) -> LearningRound:
    return TypeAdapter(LearningRound).validate_json(path.with_suffix(".json").read_bytes())


def _keep(path: Path, heads: Heads, learner: OptionHeadLearner, told: LearningRound) -> None:
    """Heads, then what learning goes on with, then the round's numbers, which say that all of it is there."""
    save_heads(path, heads)
    with written_aside(path.with_name("learner.safetensors")) as aside:
        save_file(learner.tensors(), aside)
    with written_aside(path.with_suffix(".json")) as aside:
        aside.write_text(json.dumps(asdict(told)) + "\n", encoding="utf-8")


def _learned(number: int, played: Sequence[OptionEpisode], learner: OptionHeadLearner) -> LearningRound:
    update = learner.update(joined_rollouts([one.rollout for one in played if len(one.rollout)]))
    games = [one for one in played if one.episode.start is None]
    hidden = [one for one in games if not one.episode.shows_prior]
    return LearningRound(
        number=number,
        steps=sum(one.steps for one in played),
        games=len(games),
        reached=sum(one.reached for one in games),
        mean_steps=statistics.fmean([one.steps for one in games] or [0.0]),
        mean_hidden_steps=statistics.fmean([one.steps for one in hidden] or [0.0]),
        transitions=update.transitions,
        entropy=update.entropy,
        approx_kl=update.approx_kl,
        explained_variance=update.explained_variance,
    )


def _games(learning: OptionLearning, most_steps: int, number: int) -> Iterator[Episode]:
    for place in range(learning.games):
        game = (number - 1) * learning.games + place
        yield Episode(
            training_seed(learning.run_seed, game),
            most_steps,
            *_sight(learning, place),
            starter=STARTERS[place // 2 % len(STARTERS)],
            carried_by_heads=learning.carried_by_heads,
        )


def _branches(learning: OptionLearning, moments: Sequence[Moment], number: int) -> Iterator[Episode]:
    """Each group begins at a moment that is drawn, all milestones alike, and stops at twice the rules' steps."""
    dice = np.random.default_rng([learning.run_seed, number])
    levels = sorted({one.milestones for one in moments})
    for group in range(learning.groups if moments else 0):
        level = levels[int(dice.integers(len(levels)))]
        of_level = [one for one in moments if one.milestones == level]
        moment = of_level[int(dice.integers(len(of_level)))]
        for _ in range(learning.branches):
            seed = int(dice.integers(2**31))
            yield Episode(
                seed,
                2 * moment.rules_steps,
                *_sight(learning, group),
                start=moment.start,
                group=group,
                carried_by_heads=learning.carried_by_heads,
            )


def _sight(learning: OptionLearning, place: int) -> tuple[bool, float]:
    """In turn: does the head see the rules' prior, and its temperature."""
    return (True, learning.shown_temperature) if place % 2 else (False, learning.hidden_temperature)


def _shares(episodes: Sequence[Episode]) -> list[list[Episode]]:
    """So many tasks that all workers end at about the same time; the same for any number of workers."""
    size = max(1, len(episodes) // 16)
    return [list(episodes[start : start + size]) for start in range(0, len(episodes), size)]

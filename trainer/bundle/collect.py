"""Plays games by the rules and keeps what they teach.

The label is always the rules' press and the rules' choice, but play sometimes does something else: in some games a
share of the presses, or of the choices, is drawn at random, so that both heads learn the way back from a mistake.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from agents.heads.button_view import SITUATION_PARTS
from agents.heads.lessons import LessonRecorder, Lessons, joined, read_lessons, write_lessons
from agents.heads.options.view import OPTION_FACTS, option_view
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.vocabulary import Option
from trainer.bundle.moments import SEGMENT_MILESTONES, Moment, MomentRecorder, read_moments, write_moments
from trainer.bundle.taught_game import TaughtGame
from trainer.play.episode_seeds import training_seed
from trainer.play.processes import map_in_processes


@dataclass(frozen=True, slots=True)
class Straying:
    """How far a game strays from the rules: shares of presses and of choices that are drawn at random."""

    presses: float
    choices: float


STRAYINGS = (Straying(0.0, 0.0), Straying(0.15, 0.0), Straying(0.0, 0.2), Straying(0.15, 0.0))
"""Games take these in turn."""


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """What came of one game by the rules."""

    lessons: Lessons
    moments: tuple[Moment, ...]
    steps: int
    finished: bool


@dataclass(frozen=True, slots=True)
class BundleCollection:
    """Which games are played."""

    games: int = 48
    steps_per_game: int = 8_000
    final_milestone: str | None = None
    """Where a game ends; the end of the story if None."""
    run_seed: int = 100
    """Draws the games; evaluations and judging use others."""
    strays: bool = True
    """Games stray as `STRAYINGS` has it; else none does."""
    straying_scale: float = 1.0
    """Of the shares of `STRAYINGS`: what is little on a short way is too much on a long one."""

    def straying(self, game: int) -> Straying:
        """Of the game of this number."""
        usual = STRAYINGS[game % len(STRAYINGS)] if self.strays else Straying(0.0, 0.0)
        return Straying(usual.presses * self.straying_scale, usual.choices * self.straying_scale)


def collect(
    rom_path: Path, settings: BundleCollection, folder: Path, say: Callable[[str], None], workers: int
) -> tuple[Lessons, tuple[Moment, ...]]:
    """Plays the games that are not in `folder` yet, keeps each there, and gives the lessons of all and the moments of
    those in which nothing was drawn at random.

    The same ROM and settings give the same lessons and moments with any number of processes.
    """
    kept = folder / f"games_{_fingerprint(rom_path, settings)}"
    kept.mkdir(parents=True, exist_ok=True)
    paths = [kept / f"game_{game:04d}.npz" for game in range(settings.games)]
    missing = [game for game, path in enumerate(paths) if not path.exists()]
    if len(missing) < settings.games:
        say(f"{settings.games - len(missing)} games are there from an earlier run")
    play = partial(_play_into, rom_path, settings, paths)
    for count, story in enumerate(map_in_processes(play, missing, workers), start=1):
        say(f"game {count} of {len(missing)}: {story}")
    clean = [path for path in map(_moments_beside, paths) if path.exists()]
    return joined([read_lessons(path) for path in paths]), tuple(one for path in clean for one in read_moments(path))


def _fingerprint(rom_path: Path, settings: BundleCollection) -> str:
    """Of everything that the lessons depend on but the number of games: more games can be added later."""
    views = [SITUATION_PARTS, OPTION_FACTS, SEGMENT_MILESTONES]
    told = {**asdict(settings), "games": 0, "views": views, "strayings": repr(STRAYINGS)}
    digest = hashlib.sha256(rom_path.read_bytes())
    digest.update(json.dumps(told, sort_keys=True).encode())
    return digest.hexdigest()[:12]


def _play_into(rom_path: Path, settings: BundleCollection, paths: Sequence[Path], game: int) -> str:
    """One game, kept at its path, its moments beside it; how it ended in words."""
    taught = play_by_rules(rom_path, settings, game)
    if settings.straying(game) == Straying(0.0, 0.0):
        write_moments(_moments_beside(paths[game]), taught.moments)
    write_lessons(paths[game], taught.lessons)
    return f"{'finished' if taught.finished else 'stopped'} after {taught.steps} steps"


def _moments_beside(path: Path) -> Path:
    return path.with_suffix(".moments.npz")


def play_by_rules(rom_path: Path, settings: BundleCollection, game: int) -> Taught:
    """One game from the start."""
    straying = settings.straying(game)
    dice = np.random.default_rng(training_seed(settings.run_seed, game))
    recorder, moments = LessonRecorder(), MomentRecorder()

    def choose(taught: TaughtGame, options: Sequence[Option]) -> int:
        """Mostly the rules' choice, the first; else any."""
        recorder.choice(option_view(taught.state, options), 0)
        return int(dice.integers(len(options))) if straying.choices and dice.random() < straying.choices else 0

    env = EnhancedPyBoyPokemonCrystalEnv(
        rom_path,
        observation_type="state",
        max_steps=settings.steps_per_game,
        final_milestone=settings.final_milestone,
    )
    try:
        taught = TaughtGame(env, game, choose=choose)
        taught.begin(training_seed(settings.run_seed, game))
        terminated, truncated = False, False
        while not terminated and not truncated:
            moments.look(env)
            step = taught.look()
            view = taught.view(step)
            recorder.step(view.vector, view.planes, step.repetition.mask, step.wanted.action, taught.teacher.ended)
            action = step.wanted.action
            if straying.presses and dice.random() < straying.presses:
                action = int(dice.choice(np.flatnonzero(step.mask)))
            outcome = taught.press(action)
            terminated, truncated = outcome.terminated, outcome.truncated
        moments.end(env)
        return Taught(recorder.lessons(), moments.moments(), env.episode_steps, terminated)
    finally:
        env.close()

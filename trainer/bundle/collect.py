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

from agents.heads.button_view import SITUATION_PARTS, ButtonViews
from agents.heads.option_view import OPTION_FACTS, option_view
from core.agent.repeated_presses import RepeatedPresses
from core.agent.teacher import LaneTeacher, PlainWriter
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.state import GameState
from core.rules import RulePlayer
from core.vocabulary import GameMode, Option
from trainer.bundle.lessons import LessonRecorder, Lessons, joined, read_lessons, write_lessons
from trainer.play.episode_seeds import training_seed
from trainer.play.processes import map_in_processes


@dataclass(frozen=True, slots=True)
class Straying:
    """How far a game strays from the rules: shares of presses and of choices that are drawn at random."""

    presses: float
    choices: float


STRAYINGS = (Straying(0.0, 0.0), Straying(0.15, 0.0), Straying(0.0, 0.2), Straying(0.15, 0.0))
"""Games take these in turn."""


@dataclass(frozen=True, slots=True)
class BundleCollection:
    """Which games are played."""

    games: int = 40
    steps_per_game: int = 8_000
    final_milestone: str | None = None
    """Where a game ends; the end of the story if None."""
    run_seed: int = 100
    """Draws the games; evaluations and judging use others."""


def collect(
    rom_path: Path, settings: BundleCollection, folder: Path, say: Callable[[str], None], workers: int
) -> Lessons:
    """Plays the games that are not in `folder` yet, keeps each there, and gives the lessons of all.

    The same ROM and settings give the same lessons with any number of processes.
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
    return joined([read_lessons(path) for path in paths])


def _fingerprint(rom_path: Path, settings: BundleCollection) -> str:
    """Of everything that the lessons depend on but the number of games: more games can be added later."""
    told = {**asdict(settings), "games": 0, "views": [SITUATION_PARTS, OPTION_FACTS], "strayings": repr(STRAYINGS)}
    digest = hashlib.sha256(rom_path.read_bytes())
    digest.update(json.dumps(told, sort_keys=True).encode())
    return digest.hexdigest()[:12]


def _play_into(rom_path: Path, settings: BundleCollection, paths: Sequence[Path], game: int) -> str:
    """One game, kept at its path; how it ended in words."""
    lessons, story = play_by_rules(rom_path, settings, game)
    write_lessons(paths[game], lessons)
    return story


def play_by_rules(rom_path: Path, settings: BundleCollection, game: int) -> tuple[Lessons, str]:
    """One game from the start, and how it ended in words."""
    straying = STRAYINGS[game % len(STRAYINGS)]
    dice = np.random.default_rng(training_seed(settings.run_seed, game))
    env = EnhancedPyBoyPokemonCrystalEnv(
        rom_path,
        observation_type="state",
        max_steps=settings.steps_per_game,
        final_milestone=settings.final_milestone,
    )
    try:
        state = env.restart(seed=training_seed(settings.run_seed, game))
        player, views, repeats, recorder = RulePlayer(env.rom.game, game), ButtonViews(), RepeatedPresses(), None
        teacher = LaneTeacher(player, None, PlainWriter(str))
        teacher.reset()
        recorder = LessonRecorder()
        if straying.choices:
            teacher.chooser = partial(_stray, dice, straying.choices)
        steps, terminated, truncated = 0, False, False
        while not terminated and not truncated:
            seen = env.policy_observation()
            mask = env.action_masks()
            repetition = repeats.look(state.state_hash, mask)
            view = views.situation(state, seen["features"], seen["map"], player.reached_flags)
            stuck = repetition.looping and state.mode is GameMode.FREE
            wanted = teacher.act(state, ask_model=lambda _matters: False, stuck=stuck)
            if teacher.offered:
                recorder.choice(option_view(state, teacher.offered), 0)
            views.add_option(view, state, teacher.option, player, repetition)
            recorder.step(view.vector, view.planes, repetition.mask, wanted.action, teacher.ended)
            action = wanted.action
            if straying.presses and dice.random() < straying.presses:
                action = int(dice.choice(np.flatnonzero(mask)))
                if action != wanted.action:
                    teacher.overruled()
            repeats.pressed(action)
            outcome = env.advance(action)
            if outcome.reward > 0:
                repeats.progress()
            state, terminated, truncated = outcome.state, outcome.terminated, outcome.truncated
            steps += 1
    finally:
        env.close()
    return recorder.lessons(), f"{'finished' if terminated else 'stopped'} after {steps} steps"


def _stray(dice: np.random.Generator, share: float, state: GameState, options: Sequence[Option]) -> int:
    """Mostly the rules' choice, the first; else any."""
    del state
    return int(dice.integers(len(options))) if dice.random() < share else 0

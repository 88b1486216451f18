"""Lessons from the heads' own play (DAgger): they hold short segments from save states, and the rules say what to do.

A head that was cloned has seen the rules' states. In its own it makes other mistakes, and no label tells the way back.
So the policy plays from a milestone to the next ones with both heads; a fresh teacher, which remembers nothing of what
was before, labels every step. A segment stops at twice the rules' steps, so that no trap fills the lessons; all labels
are kept, and weigh as much as those of the rules' games.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from agents.heads.agent import HeadsAgent
from agents.heads.lessons import LessonRecorder, Lessons, joined, read_lessons, write_lessons
from agents.heads.look import Look
from agents.heads.options.view import option_view
from agents.heads.saved_heads import load_heads
from core.agent.arbiter import Lane
from core.agent.lane_transitions import LaneInputs
from core.agent.strategy_system import AdaptiveStrategySystem
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.state import GameState
from core.vocabulary import AgentMode
from trainer.bundle.moments import SEGMENT_MILESTONES, Moment
from trainer.play.frozen_game import FrozenGame, unschooled_state
from trainer.play.processes import map_in_processes


@dataclass(frozen=True, slots=True)
class Aggregation:
    """How much of its own play the policy learns from."""

    rounds: int = 1
    segments: int = 96
    """Of a round."""
    run_seed: int = 103
    """Draws the segments; games of other uses have other seeds."""
    epochs: float = 2.0
    """Of cloning all lessons after each round, from the heads as they are."""


class _LabelledAgent(HeadsAgent):
    """Both heads play; what the rules would do is written down."""

    recorder: LessonRecorder

    def _look(self, index: int, lane: Lane, state: GameState, step: LaneInputs, share: float) -> Look:
        look, teacher = super()._look(index, lane, state, step, share), lane.teacher
        if teacher.offered:
            self.recorder.choice(option_view(state, teacher.offered), 0)
        self.recorder.step(look.view.vector, look.view.planes, look.mask, look.wanted.action, teacher.ended)
        return look


def aggregate(
    weights: Path,
    rom_path: Path,
    aggregation: Aggregation,
    number: int,
    moments: Sequence[Moment],
    final_milestone: str | None,
    folder: Path,
    say: Callable[[str], None],
    workers: int,
) -> Lessons:
    """The lessons of one round, in which the heads in the file `weights` play. Segments that are in `folder` are not
    played again."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = draw_moments(moments, aggregation.segments, aggregation.run_seed, number)
    size = 8
    shares = [drawn[start : start + size] for start in range(0, len(drawn), size)]
    paths = [folder / f"segments_{place:04d}.npz" for place in range(len(shares))]
    missing = [place for place, path in enumerate(paths) if not path.is_file()]
    if len(missing) < len(paths):
        say(f"{len(paths) - len(missing)} of {len(paths)} lots of segments are there from an earlier run")
    tasks = [(paths[place], shares[place], [aggregation.run_seed, number, place]) for place in missing]
    play = partial(_play_into, weights, rom_path, final_milestone)
    for count, reached in enumerate(map_in_processes(play, tasks, workers), start=1):
        say(f"lot {count} of {len(missing)}: {reached} of {len(shares[missing[count - 1]])} segments to their end")
    return joined([read_lessons(path) for path in paths])


def draw_moments(moments: Sequence[Moment], count: int, run_seed: int, number: int) -> list[Moment]:
    """All stretches of the way alike, and of those at one stretch any."""
    dice = np.random.default_rng([run_seed, number])
    levels = sorted({one.milestones for one in moments})
    order = [levels[place % len(levels)] for place in range(count)]
    found = []
    for level in order:
        of_level = [one for one in moments if one.milestones == level]
        found.append(of_level[int(dice.integers(len(of_level)))])
    return found


def _play_into(
    weights: Path, rom_path: Path, final_milestone: str | None, task: tuple[Path, Sequence[Moment], Sequence[int]]
) -> int:
    path, moments, seeds = task
    torch.set_num_threads(1)
    heads, dice = load_heads(weights), np.random.default_rng(seeds)
    most = 2 * max(one.rules_steps for one in moments)
    env = EnhancedPyBoyPokemonCrystalEnv(
        rom_path, observation_type="state", max_steps=most, final_milestone=final_milestone
    )
    parts, reached = [], 0
    try:
        for moment in moments:
            seed = int(dice.integers(2**31))
            agent = _LabelledAgent(
                heads,
                None,
                AdaptiveStrategySystem(seed=seed),
                mode=AgentMode.RL_ONLY,
                seed=seed,
                frozen_state=unschooled_state(),
                shows_prior=bool(seed % 2),
            )
            agent.recorder = LessonRecorder()
            reached += _hold(FrozenGame(env, agent, seed), moment, seed)
            parts.append(agent.recorder.lessons())
    finally:
        env.close()
    write_lessons(path, joined(parts))
    return reached


def _hold(game: FrozenGame, moment: Moment, seed: int) -> bool:
    """Plays one segment; whether it came to its end."""
    game.begin(seed, moment.start)
    while game.env.episode_steps < 2 * moment.rules_steps:
        if game.step().terminated or len(game.env.milestones) >= moment.milestones + SEGMENT_MILESTONES:
            return True
    return False

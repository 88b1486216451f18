"""How much of "the best of four ways" is dice? python -m benchmarks.headroom [--games 3] [--ways 4]

The rules play from save states at milestones to the milestone after next, several times, always by their own choices;
only some idle steps before the first press are different, which is enough for other dice. Printed: the steps as they
are, the mean of the ways, and the best of them. A search among other choices has to beat that best one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import fmean

from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.game_data import load_game
from core.game.profile import identify_rom
from core.vocabulary import Button
from trainer.bundle.moments import SEGMENT_MILESTONES, Moment, MomentRecorder
from trainer.bundle.taught_game import TaughtGame
from trainer.commands.exit_codes import run_reporting_bad_input
from trainer.evaluation.first_badge import first_badge
from trainer.play.episode_seeds import training_seed

ROM = Path("cartridge/fernvale.gbc")
RUN_SEED = 909
STARTERS = 3
LEAST_MILESTONES = 7
"""Moments with fewer have hardly a fight ahead."""


def moments_of(
    env: EnhancedPyBoyPokemonCrystalEnv, game: int, every: int, least_milestones: int = LEAST_MILESTONES
) -> list[Moment]:
    """Every so many of the moments of one game by the rules."""
    taught = TaughtGame(env, game, 1 + game % STARTERS)
    taught.begin(training_seed(RUN_SEED, game))
    recorder = MomentRecorder()
    while True:
        recorder.look(env)
        outcome = taught.press(taught.look().wanted.action)
        if outcome.terminated or outcome.truncated:
            break
    recorder.end(env)
    return [one for one in recorder.moments() if one.milestones >= least_milestones][::every]


def steps_of_way(env: EnhancedPyBoyPokemonCrystalEnv, moment: Moment, idle_steps: int) -> int:
    """What the rules take from a moment through its segment, after so many idle steps that do not count."""
    taught = TaughtGame(env, 0)
    taught.begin(0, moment.start)
    for _ in range(idle_steps):
        env.advance(int(Button.NONE))
    goal, most = moment.milestones + SEGMENT_MILESTONES, idle_steps + 10 * moment.rules_steps
    while len(env.milestones) < goal and env.episode_steps < most:
        if taught.press(taught.look().wanted.action).terminated:
            break
    return env.episode_steps - idle_steps


def summary(ways: Sequence[Sequence[int]]) -> str:
    """`ways`: of each moment, the steps of each way, the one without idle steps first."""
    mean, best = fmean(fmean(one) for one in ways), fmean(min(one) for one in ways)
    return (
        f"{len(ways)} moments, {len(ways[0])} ways of the rules each: as it is {fmean(one[0] for one in ways):,.0f} "
        f"steps, mean {mean:,.0f}, best {best:,.0f} ({best / mean:.2f} of the mean)"
    )


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0, or 2 after one line that says what is wrong with the ROM."""
    return run_reporting_bad_input(partial(run, parse_arguments(arguments)))


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rom", type=Path, default=ROM)
    parser.add_argument("--games", type=int, default=3, help="whose moments are played from")
    parser.add_argument("--every", type=int, default=3, help="every so many of their moments")
    parser.add_argument("--ways", type=int, default=4)
    parser.add_argument("--max-steps", type=int, default=8000)
    return parser.parse_args(arguments)


def run(arguments: argparse.Namespace) -> None:
    """Plays and prints."""
    final = first_badge(load_game(identify_rom(arguments.rom).game)).id
    env = EnhancedPyBoyPokemonCrystalEnv(
        arguments.rom, observation_type="state", max_steps=arguments.max_steps, final_milestone=final
    )
    try:
        moments = [one for game in range(arguments.games) for one in moments_of(env, game, arguments.every)]
        ways = []
        for moment in moments:
            ways.append([steps_of_way(env, moment, idle) for idle in range(arguments.ways)])
            print(f"{moment.milestones} milestones: {ways[-1]}", flush=True)
    finally:
        env.close()
    print(summary(ways))


if __name__ == "__main__":
    sys.exit(main())

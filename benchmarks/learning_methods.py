"""Which way of learning from everybody's actions? python -m benchmarks.learning_methods [--seeds 5]

Rows are small worlds with a teacher of known quality that plays a share of the steps; columns are methods. A cell is
the success of the policy by itself (1 is perfect), mean over seeds: first averaged over the run (how fast), then at its
end (how well). All methods see the same number of transitions. `docs/decisions` draws the conclusion.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from agents.learning.sb3_policy import LearnerSettings, MaskablePPOLearner
from benchmarks.demonstration_dqn import DemonstrationDqn
from tests.small_worlds import (
    QUICK,
    TEACHER_HALF_LIFE,
    GridWorld,
    IdentityWorld,
    Teacher,
    World,
    play,
    right,
    success,
    wrong,
)

LANES = 8
UPDATES_A_LOOK = 4
LOOKS = 10
Maker = Callable[[World, int], MaskablePPOLearner | DemonstrationDqn]


def any_allowed(world: World) -> NDArray[np.int64]:
    """A teacher that draws evenly among the allowed buttons; deterministic for a world's state."""
    masks = world.view().masks
    random = np.random.default_rng(int(np.flatnonzero(masks).sum()))
    return np.array([random.choice(np.flatnonzero(row)) for row in masks])


def ppo(settings: LearnerSettings) -> Maker:
    """A maker of learners with these settings."""
    return lambda world, seed: MaskablePPOLearner(world.observation_space, LANES, settings, seed)


def dqn(world: World, seed: int) -> DemonstrationDqn:
    """The off-policy rival."""
    (width,) = world.observation_space["features"].shape  # type: ignore[misc]
    return DemonstrationDqn(width, LANES, TEACHER_HALF_LIFE, seed)


METHODS: dict[str, tuple[Maker, float | None]] = {
    "V-trace PPO + teacher": (ppo(QUICK), None),
    "V-trace PPO": (ppo(replace(QUICK, teacher_coefficient=0.0)), None),
    "plain PPO": (ppo(replace(QUICK, teacher_coefficient=0.0)), 0.0),
    "DQN + demonstrations": (dqn, None),
}
"""Name -> (maker, the teacher's share that the learner is told; None is the truth, 0 takes every action for its
own)."""
ROWS: list[tuple[str, Callable[[int, int], World], Teacher | None, float]] = [
    ("press what is shown, no teacher", IdentityWorld, None, 0.0),
    ("press what is shown, right 50 %", IdentityWorld, right, 0.5),
    ("press what is shown, random 50 %", IdentityWorld, any_allowed, 0.5),
    ("press what is shown, wrong 50 %", IdentityWorld, wrong, 0.5),
    ("press what is shown, wrong 80 %", IdentityWorld, wrong, 0.8),
    ("grid 6 x 6, no teacher", GridWorld, None, 0.0),
    ("grid 6 x 6, right 50 %", GridWorld, right, 0.5),
    ("grid 6 x 6, right 90 %", GridWorld, right, 0.9),
    ("grid 6 x 6, random 50 %", GridWorld, any_allowed, 0.5),
    ("grid 6 x 6, wrong 25 %", GridWorld, wrong, 0.25),
]


def curve(
    make_world: Callable[[int, int], World],
    maker: Maker,
    claimed: float | None,
    teacher: Teacher | None,
    share: float,
    seed: int,
) -> list[float]:
    """Success after every look."""
    world = make_world(LANES, seed)
    learner = maker(world, seed)
    successes = []
    for look in range(LOOKS):
        play(world, learner, UPDATES_A_LOOK, teacher, share, seed=1000 * seed + look, claimed_share=claimed)
        successes.append(success(make_world(64, 99), learner))
    return successes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    seeds = parser.parse_args().seeds
    table = Table(
        "world, teacher and its share", *METHODS, title=f"mean success over the run / at its end, {seeds} seeds"
    )
    for name, make_world, teacher, share in track(ROWS, description="worlds"):
        cells = []
        for maker, claimed in METHODS.values():
            curves = np.array([curve(make_world, maker, claimed, teacher, share, seed) for seed in range(seeds)])
            cells.append(f"{curves.mean():.2f} / {curves[:, -1].mean():.2f}")
        table.add_row(name, *cells)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()

"""What learning beside the play brings: python -m benchmarks.overlap [--steps 8192] [--pairs 3]

Trains the default run's first steps, with the rules as the teacher, in turns with a learner that is waited for and with
one that studies beside the play, and prints environment steps per second of wall time, their medians and the ratio of
each pair. Wall time is what is asked here, so leave the machine alone meanwhile.
"""

from __future__ import annotations

import argparse
import statistics
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from agents.learning.overlapped_learner import OverlappedLearner
from agents.learning.sb3_policy import MaskablePPOLearner
from benchmarks.hybrid import Bench, Budget, Cell
from core.vocabulary import AgentMode
from trainer.settings import load_settings

CONFIG = Path(__file__).resolve().parent.parent / "config.json"


def steps_per_second(kind: type[MaskablePPOLearner], steps: int, seed: int) -> float:
    """Of a short training."""
    with ExitStack() as stack:
        bench = Bench(load_settings(CONFIG).changed(llm_model="none"), stack)
        cell = Cell(kind.__name__, seed, bench.settings.max_steps_per_episode)
        learner = kind(bench.env.policy_space, bench.env.lanes, bench.settings.learner, seed)
        bench.train(AgentMode.ADAPTIVE, learner, cell, Budget(steps, None), curve_points=0)
    return cell.training_steps / cell.training_s


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=8192)
    parser.add_argument("--pairs", type=int, default=3)
    arguments = parser.parse_args()
    table = Table("pair", "waits", "beside the play", "ratio", title="environment steps per second")
    pairs: list[tuple[float, float]] = []
    for pair in range(arguments.pairs):
        speeds = [steps_per_second(kind, arguments.steps, pair) for kind in (MaskablePPOLearner, OverlappedLearner)]
        pairs.append((speeds[0], speeds[1]))
        table.add_row(str(pair + 1), f"{speeds[0]:.0f}", f"{speeds[1]:.0f}", f"{speeds[1] / speeds[0]:.2f}")
    waits, beside = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    ratio = statistics.median(pair[1] / pair[0] for pair in pairs)
    table.add_row("median", f"{waits:.0f}", f"{beside:.0f}", f"{ratio:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()

"""What the live page costs a training: processor time of the same run with and without it, in turn.

python -m benchmarks.live_page --episodes 12 --repeats 3
"""

from __future__ import annotations

import argparse
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.utils import generate_test_config

ROOT = Path(__file__).resolve().parent.parent


def cpu_s(folder: Path, episodes: int, port: int | None) -> float:
    """Processor seconds of a whole training and its children, the page's process included."""
    config = generate_test_config(
        folder, total_episodes=episodes, max_steps_per_episode=1000, eval_interval=0, lanes=4, workers=2, live_page=port
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, str(ROOT / "run_training.py"), "--config", str(config), "--no-progress"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Prints both times and their difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    times: dict[str, list[float]] = {"without": [], "with": []}
    for _ in range(asked.repeats):
        for name, found in times.items():
            with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
                probe.close()
                found.append(cpu_s(Path(folder), asked.episodes, port if name == "with" else None))
    without, with_page = (statistics.median(found) for found in times.values())
    print(f"without {without:.1f} s, with {with_page:.1f} s of processor time: {with_page / without - 1:+.1%}")


if __name__ == "__main__":
    main()

"""What the live page costs a training: processor time of the same run without it, with it, and while somebody looks.

python -m benchmarks.live_page --episodes 10 60 --repeats 3

Each run is made in two lengths, in turn with the others: their difference is what goes on in a training of days, and
what is left is paid once, at the start.
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
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx2

from tests.utils import generate_test_config

ROOT: Final = Path(__file__).resolve().parent.parent
STEPS_AN_EPISODE: Final = 1000
LANES: Final = 4
WAYS: Final = ("without", "with", "looked at")
SLOW_S: Final = 5.0
SLOW: Final = ("runs", "curves", "maps", "patterns")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def looking(port: int) -> Iterator[None]:
    """Asks for what an open page asks for, as often as that does."""
    is_over = threading.Event()

    def look() -> None:
        slow_at_s = 0.0
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            while not is_over.wait(1.0):
                try:
                    for lane in client.get("/api/standing").json()["lanes"]:
                        client.get(f"/lane/{lane['lane']}.png")
                    if time.monotonic() >= slow_at_s:
                        slow_at_s = time.monotonic() + SLOW_S
                        for name in SLOW:
                            client.get(f"/api/{name}")
                except httpx2.TransportError:
                    continue  # the page is not there yet, or no more

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def cpu_s(episodes: int, way: str) -> float:
    """Processor seconds of a whole training and its children, the page's process included."""
    port = None if way == "without" else free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = generate_test_config(
            Path(folder),
            total_episodes=episodes,
            max_steps_per_episode=STEPS_AN_EPISODE,
            eval_interval=0,
            lanes=LANES,
            workers=2,
            live_page=port,
        )
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, str(ROOT / "run_training.py"), "--config", str(config), "--no-progress"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        if way == "looked at" and port is not None:
            with looking(port):
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
        else:
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Prints what each way costs for 1,000 steps, and once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, nargs=2, default=[10, 60], metavar=("SHORT", "LONG"))
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    short, long = asked.episodes
    if not 0 < short < long:
        parser.error(f"--episodes {short} {long}: the second number is to be the larger one")
    found: dict[tuple[str, int], list[float]] = {(way, episodes): [] for way in WAYS for episodes in (short, long)}
    for _ in range(asked.repeats):
        for way, episodes in found:
            found[way, episodes].append(cpu_s(episodes, way))
    middle = {cell: statistics.median(times) for cell, times in found.items()}
    thousands = (long - short) * STEPS_AN_EPISODE / 1000
    plain = (middle["without", long] - middle["without", short]) / thousands
    for way in WAYS:
        going_on = (middle[way, long] - middle[way, short]) / thousands
        once = middle[way, short] - going_on * short * STEPS_AN_EPISODE / 1000
        print(
            f"{way:10} {going_on:.3f} s of processor time for 1,000 steps ({going_on / plain - 1:+.1%}), "
            f"{once:.1f} s once"
        )


if __name__ == "__main__":
    main()

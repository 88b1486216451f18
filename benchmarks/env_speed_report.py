"""What `benchmarks.env_speed` has measured: a table for the terminal, and the measured part of docs/env_speed.md."""

from __future__ import annotations

import os
import platform
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from rich.table import Table

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "env_speed.md"
BEGIN: Final = "<!-- measured: python -m benchmarks.env_speed --write -->"
END: Final = "<!-- end of what was measured -->"
LINE_LENGTH: Final = 125
LIBRARIES: Final = ("pyboy", "gymnasium", "stable-baselines3", "numpy")


@dataclass(frozen=True, slots=True)
class Loop:
    """One loop's medians, in microseconds a step of one lane."""

    name: str
    cpu_us: float
    wall_us: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """All loops on one ROM."""

    rom: str
    rounds: int
    steps: int
    lanes: int
    bare: Loop
    env: Loop
    vectors: tuple[Loop, ...]
    """(c) and (d)."""
    overhead_us: float
    """What (b) costs over (a), round by round."""
    reset_ms: float
    save_ms: float

    @property
    def loops(self) -> tuple[Loop, ...]:
        """All of them, in order."""
        return (self.bare, self.env, *self.vectors)

    def remarks(self) -> str:
        """The ratios that matter, in words."""
        ours = min((one for one in self.vectors if one.name.startswith("(c)")), key=lambda one: one.wall_us)
        theirs = min((one for one in self.vectors if one.name.startswith("(d)")), key=lambda one: one.wall_us)
        by_cpu = min(one.cpu_us for one in self.vectors if one.name.startswith("(d)")) / ours.cpu_us
        return (
            f"On {self.rom} (b) keeps {self.bare.cpu_us / self.env.cpu_us:.1%} of (a): it costs {self.overhead_us:.0f} "
            f"microseconds a step more. In wall time (c) plays {self.env.wall_us / ours.wall_us:.2f} times the steps "
            f"of (b) and {theirs.wall_us / ours.wall_us:.2f} times those of the better (d); by CPU time "
            f"{by_cpu:.2f} times. A reset takes "
            f"{self.reset_ms:.1f} ms, a save state {self.save_ms:.1f} ms."
        )


def as_table(measured: Measurement) -> Table:
    """For the terminal."""
    title = f"{measured.rom}: microseconds a step, medians of {measured.rounds} rounds, {measured.lanes} lanes"
    table = Table(title=title)
    for heading in ("loop", "CPU us", "share of (a)", "wall us", "steps/s"):
        table.add_column(heading, justify="left" if heading == "loop" else "right")
    for loop in measured.loops:
        table.add_row(loop.name, *_numbers(loop, measured.bare))
    return table


def _numbers(loop: Loop, bare: Loop) -> tuple[str, ...]:
    return (
        f"{loop.cpu_us:.0f}",
        f"{bare.cpu_us / loop.cpu_us:.0%}",
        f"{loop.wall_us:.0f}",
        f"{1e6 / loop.wall_us:,.0f}",
    )


def as_markdown(measurements: Sequence[Measurement]) -> str:
    """For the document: machine and versions, then a table and its ratios for each ROM."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)
    busy = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    parts = [
        textwrap.fill(
            f"Measured on {processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, Python "
            f"{platform.python_version()}, {versions}. Load of the machine at the end (1, 5, 15 minutes): {busy}.",
            LINE_LENGTH,
            break_on_hyphens=False,
        )
    ]
    for measured in measurements:
        rows = [
            f"**{measured.rom}**, medians of {measured.rounds} rounds of {measured.steps} actions, {measured.lanes} "
            "lanes:",
            "",
            "| loop | CPU µs | share of (a) | wall µs | steps/s |",
            "|---|---|---|---|---|",
            *(f"| {loop.name} | {' | '.join(_numbers(loop, measured.bare))} |" for loop in measured.loops),
            "",
            textwrap.fill(measured.remarks(), LINE_LENGTH, break_on_hyphens=False),
        ]
        parts.append("\n".join(rows))
    return "\n\n".join(parts)


def processor() -> str:
    """The processor's name where Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return platform.machine()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def write_into_docs(measurements: Sequence[Measurement], document: Path = DOCUMENT) -> None:
    """Put the measurements into the document, in the place of the last ones."""
    before, rest = document.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    document.write_text(f"{before}{BEGIN}\n{as_markdown(measurements)}\n{END}{after}", encoding="utf-8")

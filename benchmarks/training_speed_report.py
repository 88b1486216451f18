"""What `benchmarks.training_speed` has measured: a table for the terminal, and a part of docs/training_speed.md."""

from __future__ import annotations

import os
import platform
import textwrap
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from rich.table import Table

from benchmarks.env_speed_report import processor

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "training_speed.md"
BEGIN: Final = "<!-- measured: python -m benchmarks.training_speed --write -->"
END: Final = "<!-- end of what was measured -->"
LINE_LENGTH: Final = 120
LIBRARIES: Final = ("pyboy", "torch", "stable-baselines3", "numpy")
HEADINGS: Final = ("contender", "CPU µs", "share of (a)", "wall µs", "steps/s", "share of (a)")


@dataclass(frozen=True, slots=True)
class Line:
    """One contender's medians. Times are microseconds a step, of all lanes and processes together."""

    name: str
    wall_us: float
    cpu_us: float
    wall_share: float
    """Of the bare loops' speed in the same round, by wall time."""
    cpu_share: float
    """The same by CPU time: what would be left on a machine with nothing else to do and no core that waits."""


@dataclass(frozen=True, slots=True)
class Bar:
    """The share of another contender's speed that one is to keep, by wall time."""

    what: str
    of: str
    least: float


@dataclass(frozen=True, slots=True)
class Reached:
    """What a bar came to."""

    bar: Bar
    wall_share: float
    cpu_share: float

    def __str__(self) -> str:
        bar = self.bar
        verdict = "reached" if self.wall_share >= bar.least else "missed"
        return (
            f"{bar.what} of {bar.of}: {self.wall_share:.1%} in wall time ({self.cpu_share:.1%} in CPU time), the bar "
            f"is {bar.least:.0%}: {verdict}"
        )


@dataclass(frozen=True, slots=True)
class Measurement:
    """All contenders."""

    rounds: int
    steps: int
    lanes: int
    cores: int
    lines: tuple[Line, ...]
    """(a) first."""
    bars: tuple[Reached, ...] = ()

    def remarks(self) -> str:
        """The best training of each kind, in words."""
        trainings = [one for one in self.lines if one.name.startswith("(c)")]
        best = max(trainings, key=lambda one: one.wall_share)
        cheapest = max(trainings, key=lambda one: one.cpu_share)
        return (
            f"Of the speed of {self.lines[0].name.removeprefix('(a) ')}, {_contender(best)} keeps most in wall time, "
            f"{best.wall_share:.0%}, and {_contender(cheapest)} most in CPU time, {cheapest.cpu_share:.0%}."
        )


def _contender(line: Line) -> str:
    return f"training with {line.name.removeprefix('(c) ')}"


def _numbers(line: Line) -> tuple[str, ...]:
    return (
        f"{line.cpu_us:.0f}",
        f"{line.cpu_share:.0%}",
        f"{line.wall_us:.0f}",
        f"{1e6 / line.wall_us:,.0f}",
        f"{line.wall_share:.0%}",
    )


def as_table(measured: Measurement) -> Table:
    """For the terminal."""
    table = Table(title=f"a step of one lane, medians of {measured.rounds} rounds of {measured.steps} steps")
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == "contender" else "right")
    for line in measured.lines:
        table.add_row(line.name, *_numbers(line))
    return table


def as_markdown(measured: Measurement) -> str:
    """For the document: machine and versions, then the table and its ratios."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)
    busy = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    machine = (
        f"Measured on {processor()}, {measured.cores} cores, {platform.system()} {platform.release()}, Python "
        f"{platform.python_version()}, {versions}. Load of the machine at the end (1, 5, 15 minutes): {busy}. Medians "
        f"of {measured.rounds} rounds of {measured.steps} steps, {measured.lanes} lanes."
    )
    rows = [
        textwrap.fill(machine, LINE_LENGTH, break_on_hyphens=False),
        "",
        f"| {' | '.join(HEADINGS)} |",
        f"|{'---|' * len(HEADINGS)}",
        *(f"| {line.name} | {' | '.join(_numbers(line))} |" for line in measured.lines),
        "",
        textwrap.fill(measured.remarks(), LINE_LENGTH, break_on_hyphens=False),
        *(("", *(f"- {reached}" for reached in measured.bars)) if measured.bars else ()),
    ]
    return "\n".join(rows)


def write_into_docs(measured: Measurement, document: Path = DOCUMENT) -> None:
    """Put the measurement into the document, in the place of the last one."""
    before, rest = document.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    document.write_text(f"{before}{BEGIN}\n{as_markdown(measured)}\n{END}{after}", encoding="utf-8")

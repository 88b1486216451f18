"""How a run shows itself: a live panel on a terminal, plain log lines everywhere else.

Drawn from the training loop itself: a drawing thread beside an emulator would take the interpreter lock from it.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

log = logging.getLogger(__name__)

LIVE_INTERVAL_S = 0.25
LOG_INTERVAL_S = 10.0


@dataclass(frozen=True, slots=True)
class ProgressView:
    """What is shown of a run at one moment."""

    activity: str
    """What goes on: training (with what is learned from), or an evaluation with its own count."""
    episodes: int
    total_episodes: int
    share_done: float
    """Of the episodes, 0 to 1; games under way count by their steps."""
    steps: int
    """Environment steps of training so far, those of running episodes included."""
    steps_per_s: float
    mean_reward: float | None
    """Over the last finished episodes."""
    best_reward: float | None
    milestones: Mapping[str, int]
    """In how many episodes each was reached."""
    source_shares: Mapping[str, float]
    """0 to 1 each."""
    stage: int
    """From 1, as people count."""
    stages: int
    teacher_share: float
    strategy: str
    updates: int
    eta_s: float | None
    """Until the end of the run, its evaluations included; None before anything is known."""
    believed_shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By deed, "choose" and "press": of its segments, the share that each player would get frozen, situation by
    situation (`core/agent/standings.py`). Empty where nobody was judged yet."""


class ProgressDisplay(Protocol):
    """Something that a `ProgressView` can be shown on."""

    interval_s: float
    """Least time between two `show`s."""

    def __enter__(self) -> ProgressDisplay: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def show(self, view: ProgressView) -> None: ...


class NoProgress:
    """Shows nothing."""

    interval_s = float("inf")

    def __enter__(self) -> NoProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def show(self, view: ProgressView) -> None:
        """Does nothing."""


class LogProgress(NoProgress):
    """One log line every `LOG_INTERVAL_S`."""

    interval_s = LOG_INTERVAL_S

    def show(self, view: ProgressView) -> None:
        """Writes the line."""
        log.info(progress_line(view))


class LiveProgress:
    """A panel that is redrawn in place; log lines printed to the same console scroll by above it."""

    interval_s = LIVE_INTERVAL_S

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, transient=False)

    def __enter__(self) -> LiveProgress:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, view: ProgressView) -> None:
        """Redraws the panel."""
        self._live.update(progress_panel(view), refresh=True)


class SpeedMeter:
    """Steps per second over about the last ten seconds."""

    WINDOW_S = 10.0

    def __init__(self) -> None:
        self._steps = 0
        self._marks: deque[tuple[float, int]] = deque([(time.perf_counter(), 0)])

    def add(self, steps: int) -> None:
        """So many more steps were made."""
        self._steps += steps

    def steps_per_s(self) -> float:
        """The speed now; ask a few times a second at most, every question is remembered for the window."""
        now = time.perf_counter()
        self._marks.append((now, self._steps))
        while len(self._marks) > 2 and now - self._marks[1][0] > self.WINDOW_S:
            self._marks.popleft()
        then, steps_then = self._marks[0]
        return (self._steps - steps_then) / max(now - then, 1e-9)


def progress_line(view: ProgressView) -> str:
    """The view as one line of text."""
    parts = [
        f"{view.activity}: episode {view.episodes}/{view.total_episodes}",
        f"{view.steps:,} steps",
        f"{view.steps_per_s:,.0f} steps/s",
        f"reward {_number(view.mean_reward)} (best {_number(view.best_reward)})",
        f"milestones {len(view.milestones)}",
        " ".join(f"{name} {share:.0%}" for name, share in view.source_shares.items()),
        f"stage {view.stage}/{view.stages}",
        view.strategy,
        f"{view.updates} updates",
        f"left {duration(view.eta_s)}",
    ]
    return ", ".join(part for part in parts if part)


def progress_panel(view: ProgressView) -> Panel:
    """The view as a panel of nine lines: what does not fit into a line is cut, so that the panel keeps its height."""
    head = Table.grid(expand=True, padding=(0, 1))
    head.add_column(no_wrap=True)
    head.add_column(ratio=1)
    head.add_column(justify="right", no_wrap=True)
    head.add_row(
        f"[bold]{view.episodes}[/] of {view.total_episodes} episodes",
        ProgressBar(total=1.0, completed=view.share_done),
        f"left {duration(view.eta_s)}",
    )
    body = Table.grid(expand=True, padding=(0, 2))
    for label, ratio in ((12, 5), (13, 3)):
        body.add_column(width=label, no_wrap=True)
        body.add_column(ratio=ratio, no_wrap=True, overflow="ellipsis")
    body.add_row("[dim]steps[/]", f"{view.steps:,}", "[dim]steps/s[/]", f"{view.steps_per_s:,.0f}")
    body.add_row("[dim]mean reward[/]", _number(view.mean_reward), "[dim]best reward[/]", _number(view.best_reward))
    body.add_row(
        "[dim]curriculum[/]",
        f"stage {view.stage} of {view.stages}, teacher {view.teacher_share:.0%}",
        "[dim]strategy[/]",
        view.strategy,
    )
    shares = "  ".join(f"{name} {share:.0%}" for name, share in view.source_shares.items())
    body.add_row("[dim]decided by[/]", shares, "[dim]policy updates[/]", str(view.updates))
    farthest = sorted(view.milestones.items(), key=lambda item: item[1])[:4]
    milestones = ", ".join(f"{name} ({count})" for name, count in farthest) or "none yet"
    foot = Text.assemble(("rarest milestones  ", "dim"), milestones, no_wrap=True, overflow="ellipsis")
    title = Text(f"crystal-hybrid: {view.activity}", no_wrap=True, overflow="ellipsis")
    return Panel(Group(head, "", body, foot), title=title, title_align="left")


def duration(seconds: float | None) -> str:
    """75 -> "1:15", 3700 -> "1:01:40", None -> "?"."""
    if seconds is None:
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.2f}"

"""What is seen of a lane by who plays its emulator: a screen each second, and every cell that was walked on."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.game.state import GameState
from core.whole_files import written_aside
from trainer.lane_views.lane_slots import SlotWriter

PICTURE_INTERVAL_S: Final = 1.0
CELLS_INTERVAL_S: Final = 10.0
CELLS_SUFFIX: Final = ".cells.npy"


class LaneView:
    """An observer of one lane's env (`core.env.observer.EnvObserver`)."""

    def __init__(self, folder: Path, lane: int, *, counts_cells: bool = True) -> None:
        """Without `counts_cells` it shows the screen only, as in an evaluation, whose ways are not the training's."""
        self._slot = SlotWriter(folder, lane)
        self._counts_cells = counts_cells
        self._file = folder / f"lane_{lane:04d}{CELLS_SUFFIX}"
        self._cells: Counter[tuple[int, int, int, int]] = Counter()
        self._reward = 0.0
        self._picture_at_s = 0.0
        self._cells_at_s = time.monotonic() + CELLS_INTERVAL_S
        self._is_due = False

    def wants_picture(self) -> bool:
        """Once in `PICTURE_INTERVAL_S`."""
        now = time.monotonic()
        if now < self._picture_at_s:
            return False
        self._picture_at_s = now + PICTURE_INTERVAL_S
        self._is_due = True
        return True

    def after_step(
        self, state: GameState, reward: float, steps: int, milestones: int, picture: Callable[[], NDArray[np.uint8]]
    ) -> None:
        """Counts the cell; writes what is due."""
        (group, number), x, y = state.position
        if self._counts_cells:
            self._cells[group, number, x, y] += 1
        self._reward = reward if steps == 1 else self._reward + reward
        if not self._is_due:
            return
        self._is_due = False
        self._slot.show(picture(), steps, self._reward, (group, number), (x, y), milestones)
        if self._cells and time.monotonic() >= self._cells_at_s and self._file.parent.is_dir():
            self._cells_at_s = time.monotonic() + CELLS_INTERVAL_S
            write_cells(self._file, self._cells)
            self._cells.clear()


def write_cells(file: Path, cells: Counter[tuple[int, int, int, int]]) -> None:
    """Adds counts by (map group, map number, x, y) to those of a file."""
    total = Counter(cells)
    for *cell, count in read_cells(file).tolist():
        total[tuple(cell)] += count  # type: ignore[index]
    rows = np.array([(*cell, count) for cell, count in total.items()], dtype=np.int64).reshape(-1, 5)
    with written_aside(file) as aside, aside.open("wb") as opened:
        np.save(opened, rows, allow_pickle=False)


def read_cells(file: Path) -> NDArray[np.int64]:
    """Rows of map group, map number, x, y, count; none where there is no such file."""
    try:
        rows = np.load(file, allow_pickle=False)
    except (OSError, ValueError):
        rows = np.zeros((0, 5), dtype=np.int64)
    return rows if rows.ndim == 2 and rows.shape[1] == 5 else np.zeros((0, 5), dtype=np.int64)


def all_cells(folder: Path) -> Counter[tuple[int, int, int, int]]:
    """The counts of all lanes together."""
    total: Counter[tuple[int, int, int, int]] = Counter()
    for file in sorted(folder.glob(f"*{CELLS_SUFFIX}")):
        for group, number, x, y, count in read_cells(file).tolist():
            total[group, number, x, y] += count
    return total
